//! `X-Twilio-Signature`: HMAC-SHA1 over the full URL and, for a form, each of its parameters.
//!
//! The signature has no timestamp, so it cannot stop a replay: the token in the signed URL and the
//! call's monotonic states do that. The check cannot be turned off.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The provider's auth tokens: the current one and, during a rotation, the previous one.
#[derive(Clone, Deserialize)]
pub struct SigningTokens {
    #[serde(default)] // a missing token counts as empty, and is refused
    current: String,
    previous: Option<String>,
}

impl SigningTokens {
    #[must_use]
    pub const fn new(current: String, previous: Option<String>) -> Self {
        Self { current, previous }
    }

    /// Whether a token is empty, which would let anybody sign.
    pub(super) fn is_void(&self) -> bool {
        self.current.is_empty() || self.previous.as_ref().is_some_and(String::is_empty)
    }

    /// Whether `signature` is the provider's over `url` and `form`. Stopping at the first match leaks nothing:
    /// a sender with a valid signature learns nothing from the timing, and an invalid one is compared with all.
    #[must_use]
    pub fn verify(&self, url: &str, form: &[(String, String)], signature: &str) -> bool {
        let parameters = sorted(form);
        let urls = spellings(url);
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten().any(|token| {
            urls.iter().flatten().any(|url| mac(token, url, &parameters).as_bytes().ct_eq(signature.as_bytes()).into())
        })
    }
}

impl fmt::Debug for SigningTokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SigningTokens(…)")
    }
}

/// The signature of `url` and `form` under `token`: keys sorted, each key's values sorted and
/// deduplicated, all joined without separators.
#[must_use]
pub fn sign(token: &str, url: &str, form: &[(String, String)]) -> String {
    mac(token, url, &sorted(form))
}

fn sorted(form: &[(String, String)]) -> Vec<(&str, &str)> {
    let mut parameters: Vec<_> = form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    parameters.sort_unstable();
    parameters.dedup();
    parameters
}

fn mac(token: &str, url: &str, parameters: &[(&str, &str)]) -> String {
    // HMAC accepts a key of any length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else { return String::new() };
    mac.update(url.as_bytes());
    for (key, value) in parameters {
        mac.update(key.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether the JSON body has the hash given in the signed query.
pub(super) fn body_matches(query: &str, body: &[u8]) -> bool {
    let digest = Sha256::digest(body);
    let hex = digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
        hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        hex
    });
    let claimed = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "bodySHA256");
    claimed.is_some_and(|(_, claimed)| claimed.as_bytes().ct_eq(hex.as_bytes()).into())
}

/// The provider signs some URLs with the default port and some without, however they were configured.
fn spellings(url: &str) -> [Option<String>; 2] {
    let Some(rest) = url.strip_prefix("https://") else { return [Some(url.to_owned()), None] };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = host.strip_suffix(":443").unwrap_or(host);
    let with_port = (!host.contains(':')).then(|| format!("https://{host}:443{path}"));
    [Some(format!("https://{host}{path}")), with_port]
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn call(digits: &str) -> Vec<(String, String)> {
        form(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", digits),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ])
    }

    fn tokens(current: &str, previous: Option<&str>) -> SigningTokens {
        SigningTokens::new(current.to_owned(), previous.map(str::to_owned))
    }

    #[test]
    fn signatures_are_those_of_the_provider() {
        assert_eq!(sign("12345", URL, &call("1234")), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert_eq!(sign("12345", URL, &call("#")), "vKtaWS1ru8nIcJvzPw10XzE/zSo=");
        let repeated = form(&[("B", "x"), ("a", "2"), ("a", "1"), ("a", "1")]);
        assert_eq!(sign("12345", "https://h/x", &repeated), "VcH5Rq54iu5kNSZXb4itpvT6Di4=");
    }

    #[test]
    fn a_url_may_have_been_signed_with_its_port() {
        assert!(tokens("12345", None).verify(URL, &call("1234"), "kvajT1Ptam85bY51eRf/AJRuM3w="));
        for url in ["https://h/x?a=1", "https://h:443/x?a=1"] {
            assert_eq!(spellings(url).map(Option::unwrap), ["https://h/x?a=1", "https://h:443/x?a=1"]);
        }
        for url in ["https://h:4430/x", "https://h:8443", "http://127.0.0.1:443/x"] {
            assert_eq!(spellings(url), [Some(url.to_owned()), None]);
        }
    }

    #[test]
    fn a_rotation_takes_both_tokens_and_no_other() {
        let signature = sign("old", URL, &call("#"));
        assert!(tokens("new", Some("old")).verify(URL, &call("#"), &signature));
        assert!(!tokens("new", None).verify(URL, &call("#"), &signature));
    }

    #[test]
    fn any_change_invalidates_the_signature() {
        let signature = sign("12345", URL, &call("1"));
        let judge = tokens("12345", None);
        assert!(judge.verify(URL, &call("1"), &signature));
        assert!(!judge.verify(URL, &call("#"), &signature));
        assert!(!judge.verify("https://mycompany.com/myapp.php?foo=1&bar=3", &call("1"), &signature));
        for wrong in ["", "=", &signature[1..], &format!("{signature} ")] {
            assert!(!judge.verify(URL, &call("1"), wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_json_body_is_bound_by_the_hash_in_the_signed_query() {
        let query = "bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert!(body_matches(query, b"{}"));
        assert!(!body_matches(query, b"{ }"));
        assert!(!body_matches("", b"{}"));
    }
}
