//! The browser that a login is bound to. A door gives it a cookie with 128 random bits, and the login's first-factor
//! token carries the cookie's digest in the claim [`CLAIM`]: whoever has the token but not the cookie can do nothing
//! with it.

use std::fmt;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use rand::{CryptoRng, RngExt as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::encoding::{base64url, from_base64url};

/// The claim with the digest.
pub const CLAIM: &str = "mfa_browser";

/// The prefix keeps other hosts of the same domain from setting it, and pages on plain http.
pub const NAME: &str = "__Host-mfa-browser";

/// The cookie's value.
#[derive(Clone)]
pub struct Browser([u8; 16]);

impl Browser {
    pub fn draw(random: &mut impl CryptoRng) -> Self {
        Self(random.random())
    }

    /// The browser that sent the request: `None` without the cookie, with several, or with one that we can't have set.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(COOKIE).iter().flat_map(|header| {
            let pairs = header.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            pairs.filter_map(|pair| pair.strip_prefix(NAME.as_bytes())?.strip_prefix(b"="))
        });
        let only = values.next().filter(|_| values.next().is_none())?;
        from_base64url(str::from_utf8(only).ok()?).map(Self)
    }

    /// What a token may carry: 43 characters of base64url.
    #[must_use]
    pub fn digest(&self) -> String {
        base64url(&Sha256::digest(self.value()))
    }

    /// Whether `digest` is of this browser, in a time that doesn't depend on where it differs.
    #[must_use]
    pub fn is(&self, digest: &str) -> bool {
        self.digest().as_bytes().ct_eq(digest.as_bytes()).into()
    }

    /// The cookie as `Set-Cookie` has it. Another site's page posts the form that it has to come along with, so
    /// `SameSite` has to be `None`. It ends with the browser's session.
    pub fn cookie(&self) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
        let mut cookie: HeaderValue =
            format!("{NAME}={}; Path=/; Secure; HttpOnly; SameSite=None", self.value()).try_into()?;
        cookie.set_sensitive(true);
        Ok(cookie)
    }

    fn value(&self) -> String {
        base64url(&self.0)
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Browser(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "AAECAwQFBgcICQoLDA0ODw";

    fn of(cookies: &[&str]) -> Option<String> {
        let cookies = cookies.iter().map(|text| (COOKIE, HeaderValue::try_from(*text).expect("a header")));
        let mut headers = HeaderMap::new();
        cookies.for_each(|(name, value)| _ = headers.append(name, value));
        Browser::of(&headers).map(|browser| browser.value())
    }

    #[test]
    fn a_cookie_that_we_set_is_read_back_among_others() {
        let browser = Browser::draw(&mut crate::clock::random());
        let set = browser.cookie().expect("a header");
        let set = set.to_str().expect("text");
        let (pair, attributes) = set.split_once("; ").expect("attributes");
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=None");
        for cookies in [&[pair][..], &[&format!("a=1; {pair};b=2")], &[" a=1", &format!(" {pair} ")]] {
            assert_eq!(of(cookies), Some(browser.value()), "{cookies:?}");
        }
    }

    #[test]
    fn a_cookie_that_we_cannot_have_set_is_none() {
        let named = |value: &str| format!("{NAME}={value}");
        for cookie in [
            named(""),
            named(&VALUE[1..]),
            named(&format!("{VALUE}A")),
            named(&format!("{VALUE}==")),
            named(&format!("\"{VALUE}\"")),
            named("AAECAwQFBgcICQoLDA0OD/"),
            named("AAECAwQFBgcICQoLDA0ODx"), // a bit too many
            format!("{}={VALUE}", NAME.to_lowercase()),
            format!("x{NAME}={VALUE}"),
            format!("{NAME}x={VALUE}"),
            format!("{NAME} ={VALUE}"),
            VALUE.to_owned(),
        ] {
            assert_eq!(of(&[&cookie]), None, "{cookie}");
        }
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_cookie_that_is_there_twice_is_none_even_if_both_are_the_same() {
        let pair = format!("{NAME}={VALUE}");
        let other = format!("{NAME}=x");
        for cookies in
            [&[&*format!("{pair}; {pair}")][..], &[&pair, &pair], &[&format!("{pair}; {other}")], &[&other, &pair]]
        {
            assert_eq!(of(cookies), None, "{cookies:?}");
        }
    }

    #[test]
    fn a_browser_is_known_by_its_digest_and_printed_by_nothing() {
        let [one, other] = [Browser([0; 16]), Browser([1; 16])];
        assert_eq!(one.digest(), "ilvbTMFRZBJsbvJmjendJA0pnOY5ekLJWpQRuT0IDtg");
        assert!(one.is(&one.digest()) && !one.is(&other.digest()) && !one.is("") && !one.is(&one.digest()[1..]));
        assert_eq!(format!("{one:?}"), "Browser(…)");
    }
}
