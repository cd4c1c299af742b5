//! Starts everything the functions talk to, on loopback, and collects the environment variables that
//! tell the functions where it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::compiler::Compiler;
use crate::development::{
    ACCESS_KEY, ACCESS_SECRET, ANSWER_KEY_ARN, AUDIENCE, CALL_DIGITS_SECRET, CANARY, CANARY_CODE, CANARY_NUMBER,
    CANARY_SECRET, COGNITO_POOL, ENTRA_APP, ENTRA_CLIENT, ENTRA_TENANT, FIRST_FACTOR_KEY_ARN, MAC_KEYS_SECRET, REGION,
    RESULT_AUDIENCE, SIGNING_KEY_ARN, TABLE, VOICE_API_SECRET_NAME, VOICE_FROM, VOICE_SIGNING_SECRET, secret_arn,
};
use crate::gateway::Gateway;
use crate::keys::SigningKey;
use crate::phone::Surroundings;
use crate::settings::{Settings, set};
use crate::timeline::Timeline;
use crate::{certificate, dynamodb, entra, issuer, kms, net, phone, secrets};

/// The base URL of each part.
#[derive(Serialize)]
pub(crate) struct Stack {
    /// The API and the login page.
    pub(crate) gateway: String,
    pub(crate) issuer: String,
    /// Microsoft Entra.
    pub(crate) entra: String,
    /// SNS, End User Messaging, the voice provider, and the phone's own API and page.
    pub(crate) phone: String,
    pub(crate) dynamodb: String,
    pub(crate) kms: String,
    pub(crate) secrets: String,
    /// Where the gateway invokes the functions, and where `run` and `demo` start them.
    pub(crate) functions: String,
    /// The functions' environment variables.
    pub(crate) environment: BTreeMap<&'static str, String>,
    /// What the gateway and the desk know of the functions that are compiled.
    #[serde(skip)]
    pub(crate) compiler: Compiler,
}

impl Stack {
    /// Starts everything but the functions. With `logs`, the gateway prints each request.
    pub(crate) async fn start(settings: &Settings, logs: bool) -> Result<Self> {
        let http = reqwest::Client::new();
        let (issuer_key, result_key, answer_key, entra_key) =
            tokio::try_join!(SigningKey::draw(), SigningKey::draw(), SigningKey::draw(), SigningKey::draw())?;
        let issuer_key = Arc::new(issuer_key);
        let issuer = issuer::start(Arc::clone(&issuer_key), settings.issuer_port).await?;
        let answer_certificate = STANDARD.encode(certificate::of(&answer_key)?);
        let keys = kms::Keys::from([
            (SIGNING_KEY_ARN, Arc::new(result_key)),
            (FIRST_FACTOR_KEY_ARN, issuer_key),
            (ANSWER_KEY_ARN, Arc::new(answer_key)),
        ]);
        let functions_port = match settings.functions_port {
            0 => net::free_port().await?,
            port => port,
        };
        let functions = format!("http://127.0.0.1:{functions_port}");
        let (listener, address) = net::listen(settings.gateway_port).await?;
        let (compiler, timeline) = (Compiler::default(), Timeline::default());
        let gateway = Gateway::new(http.clone(), issuer.clone(), functions.clone())
            .allow_origins(settings.allowed_origins.clone())
            .observe(compiler.clone(), timeline.clone())
            .log(logs)
            .serve_on(listener, address);
        let entra = entra::start(http.clone(), entra_key, gateway.clone(), settings.entra_port).await?;
        let dynamodb = dynamodb::start(&http, settings.dynamodb_endpoint.clone(), settings.dynamodb_port).await?;
        let surroundings = Surroundings {
            issuer: issuer.clone(),
            gateway: gateway.clone(),
            entra: entra.clone(),
            dynamodb: dynamodb.clone(),
            functions: functions.clone(),
            compiler: compiler.clone(),
            timeline,
        };
        let mut stack = Self {
            phone: phone::start(http, settings.phone_port, surroundings).await?,
            gateway,
            entra,
            dynamodb,
            kms: kms::start(keys, settings.kms_port).await?,
            secrets: secrets::start(issuer.clone(), settings.secrets_port).await?,
            issuer,
            functions,
            environment: BTreeMap::new(),
            compiler,
        };
        let own = stack.addresses().into_iter().chain(stack.doors(answer_certificate));
        stack.environment = own.chain(choices()).collect();
        Ok(stack)
    }

