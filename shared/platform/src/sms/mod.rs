//! Messages: codes, and notices to numbers that were replaced. Both are texts that one [`Publisher`] sends.
//!
//! A second provider is one more file beside `sns.rs`, and a [`Sender`] that chooses between the two.

mod sns;

use std::time::Duration;

use domain::follow_up::Notice;
use domain::phone::PhoneNumber;
use domain::ports::{Message, Notifier, SendError, Sent, SmsSender};

pub use self::sns::{Sns, SnsSettings};

/// Sends texts. Never tries twice: a repeated message would cost twice.
pub trait Publisher: Sync {
    /// Sends one text, within `limit`.
    fn publish(
        &self,
        to: &PhoneNumber,
        text: String,
        limit: Duration,
    ) -> impl Future<Output = Result<Sent, SendError>> + Send;
}

/// The provider that the functions send through.
pub type Sender = Sns;
pub type SenderSettings = SnsSettings;

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
        let Message { to, code, purpose, locale, .. } = *message;
        let text = locale.sms(purpose, &self.brand, &self.host, code);
        self.publisher.publish(to, text, limit).await
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
        let text = notice.locale.notice(&self.brand, &notice.new, self.support_url.as_deref());
        self.publisher.publish(&notice.to, text, limit).await
    }
}
