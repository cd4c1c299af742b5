//! Shared by the tests: one person, one login, and the product's own client settings.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sns::config::{Credentials, Region};
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use platform::aws::{Roots, connector, defaults};
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