    /// Variables that point at this stack, so that nothing may override them.
    fn addresses(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", ACCESS_SECRET.to_owned()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.clone()),
            ("AWS_ENDPOINT_URL_SNS", self.phone.clone()),
            ("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", self.phone.clone()),
            ("AWS_ENDPOINT_URL_KMS", self.kms.clone()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secrets.clone()),
            ("TABLE_NAME", TABLE.to_owned()),
            ("FIRST_FACTOR_ISSUER", self.issuer.clone()),
            ("PUBLIC_BASE_URL", self.gateway.clone()),
            ("SIGNING_KEY_ARN", SIGNING_KEY_ARN.to_owned()),
            ("RESULT_AUDIENCE", RESULT_AUDIENCE.to_owned()),
            ("MAC_KEYS_SECRET_ARN", secret_arn(MAC_KEYS_SECRET)),
            ("CALL_DIGITS_SECRET_ARN", secret_arn(CALL_DIGITS_SECRET)),
            ("VOICE_API_SECRET_ARN", secret_arn(VOICE_API_SECRET_NAME)),
            ("VOICE_SIGNING_SECRET_ARN", secret_arn(VOICE_SIGNING_SECRET)),
            ("VOICE_API_BASE_URL", self.phone.clone()),
            ("VOICE_FROM", VOICE_FROM.to_owned()),
            ("FRAME_ANCESTORS", with_additions("FRAME_ANCESTORS", ',', self.phone.clone())),
            ("REDIRECT_URIS", with_additions("REDIRECT_URIS", ',', format!("{}/signed-in", self.phone))),
            ("CANARY_SECRET_ARN", secret_arn(CANARY_SECRET)),
            ("TEST_NUMBERS", with_additions("TEST_NUMBERS", ';', canary_number())),
        ]
    }

    /// What lets Entra and Cognito send people here.
    fn doors(&self, answer_certificate: String) -> [(&'static str, String); 10] {
        [
            ("FIRST_FACTOR_KEY_ARN", FIRST_FACTOR_KEY_ARN.to_owned()),
            ("FIRST_FACTOR_AUDIENCE", AUDIENCE.to_owned()),
            ("ENTRA", "on".to_owned()),
            ("ENTRA_TENANT_IDS", ENTRA_TENANT.to_owned()),
            ("ENTRA_APP_ID", ENTRA_APP.to_owned()),
            ("ENTRA_CLIENT_ID", ENTRA_CLIENT.to_owned()),
            ("ENTRA_AUTHORITY", self.entra.clone()),
            ("ANSWER_KEY_ARN", ANSWER_KEY_ARN.to_owned()),
            ("ANSWER_CERTIFICATE", answer_certificate),
            ("COGNITO_USER_POOL_ID", COGNITO_POOL.to_owned()),
        ]
    }
}

fn canary_number() -> String {
    format!("{CANARY_NUMBER} {CANARY_CODE} 2099-12-31T00:00:00Z {CANARY}")
}

/// The stack's own value, followed by those that a developer adds with the variable `name`.
fn with_additions(name: &str, separator: char, own: String) -> String {
    match set(name) {
        Some(more) => format!("{own}{separator}{more}"),
        None => own,
    }
}

/// Settings of the product that need a value here and that a developer can override by setting the
/// variable. Settings with a default of their own, such as almost every limit, are not listed.
fn choices() -> impl Iterator<Item = (&'static str, String)> {
    [
        ("BRAND", "Alliance"),
        ("CALL_MODE", "press-pound"),
        ("ORIGIN_HOST", "login.example.com"),
        ("ALLOWED_COUNTRIES", "US,CA,GB"),
        ("SMS_PROVIDER", "sns"),
        ("MAX_SENDS_PER_NETWORK_PER_10_MINUTES", "1000"), // here everybody has the same address
        ("SUPPORT_URL", "https://support.example.com/sign-in"),
        ("TERMS_URL", "https://www.example.com/terms"),
        ("PRIVACY_URL", "https://www.example.com/privacy"),
    ]
    .into_iter()
    .map(|(name, default)| (name, set(name).unwrap_or_else(|| default.to_owned())))
}
