//! Result tokens. Their claims depend only on the challenge and the first factor, so asking again yields the same bytes.

use aws_config::SdkConfig;
use domain::result::Approval;
use serde::Serialize;

use crate::encoding::base64url;
use crate::first_factor::FirstFactor;
use crate::kms::{self, SignError, SigningKey};
use crate::settings::{Environment, table};

#[derive(Clone, Debug)]
pub struct SignerSettings {
    pub key_arn: String,
    /// `iss`: the API's own address, where verifiers find its keys.
    pub issuer: String,
    /// `aud`: the login backend.
    pub audience: String,
}

impl SignerSettings {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let key_arn = env.get(&table::SIGNING_KEY_ARN);
        let issuer = env.get(&table::PUBLIC_BASE_URL);
        let audience = env.get(&table::RESULT_AUDIENCE);
        Some(Self { key_arn: key_arn?, issuer: issuer?, audience: audience? })
    }
}

pub trait ResultSigner: Sync {
    /// The token for an approval, for the login session that asked.
    fn sign(
        &self,
        approval: &Approval,
        first_factor: &FirstFactor,
    ) -> impl Future<Output = Result<String, SignError>> + Send;
}

#[derive(Clone, Debug)]
pub struct KmsSigner {
    key: SigningKey,
    settings: SignerSettings,
}

impl KmsSigner {
    #[must_use]
    pub fn new(config: &SdkConfig, settings: SignerSettings) -> Self {
        Self { key: SigningKey::new(config, settings.key_arn.clone()), settings }
    }
}

impl ResultSigner for KmsSigner {
    async fn sign(&self, approval: &Approval, first_factor: &FirstFactor) -> Result<String, SignError> {
        self.key.sign(Approval::TOKEN_TYPE, &claims(&self.settings, approval, first_factor)).await
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: u64,
    exp: u64,
    jti: String,
    txn: &'a str,
    amr: Vec<&'a str>,
    acr: &'static str,
    auth_time: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enrolled_now: bool,
}

fn claims<'a>(settings: &'a SignerSettings, approval: &Approval, first_factor: &'a FirstFactor) -> Claims<'a> {
    let mut amr = Vec::new();
    for method in first_factor.amr.iter().map(String::as_str).chain(approval.methods().iter().copied()) {
        if !amr.contains(&method) {
            amr.push(method);
        }
    }
    Claims {
        iss: &settings.issuer,
        aud: &settings.audience,
        sub: &first_factor.sub,
        iat: approval.at.as_unix(),
        exp: approval.expires_at().as_unix(),
        jti: base64url(&approval.id.digest()),
        txn: &first_factor.txn,
        amr,
        acr: approval.assurance(),
        auth_time: first_factor.auth_time.as_unix(),
        enrolled_now: approval.enrolled_now,
    }
}

/// The part of a result token that is signed: header and claims.
pub fn unsigned(
    settings: &SignerSettings,
    approval: &Approval,
    first_factor: &FirstFactor,
) -> Result<String, serde_json::Error> {
    kms::unsigned(&settings.key_arn, Approval::TOKEN_TYPE, &claims(settings, approval, first_factor))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use domain::challenge::Method;
    use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn no_method_is_listed_twice_even_if_the_first_factor_lists_it() {
        let key = ChallengeKey { subject: SubjectId::new("idp", "a"), session: SessionId::new("s", None) };
        let (id, at) = (ChallengeId { key, generation: 1 }, Timestamp::from_unix(1_700_000_000));
        let approval = Approval { id, at, by: Method::PressPound, test: false, enrolled_now: false };
        let first_factor = FirstFactor {
            key,
            sub: "a".to_owned(),
            txn: "s".to_owned(),
            amr: ["pwd", "mfa", "pwd"].map(str::to_owned).into(),
            auth_time: at,
            keep_until: at,
            phone: None,
            enrolment: domain::rules::Enrolment::SelfService,
        };
        let settings = SignerSettings {
            key_arn: "arn".to_owned(),
            issuer: "https://mfa.example.com".to_owned(),
            audience: "login".to_owned(),
        };
        let unsigned = unsigned(&settings, &approval, &first_factor).expect("a token");
        let claims = URL_SAFE_NO_PAD.decode(unsigned.split('.').nth(1).expect("claims")).expect("base64url");
        let claims = String::from_utf8(claims).expect("JSON");
        assert!(claims.contains(r#""amr":["pwd","mfa","tel"]"#), "{claims}");
    }
}
