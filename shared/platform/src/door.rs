//! First-factor tokens that the product mints itself, for logins that cannot: with the key of the issuer that
//! `infra/issuer.yaml` deploys. They are accepted like those of any other login.

use std::time::Duration;

use aws_config::SdkConfig;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::jws::{Jws, PublicKey};
use crate::kms::{KeyError, SignError, SigningKey, key_id};

/// `iss` of the answers to Entra, which are no result tokens.
#[must_use]
pub fn answer_issuer(public_base_url: &str) -> String {
    format!("{public_base_url}/openid")
}

/// The issuer of first-factor tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    pub key: SigningKey,
    /// `iss`, which API Gateway's authorizer trusts.
    pub name: String,
    /// `aud`: one of those that the authorizer accepts.
    pub audience: String,
}

/// A login that has passed its first factor elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The person, in the door's own part of the namespace: `entra:…` or `cognito:…`.
    pub sub: String,
    /// The login's id, which has one challenge.
    pub jti: String,
    pub auth_time: u64,
    /// Methods of the first factor (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims<L> {
    iss: String,
    aud: String,
    exp: u64,
    #[serde(flatten)]
    login: L,
}

impl Issuer {
    /// `login` is what is said of the login: a [`Login`], or more.
    pub async fn mint(&self, login: &impl Serialize, now: Timestamp, life: Duration) -> Result<String, SignError> {
        let exp = (now + life).as_unix();
        let claims = Claims { iss: self.name.clone(), aud: self.audience.clone(), exp, login };
        self.key.sign("JWT", &claims).await
    }

    /// What `token` says, if this issuer has minted it. It may have expired.
    #[must_use]
    pub fn read<L: for<'a> Deserialize<'a>>(&self, token: &str, key: &PublicKey) -> Option<(L, Timestamp)> {
        let token = Jws::parse(token)?;
        let claims: Claims<L> = token.verified(key)?;
        let ours = token.header.typ.as_deref() == Some("JWT") && claims.iss == self.name && claims.aud == self.audience;
        ours.then(|| (claims.login, Timestamp::from_unix(claims.exp)))
    }

    pub async fn public_key(&self) -> Result<PublicKey, KeyError> {
        public_key(&self.key).await
    }

    #[must_use]
    pub fn new(config: &SdkConfig, key_arn: String, name: String, audience: String) -> Self {
        Self { key: SigningKey::new(config, key_arn), name, audience }
    }
}

/// The public keys of results, asked of KMS instead of the published key set: no request leaves AWS for them.
#[derive(Clone, Debug)]
pub struct ResultKeys(Vec<(String, PublicKey)>);

impl ResultKeys {
    /// Reads the key that signs, and the second one while keys are rotated.
    pub async fn read(config: &SdkConfig, current: String, second: Option<String>) -> Result<Self, KeyError> {
        let read = async |arn: String| {
            let kid = key_id(&arn);
            Ok((kid, public_key(&SigningKey::new(config, arn)).await?))
        };
        let second = async {
            match second {
                Some(arn) => read(arn).await.map(Some),
                None => Ok(None),
            }
        };
        let (current, second) = tokio::try_join!(read(current), second)?;
        Ok(Self([Some(current), second].into_iter().flatten().collect()))
    }

    /// The key of this `kid`, for [`check`](crate::result_check::check).
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<PublicKey> {
        self.0.iter().find(|(known, _)| known == kid).map(|(_, key)| key.clone())
    }
}

impl FromIterator<(String, PublicKey)> for ResultKeys {
    fn from_iter<T: IntoIterator<Item = (String, PublicKey)>>(keys: T) -> Self {
        Self(keys.into_iter().collect())
    }
}

async fn public_key(key: &SigningKey) -> Result<PublicKey, KeyError> {
    let der = key.public_key().await?;
    PublicKey::from_spki(&der).map_err(|error| KeyError(key.arn().to_owned(), Box::new(error)))
}
