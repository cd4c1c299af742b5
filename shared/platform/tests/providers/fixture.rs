//! Shared by the tests: one person, one login, and the product's own client settings.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sns::config::{Credentials, Region};
use domain::code::Code;
use domain::follow_up::Notice;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Line, PhoneNumber};
use domain::ports::{Message, Notifier as _, SendError, Sent, SmsSender as _};
use domain::purpose::Purpose;
use domain::receipt::ReceiptToken;
use domain::time::Timestamp;
use platform::aws::{Roots, connector, defaults};
use platform::settings::Environment;
use platform::sms::{Codes, Notices, Publisher, Sender, SenderSettings};
use tokio::time::Instant;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
pub(crate) const NUMBER: &str = "+14155552671";

pub(crate) fn number() -> PhoneNumber {
    PhoneNumber::parse(NUMBER).expect("a number")
}

pub(crate) fn challenge() -> ChallengeId {
    let key = ChallengeKey { subject: SubjectId::new("idp", "alice"), session: SessionId::new("login-1", None) };
    ChallengeId { key, generation: 3 }
}

/// The product's own client settings, pointed at `endpoint`.
pub(crate) async fn aws(endpoint: &str) -> SdkConfig {
    defaults(&connector(Roots::Amazon).expect("usable roots"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .load()
        .await
}

pub(crate) const CODE: &str = "012345";
/// How much longer that code is valid.
pub(crate) const LIFE: Duration = Duration::from_secs(297);

/// A sender of messages with these settings beside the countries, pointed at `endpoint`.
pub(crate) async fn sender(endpoint: &str, settings: &[(&str, &str)]) -> Sender {
    let countries = [("ALLOWED_COUNTRIES", "US,GB,IN,DE")];
    let env: Environment = countries.iter().chain(settings).copied().collect();
    Sender::new(&aws(endpoint).await, env.read(SenderSettings::read).expect("right settings"))
}

pub(crate) async fn codes(endpoint: &str, settings: &[(&str, &str)]) -> Codes<Sender> {
    let publisher = sender(endpoint, settings).await;
    Codes { publisher, brand: "Example".to_owned(), host: "login.example.com".to_owned() }
}

/// Sends a code of a Spanish speaker to `country`.
pub(crate) async fn send_code(
    codes: &Codes<impl Publisher>,
    country: &str,
    purpose: Purpose,
    limit: Duration,
) -> Result<Sent, SendError> {
    let message = Message {
        to: &number(),
        country: Country::parse(country).expect("a country"),
        code: &Code::parse(CODE).expect("six digits"),
        life: LIFE,
        purpose,
        locale: Locale::Es,
        challenge: &challenge(),
        receipt: &ReceiptToken::from_bytes([7; 16]),
    };
    codes.send(&message, limit).await
}

/// Tells a Spanish speaker in `country` that another number has replaced this one.
pub(crate) async fn send_notice(
    endpoint: &str,
    country: &str,
    settings: &[(&str, &str)],
    limit: Duration,
) -> Result<Sent, SendError> {
    let notifier = Notices {
        publisher: sender(endpoint, settings).await,
        brand: "Example".to_owned(),
        support_url: Some("https://example.com/help".to_owned()),
    };
    let country = Country::parse(country).expect("a country");
    let new = PhoneNumber::parse("+34600000042").expect("a number");
    notifier.notify(&Notice { to: number(), country, line: Line::Mobile, new, locale: Locale::Es }, limit).await
}

/// Measures time on tokio's paused clock, which only timers advance.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let done = work.await;
    (done, start.elapsed())
}

/// Checks that `elapsed` equals `limit` within the precision of tokio's timers, a few milliseconds.
pub(crate) fn assert_took(elapsed: Duration, limit: Duration) {
    assert!((limit..limit + Duration::from_millis(20)).contains(&elapsed), "{elapsed:?} of {limit:?}");
}
