//! Messages: codes, and notices to numbers that were replaced. Both are texts that one [`Publisher`] sends.
//!
//! There are two: SNS, and AWS End User Messaging, whose messages have receipts. A deployment chooses by a setting at run
//! time rather than by a build: the second client makes start-challenge's binary 6.9 MB instead of 6.6 (+3.8 %) and
//! follow-up's 5.7 MB instead of 5.4, and only the chosen one is ever set up.

mod end_user_messaging;
mod identity;
mod senders;
mod sns;

use std::time::Duration;

use aws_config::SdkConfig;
use domain::delivery::SendFailure;
use domain::follow_up::Notice;
use domain::identity::ChallengeId;
use domain::locale::Locale;
use domain::phone::{Country, PhoneNumber};
use domain::ports::{Message, Notifier, SendError, Sent, SmsSender};
use domain::purpose::Purpose;
use domain::receipt::ReceiptToken;

pub use self::end_user_messaging::EndUserMessaging;
pub use self::identity::Template;
pub use self::senders::Senders;
pub use self::sns::Sns;
use crate::settings::{Environment, SmsProvider, table};

/// A message to one number.
#[derive(Debug)]
pub struct Text<'a> {
    pub to: &'a PhoneNumber,
    pub country: Country,
    pub template: Template,
    pub body: String,
    /// `None` for a notice.
    pub code: Option<LiveCode<'a>>,
}

/// What a provider needs to know of the code in a text.
#[derive(Clone, Copy, Debug)]
pub struct LiveCode<'a> {
    /// How much longer it is valid.
    pub life: Duration,
    /// Which challenge the receipts are for.
    pub challenge: &'a ChallengeId,
    pub receipt: &'a ReceiptToken,
}

/// Sends texts. Never tries twice: a repeated message would cost twice.
pub trait Publisher: Sync {
    /// Whether `country` takes registered texts only.
    fn registers(&self, country: Country) -> bool;

    /// Sends one text, within `limit`.
    fn publish(&self, text: Text<'_>, limit: Duration) -> impl Future<Output = Result<Sent, SendError>> + Send;
}

#[derive(Clone, Debug)]
pub struct SenderSettings {
    pub provider: SmsProvider,
    pub senders: Senders,
    /// In US dollars.
    pub max_price: Option<String>,
    pub configuration_set: Option<String>,
}

impl SenderSettings {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let reach = env.peek(&table::ALLOWED_COUNTRIES);
        let provider = env.get(&table::SMS_PROVIDER);
        let configuration_set = env.get(&table::SMS_CONFIGURATION_SET);
        let has_configuration_set = configuration_set.as_ref().is_none_or(Option::is_some);
        let around = senders::Surroundings { provider, reach: reach.as_ref(), has_configuration_set };
        let senders =
            env.parse(&table::SMS_SENDERS, |text| Senders::parse(text.as_deref().unwrap_or_default(), around));
        let max_price = env.get(&table::SMS_MAX_PRICE);
        Some(Self {
            provider: provider?,
            senders: senders?,
            max_price: max_price?,
            configuration_set: configuration_set?,
        })
    }
}

/// The provider that this deployment sends through.
#[derive(Clone, Debug)]
pub enum Sender {
    Sns(Sns),
    EndUserMessaging(EndUserMessaging),
}

impl Sender {
    #[must_use]
    pub fn new(config: &SdkConfig, settings: SenderSettings) -> Self {
        match settings.provider {
            SmsProvider::Sns => Self::Sns(Sns::new(config, settings)),
            SmsProvider::EndUserMessaging => Self::EndUserMessaging(EndUserMessaging::new(config, settings)),
        }
    }

    /// Where to tell which codes were used, if the provider wants to know.
    #[must_use]
    pub fn feedback(&self) -> Option<EndUserMessaging> {
        match self {
            Self::Sns(_) => None,
            Self::EndUserMessaging(messaging) => Some(messaging.clone()),
        }
    }
}

impl Publisher for Sender {
    fn registers(&self, country: Country) -> bool {
        match self {
            Self::Sns(sns) => sns.registers(country),
            Self::EndUserMessaging(messaging) => messaging.registers(country),
        }
    }

    async fn publish(&self, text: Text<'_>, limit: Duration) -> Result<Sent, SendError> {
        match self {
            Self::Sns(sns) => sns.publish(text, limit).await,
            Self::EndUserMessaging(messaging) => messaging.publish(text, limit).await,
        }
    }
}

/// Sends codes.
#[derive(Clone, Debug)]
pub struct Codes<P> {
    pub publisher: P,
    /// At most 16 characters.
    pub brand: String,
    /// The host of the page that takes the code: at most 24 characters.
    pub host: String,
}

impl<P: Publisher> SmsSender for Codes<P> {
    async fn send(&self, message: &Message<'_>, limit: Duration) -> Result<Sent, SendError> {
        let Message { to, country, code, life, purpose, locale, challenge, receipt } = *message;
        let template = match purpose {
            Purpose::Login => Template::Code,
            Purpose::Change => Template::Change,
        };
        let body = language(&self.publisher, country, locale).sms(purpose, &self.brand, &self.host, code);
        let code = Some(LiveCode { life, challenge, receipt });
        self.publisher.publish(Text { to, country, template, body, code }, limit).await
    }
}

/// Sends notices.
#[derive(Clone, Debug)]
pub struct Notices<P> {
    pub publisher: P,
    pub brand: String,
    /// Where users find help who did not change the number.
    pub support_url: Option<String>,
}

impl<P: Publisher> Notifier for Notices<P> {
    async fn notify(&self, notice: &Notice, limit: Duration) -> Result<Sent, SendError> {
        let locale = language(&self.publisher, notice.country, notice.locale);
        let body = locale.notice(&self.brand, &notice.new, self.support_url.as_deref());
        let (to, country) = (&notice.to, notice.country);
        self.publisher.publish(Text { to, country, template: Template::Notice, body, code: None }, limit).await
    }
}

/// A registered text is the English one: carriers block what differs from it.
fn language(publisher: &impl Publisher, country: Country, locale: Locale) -> Locale {
    if publisher.registers(country) { Locale::En } else { locale }
}

/// What the codes mean that any AWS service may answer with.
fn common_refusal(code: &str) -> SendFailure {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "AccessDenied"
        | "AuthorizationError"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "InvalidSignature"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient" => SendFailure::Unauthorized,
        "Throttled" | "Throttling" | "TooManyRequests" | "RequestLimitExceeded" => SendFailure::Throttled,
        _ => SendFailure::ProviderFault,
    }
}
