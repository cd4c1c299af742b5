//! Calls through a Twilio-compatible provider's REST API.
//!
//! Creating a call is not idempotent, so the request is made once. Unless the response says clearly that
//! no call was made, we assume that the phone may ring.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::call::CallToken;
use domain::delivery::SendFailure;
use domain::identity::ChallengeId;
use domain::phone::PhoneNumber;
use domain::policy::Policy;
use domain::ports::{CallPlacer, SendError, Sent};
use form_urlencoded::Serializer;
use serde_json::Value;
use thiserror::Error as ThisError;
use tokio::time::{Instant, timeout_at};

use crate::aws::never_sent;
use crate::clock;
use crate::encoding::webhook_url;
use crate::outbound::{PublicConnector, read};
use crate::secrets::{Secret, SecretSource, VoiceCredentials};

#[derive(Clone, Debug)]
pub struct VoiceSettings {
    /// The provider's REST API.
    pub api_base_url: String,
    /// The number that calls come from.
    pub from: PhoneNumber,
    /// Where the provider reaches the webhooks.
    pub public_base_url: String,
    /// Whether the provider should detect answering machines before the prompt.
    pub machine_detection: bool,
}

#[derive(Debug)]
pub struct TwilioCallPlacer<S> {
    connector: PublicConnector,
    settings: VoiceSettings,
    credentials: Secret<VoiceCredentials, S>,
}

impl<S: SecretSource> TwilioCallPlacer<S> {
    #[must_use]
    pub fn new(settings: VoiceSettings, credentials: Secret<VoiceCredentials, S>) -> Self {
        Self { connector: PublicConnector::default(), settings, credentials }
    }

    fn request(
        &self,
        credentials: &VoiceCredentials,
        to: &PhoneNumber,
        challenge: &ChallengeId,
        token: &CallToken,
    ) -> Result<HttpRequest, SendError> {
        let url = format!("{}/2010-04-01/Accounts/{}/Calls.json", self.settings.api_base_url, credentials.account_sid);
        let pair = format!("{}:{}", credentials.api_key_sid, credentials.api_key_secret);
        let request = http::Request::post(url)
            .header(http::header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(SdkBody::from(self.form(to, challenge, token)))
            .map_err(never)?;
        HttpRequest::try_from(request).map_err(never)
    }

    fn form(&self, to: &PhoneNumber, challenge: &ChallengeId, token: &CallToken) -> String {
        let webhook = |event| webhook_url(&self.settings.public_base_url, challenge, token, event);
        let mut form = Serializer::new(String::new());
        form.append_pair("To", to.expose())
            .append_pair("From", self.settings.from.expose())
            .append_pair("Url", &webhook("answer"))
            .append_pair("Method", "POST")
            .append_pair("StatusCallback", &webhook("status"))
            .append_pair("StatusCallbackMethod", "POST");
        for event in ["initiated", "ringing", "answered", "completed"] {
            form.append_pair("StatusCallbackEvent", event);
        }
        form.append_pair("Timeout", &Policy::RING.as_secs().to_string())
            .append_pair("TimeLimit", &Policy::TALK.as_secs().to_string());
        if self.settings.machine_detection {
            form.append_pair("MachineDetection", "Enable");
        }
        form.finish()
    }
}

impl<S: SecretSource> CallPlacer for TwilioCallPlacer<S> {
    async fn call(
        &self,
        to: &PhoneNumber,
        challenge: &ChallengeId,
        token: &CallToken,
        limit: Duration,
    ) -> Result<Sent, SendError> {
        let deadline = Instant::now() + limit;
        let credentials = self.credentials.value(clock::now());
        let credentials = timeout_at(deadline, credentials).await.map_err(never)?.map_err(never)?;
        let request = self.request(&credentials, to, challenge, token)?;
        let connector = self.connector.get().map_err(never)?;
        let place = async {
            let response = connector.call(request).await.map_err(|error| {
                let kind = if never_sent(&error) { SendFailure::ProviderFault } else { SendFailure::Unknown };
                SendError { kind, source: Some(Box::new(error)) }
            })?;
            let id = judge(response).await?;
            Ok(Sent { id, sender: Some(self.settings.from.expose().to_owned()) })
        };
        let timed_out = |_| Err(SendError { kind: SendFailure::Unknown, source: None });
        timeout_at(deadline, place).await.unwrap_or_else(timed_out)
    }
}

/// What went wrong before anything was sent.
fn never(error: impl Error + Send + Sync + 'static) -> SendError {
    SendError { kind: SendFailure::ProviderFault, source: Some(Box::new(error)) }
}

#[derive(Debug, ThisError)]
#[error("the voice provider answered {status}, code {code:?}")]
struct Refused {
    status: u16,
    code: Option<u64>,
}

/// The provider's error codes for numbers that it cannot or will not call.
const NUMBER_CODES: [u64; 8] = [13223, 13224, 13225, 13226, 21211, 21214, 21215, 21217];

/// A 5xx or an unreadable response may arrive after the call was made, so both count as sent. A 4xx
/// means that the provider did not accept the request.
async fn judge(response: HttpResponse) -> Result<String, SendError> {
    let status = response.status().as_u16();
    let body = read(response.into_body()).await;
    let answer: Option<Value> = body.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let code = answer.as_ref().and_then(|answer| answer["code"].as_u64());
    let sid = answer.as_ref().and_then(|answer| answer["sid"].as_str());
    let kind = match (status, sid) {
        (200..=299, Some(sid)) => return Ok(sid.to_owned()),
        (401 | 403, _) => SendFailure::Unauthorized,
        (429, _) => SendFailure::Throttled,
        (400..=499, _) if code.is_some_and(|code| NUMBER_CODES.contains(&code)) => SendFailure::NumberRefused,
        (300..=499, _) => SendFailure::ProviderFault,
        _ => SendFailure::Unknown,
    };
    Err(SendError { kind, source: Some(Box::new(Refused { status, code })) })
}
