//! A login through Entra, as the first-factor token carries it from the request to the answer. There is no session on the
//! server: what the answer needs is in the token, which nobody else can sign.

use platform::browser::Browser;
use platform::door::Login;
use platform::encoding::base64url;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::asked::{Acr, Amr, Asked};
use crate::entra::Registration;
use crate::hint::Person;

/// The claims of the first-factor token beside issuer, audience and end. It identifies somebody, so it can't be printed.
///
/// There is no `amr`: the hint says that Entra is satisfied with the first factor, and not which it was.
#[derive(Serialize, Deserialize)]
pub struct EntraLogin {
    #[serde(flatten)]
    pub login: Login,
    pub client_id: String,
    pub redirect_uri: String,
    pub nonce: String,
    /// The hint's `sub`.
    pub hint_sub: String,
    pub acr_asked: Acr,
    pub amr_asked: Vec<Amr>,
    /// A digest: the state itself comes back beside the token.
    pub state_digest: String,
    /// Whose cookie the API wants to see with the token.
    #[serde(rename = "mfa_browser")]
    pub browser: String,
    #[serde(rename = "mfa_enrolment")]
    pub enrolment: Enrolment,
}

/// Entra never sees that a number was enrolled just now, so whoever has the password must not enrol a phone of his own.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enrolment {
    Closed,
}

/// What one request says, once all of it is verified.
pub struct Verified<'a> {
    pub nonce: &'a str,
    pub state: &'a str,
    pub hint: &'a str,
    pub asked: Asked,
    pub person: Person,
}

impl EntraLogin {
    #[must_use]
    pub fn new(verified: Verified<'_>, registration: &Registration, browser: &Browser) -> Self {
        let Verified { nonce, state, hint, asked, person } = verified;
        let (client_id, redirect_uri) = (registration.client.clone(), registration.cloud.redirect_uri());
        let browser = browser.digest();
        Self {
            login: Login {
                sub: person.account(),
                jti: id([&client_id, &redirect_uri, nonce, state, hint, &browser]),
                auth_time: person.since.as_unix(),
                amr: Vec::new(),
                phone_number: None,
                phone_number_verified: None,
            },
            client_id,
            redirect_uri,
            nonce: nonce.to_owned(),
            hint_sub: person.sub,
            acr_asked: asked.acr,
            amr_asked: asked.amr,
            state_digest: digest(state),
            browser,
            enrolment: Enrolment::Closed,
        }
    }

    /// Whether `state` is the one that this login came with.
    #[must_use]
    pub fn has_state(&self, state: &str) -> bool {
        digest(state).as_bytes().ct_eq(self.state_digest.as_bytes()).into()
    }
}

fn digest(text: &str) -> String {
    base64url(&Sha256::digest(text))
}

/// The login's id: the same request from the same browser has the same one, and any other has another. Each part comes
/// after its length, so that none can take over the end of another.
fn id(parts: [&str; 6]) -> String {
    let mut digest = Sha256::new_with_prefix(b"login through Entra");
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    base64url(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_makes_another_login_and_none_can_take_over_the_end_of_another() {
        let parts = ["client", "uri", "nonce", "state", "hint", "browser"];
        let mut ids = vec![id(parts)];
        for part in 0..parts.len() {
            let mut changed = parts;
            changed[part] = "x";
            ids.push(id(changed));
        }
        ids.push(id(["client", "uri", "noncest", "ate", "hint", "browser"]));
        ids.push(id(["client", "uri", "", "noncestate", "hint", "browser"]));
        for (index, one) in ids.iter().enumerate() {
            assert_eq!(one.len(), 43);
            assert!(!ids[..index].contains(one), "{index}");
        }
        assert_eq!(id(parts), ids[0]);
    }
}
