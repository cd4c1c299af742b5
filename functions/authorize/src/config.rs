//! What the function reads from its environment. The three kinds of token must never be taken for each other, so their
//! issuers, audiences and keys all differ, or the function doesn't start.

use platform::door::answer_issuer;
use platform::settings::{Environment, table};

use crate::entra::{Cloud, Guid, Registration};

#[derive(Clone, Debug)]
pub struct Config {
    /// The API's public address.
    pub base_url: String,
    pub brand: String,
    pub registration: Registration,
    pub logins: Minted,
    pub results: Results,
    /// The key that signs the answers to Entra.
    pub answer_key: String,
    pub edge_secret: Option<String>,
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

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let base_url = env.parse(&table::PUBLIC_BASE_URL, public);
        let brand = env.get(&table::BRAND);
        let audiences = env.get(&table::FIRST_FACTOR_AUDIENCE);
        let results = Results::read(env, audiences.as_deref().unwrap_or_default());
        let of_results = results.as_ref().map(|results| results.audience.clone());
        let taken: Vec<_> = audiences.iter().flatten().cloned().chain(of_results).collect();
        let registration = registration(env, &taken);
        let logins = Minted::read(env, base_url.as_deref(), audiences.as_deref());
        let of_results = results.iter().flat_map(|results| [Some(&results.key), results.second_key.as_ref()]);
        let others: Vec<_> = of_results.chain([logins.as_ref().map(|logins| &logins.key)]).flatten().collect();
        let answer_key = env.parse(&table::ANSWER_KEY_ARN, |key| match key {
            None => Err("is not set".to_owned()),
            Some(key) if others.contains(&&key) => Err("must be a key of its own".to_owned()),
            Some(key) => Ok(key),
        });
        // Minted tokens have no other claim that names the login.
        let session = env.parse(&table::SESSION_CLAIM, |claim| match claim.as_str() {
            "jti" => Ok(()),
            _ => Err("must be jti, the claim that names a login through Entra".to_owned()),
        });
        let edge_secret = env.get(&table::EDGE_SECRET_ARN);
        session?;
        Some(Self {
            base_url: base_url?,
            brand: brand?,
            registration: registration?,
            logins: logins?,
            results: results?,
            answer_key: answer_key?,
            edge_secret: edge_secret?,
        })
    }
}

/// The address must be the one that browsers use, not what a first deployment has before there is one.
fn public(base_url: String) -> Result<String, String> {
    if base_url == "https://unset.invalid" { Err("is not set".to_owned()) } else { Ok(base_url) }
}

fn registration(env: &mut Environment, audiences: &[String]) -> Option<Registration> {
    let cloud = env.get(&table::ENTRA_AUTHORITY).map(Cloud::new);
    let tenants = env.parse(&table::ENTRA_TENANT_IDS, |list| tenants(list.as_deref()));
    let app = env.get(&table::ENTRA_APP_ID);
    let client = env.parse(&table::ENTRA_CLIENT_ID, |client| {
        // It is the audience of the answer.
        if audiences.contains(&client) {
            Err("must be neither RESULT_AUDIENCE nor one of FIRST_FACTOR_AUDIENCE".to_owned())
        } else {
            Ok(client)
        }
    });
    let max_age = env.get(&table::MAX_AUTH_AGE_SECONDS);
    let hint_age = env.parse(&table::ENTRA_HINT_AGE_SECONDS, |age| match max_age {
        // The API would refuse what is taken here.
        Some(max_age) if max_age < age => Err("must be at most MAX_AUTH_AGE_SECONDS".to_owned()),
        _ => Ok(age),
    });
    max_age?;
    Some(Registration { cloud: cloud?, tenants: tenants?, app: app?, client: client?, hint_age: hint_age? })
}

fn tenants(list: Option<&str>) -> Result<Vec<Guid>, String> {
    let list = list.ok_or("is not set")?;
    let tenant = |text: &str| Guid::parse(text.trim()).ok_or_else(|| format!("must list GUIDs, which {text:?} is not"));
    list.split(',').map(tenant).collect()
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
