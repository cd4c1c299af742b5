//! What every door reads from its environment. Passwords, phones and answers have tokens of their own, which must never be
//! taken for each other: their issuers, audiences and keys all differ, or the function doesn't start.

use crate::door::answer_issuer;
use crate::settings::{Environment, table};

#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// The API's public address.
    pub base_url: String,
    pub logins: Minted,
    pub results: Results,
    /// Every audience of first-factor tokens. The first one is minted.
    pub first_factor_audiences: Vec<String>,
}

/// The first-factor tokens.
#[derive(Clone, Debug)]
pub struct Minted {
    pub key: String,
    pub issuer: String,
    pub audience: String,
}

/// The result tokens, whose issuer is the API's address.
#[derive(Clone, Debug)]
pub struct Results {
    pub key: String,
    /// The second key while keys are rotated.
    pub second_key: Option<String>,
    pub audience: String,
}

impl DoorSettings {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let base_url = env.parse(&table::PUBLIC_BASE_URL, public);
        let audiences = env.get(&table::FIRST_FACTOR_AUDIENCE);
        let results = Results::read(env, audiences.as_deref().unwrap_or_default());
        let logins = Minted::read(env, base_url.as_deref(), audiences.as_deref());
        // Minted tokens have no other claim that names the login.
        let session = env.parse(&table::SESSION_CLAIM, |claim| match claim.as_str() {
            "jti" => Ok(()),
            _ => Err("must be jti, which names logins through Entra and Cognito".to_owned()),
        });
        session?;
        Some(Self { base_url: base_url?, logins: logins?, results: results?, first_factor_audiences: audiences? })
    }

    /// Whether first-factor tokens or results are for `audience`.
    #[must_use]
    pub fn has_audience(&self, audience: &str) -> bool {
        self.results.audience == audience || self.first_factor_audiences.iter().any(|taken| taken == audience)
    }

    /// Whether `key` signs first-factor tokens or results.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        let second = self.results.second_key.as_deref();
        [Some(self.logins.key.as_str()), Some(self.results.key.as_str()), second].contains(&Some(key))
    }
}

/// The address must be the one that browsers use, not what a first deployment has before there is one.
fn public(base_url: String) -> Result<String, String> {
    if base_url == "https://unset.invalid" { Err("is not set".to_owned()) } else { Ok(base_url) }
}

impl Minted {
    fn read(env: &mut Environment, base_url: Option<&str>, audiences: Option<&[String]>) -> Option<Self> {
        let key = env.get(&table::FIRST_FACTOR_KEY_ARN);
        let issuer = env.parse(&table::FIRST_FACTOR_ISSUER, |issuer| match base_url {
            Some(base_url) if issuer == base_url || issuer == answer_issuer(base_url) => {
                Err("must differ from PUBLIC_BASE_URL and from the issuer of answers to Entra".to_owned())
            }
            _ => Ok(issuer),
        });
        Some(Self { key: key?, issuer: issuer?, audience: audiences?.first()?.clone() })
    }
}

impl Results {
    fn read(env: &mut Environment, first_factor: &[String]) -> Option<Self> {
        let minted_with = env.peek(&table::FIRST_FACTOR_KEY_ARN);
        let key = env.parse(&table::SIGNING_KEY_ARN, |key| {
            if Some(&key) == minted_with.as_ref() {
                Err("must not be FIRST_FACTOR_KEY_ARN".to_owned())
            } else {
                Ok(key)
            }
        });
        let second_key = env.parse(&table::PREVIOUS_SIGNING_KEY_ARN, |key| {
            let shared = key.is_some() && key == minted_with;
            if shared { Err("must not be FIRST_FACTOR_KEY_ARN".to_owned()) } else { Ok(key) }
        });
        let audience = env.parse(&table::RESULT_AUDIENCE, |audience| {
            // Then a first-factor token would say that it is for whoever takes results.
            let shared = first_factor.contains(&audience);
            if shared { Err("must not be one of FIRST_FACTOR_AUDIENCE".to_owned()) } else { Ok(audience) }
        });
        Some(Self { key: key?, second_key: second_key?, audience: audience? })
    }
}
