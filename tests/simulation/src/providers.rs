//! The simulated providers: keys, messages, calls and signatures, each of which can fail.

use std::sync::Arc;
use std::time::Duration;

use domain::call::CallToken;
use domain::channel::Channel;
use domain::code::{MacKey, MacKeys};
use domain::delivery::SendFailure;
use domain::identity::ChallengeId;
use domain::phone::PhoneNumber;
use domain::ports::{CallPlacer, KeyError, KeySource, Message, SendError, Sent, SmsSender};
use domain::result::Approval;
use domain::time::Timestamp;
use platform::callback::{SigningTokens, TokenSource};
use platform::first_factor::FirstFactor;
use platform::kms::SignError;
use platform::secrets::SecretError;
use platform::signer::{ResultSigner, SignerSettings, unsigned};

use crate::cast::{BASE_URL, VOICE_TOKEN};
use crate::coverage::Seen;
use crate::invariants;
use crate::past::{PlacedCall, SentCode, SentMessage};
use crate::store::pause;
use crate::world::{Shared, World};

/// The keys for the MACs of all codes.
pub(crate) fn mac_keys() -> MacKeys {
    MacKeys { current: MacKey::from_secret("simulated"), previous: None, next: None }
}

impl KeySource for Shared {
    async fn keys(&self, _: Timestamp) -> Result<Arc<MacKeys>, KeyError> {
        pause().await;
        let mut world = self.world();
        if world.fault_rate > 0 && world.chance(5) {
            world.errand().disturbed = true;
            world.saw(Seen::KeysDown);
            return Err(KeyError("simulated".into()));
        }
        Ok(Arc::new(mac_keys()))
    }
}

impl TokenSource for Shared {
    async fn tokens(&self, _: Timestamp) -> Result<Arc<SigningTokens>, SecretError> {
        Ok(Arc::new(SigningTokens::new(VOICE_TOKEN.to_owned(), None)))
    }
}

impl Shared {
    /// Hands a send to its provider, which tells `deliver` whether it arrived.
    async fn deliver(
        &self,
        channel: Channel,
        to: &PhoneNumber,
        deliver: impl FnOnce(&mut World, ChallengeId, bool) + Send,
    ) -> Result<Sent, SendError> {
        pause().await;
        let sent = {
            let mut world = self.world();
            let challenge = invariants::sends(&mut world, channel, to);
            let arrives_as = world.choose(1000);
            let sent = match arrives_as {
                0..100 => Err(SendFailure::ProviderFault),
                100..200 => Err(SendFailure::Unknown),
                _ => Ok(()),
            };
            let arrives = sent.is_ok() || (150..200).contains(&arrives_as);
            world.say(|| format!("  {channel:?} to {to}: {sent:?}, {}", if arrives { "arrives" } else { "is lost" }));
            if let Some(challenge) = challenge {
                deliver(&mut world, challenge, arrives);
            }
            match (&sent, arrives) {
                (Err(SendFailure::Unknown), true) => world.saw(Seen::SendUnknownDelivered),
                (Err(SendFailure::Unknown), false) => world.saw(Seen::SendUnknownLost),
                (Err(_), _) => world.saw(Seen::SendFailed),
                _ => {}
            }
            world.errand().disturbed |= sent.is_err();
            sent
        };
        pause().await;
        sent.map(|()| Sent::default()).map_err(|kind| SendError { kind, source: None })
    }
}

impl SmsSender for Shared {
    async fn send(&self, message: &Message<'_>, _: Duration) -> Result<Sent, SendError> {
        let code = message.code.expose().to_owned();
        let (token, to) = (message.receipt.clone(), message.to.clone());
        self.deliver(Channel::Sms, message.to, |world, challenge, arrived| {
            world.past.messages.push(SentMessage { challenge, token, to });
            world.past.codes.push(SentCode { challenge, code, spoken: false, arrived });
        })
        .await
    }
}

impl CallPlacer for Shared {
    async fn call(
        &self,
        to: &PhoneNumber,
        challenge: &ChallengeId,
        token: &CallToken,
        _: Duration,
    ) -> Result<Sent, SendError> {
        let (challenge, token, to) = (*challenge, token.clone(), to.clone());
        let number = to.clone();
        self.deliver(Channel::Call, &number, |world, _, arrives| {
            if arrives {
                world.past.calls.push(PlacedCall { challenge, token, to, stage: 0 });
            }
        })
        .await
    }
}

/// In place of KMS: the same token for the same facts, without a real signature.
impl ResultSigner for Shared {
    async fn sign(&self, approval: &Approval, first_factor: &FirstFactor) -> Result<String, SignError> {
        pause().await;
        let settings = SignerSettings {
            key_arn: "arn:aws:kms:eu-central-1:123456789012:key/simulated".to_owned(),
            issuer: BASE_URL.to_owned(),
            audience: "login".to_owned(),
        };
        let token = unsigned(&settings, approval, first_factor).map_err(|error| SignError(error.into()))?;
        let signed = {
            let mut world = self.world();
            if world.fault_rate > 0 && world.chance(30) {
                world.errand().disturbed = true;
                world.saw(Seen::SignerDown);
                return Err(SignError("simulated".into()));
            }
            invariants::signed(&mut world, approval, first_factor, &token);
            token
        };
        pause().await;
        Ok(signed)
    }
}
