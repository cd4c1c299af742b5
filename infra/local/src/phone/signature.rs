//! `X-Twilio-Signature`: an HMAC-SHA1 with the account's auth token over the exact URL, followed by the
//! name and value of each form parameter, sorted by name, then value, without duplicates.

use std::collections::BTreeSet;

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Form parameters, in the body's order.
pub(crate) type Form = Vec<(String, String)>;

/// The signature of a form posted to `url`.
pub(crate) fn sign(token: &str, url: &str, form: &Form) -> Result<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes())?;
    mac.update(url.as_bytes());
    // A set of pairs is sorted and free of duplicates in exactly the way that the scheme requires.
    for (name, value) in form.iter().collect::<BTreeSet<_>>() {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn documented(digits: &str) -> Form {
        form(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", digits),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ])
    }

    #[test]
    fn signatures_match_the_providers_test_vectors() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
        let repeated = form(&[("B", "x"), ("a", "2"), ("a", "1"), ("a", "1")]);
        for (url, form, signature) in [
            (url, documented("1234"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            (url, documented("#"), "vKtaWS1ru8nIcJvzPw10XzE/zSo="),
            (with_port, documented("1234"), "kvajT1Ptam85bY51eRf/AJRuM3w="),
            ("https://h/x", repeated, "VcH5Rq54iu5kNSZXb4itpvT6Di4="),
        ] {
            assert_eq!(sign("12345", url, &form).unwrap(), signature, "{url} {form:?}");
        }
    }
}
