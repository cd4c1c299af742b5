//! The ports that the handlers are given. Before and after taking effect each gives way once, so
//! that anything may come between.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use domain::call::{CallEvent, CallToken, Key};
use domain::challenge::{Challenge, Delivery};
use domain::channel::Channel;
use domain::code::{MacKey, MacKeys};
use domain::identity::{ChallengeId, ChallengeKey, SubjectId};
use domain::phone::PhoneNumber;
use domain::policy::Policy;
use domain::ports::{
    Caller, ChallengeStore, KeyError, KeySource, Message, SendError, SendFailure, Settlement, SmsSender, StoreError,
};
use domain::result::Approval;
use domain::snapshot::Snapshot;
use domain::start::Draft;
use domain::time::Timestamp;
use platform::callback::{SigningTokens, TokenSource};
use platform::first_factor::FirstFactor;
use platform::secrets::SecretError;
use platform::signer::{ResultSigner, SignError, SignerSettings, unsigned};

use crate::cast::{BASE_URL, VOICE_TOKEN};
use crate::coverage::Seen;
use crate::invariants::{self, Effect};
use crate::past::{PlacedCall, SentCode};
use crate::world::{Fault, Shared, World};

/// Gives way once.
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

const fn pause() -> Pause {
    Pause(false)
}

fn down() -> StoreError {
    StoreError::Unavailable("simulated".into())
}

const UPDATE: [Fault; 4] = [Fault::Conflict, Fault::Down, Fault::Lost, Fault::Twice];
/// The client gives a transaction a token of its own: sent again, it is applied once.
const TRANSACTION: [Fault; 4] = [Fault::Conflict, Fault::Conflict, Fault::Down, Fault::Lost];

impl Shared {
    /// One request to the store.
    async fn write<T>(
        &self,
        faults: &[Fault],
        effect: impl Fn(&mut World) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        pause().await;
        let (fault, mut answer) = {
            let mut world = self.world();
            world.reaches_store();
            let fault = world.fault(faults);
            let answer = match fault {
                Some(Fault::Conflict) => Err(StoreError::Conflict),
                Some(Fault::Down) => Err(down()),
                _ => effect(&mut world),
            };
            (fault, answer)
        };
        if fault == Some(Fault::Twice) {
            pause().await;
            answer = effect(&mut self.world());
        }
        pause().await;
        let mut world = self.world();
        world.note_fault(fault, matches!(answer, Err(StoreError::Conflict)));
        if fault == Some(Fault::Lost) { Err(down()) } else { answer }
    }
}

impl World {
    fn reaches_store(&mut self) {
        let errand = self.errand();
        errand.round_trips += 1;
        if errand.stops_at_door {
            self.breaks("a request that should have stopped at the door reached the store".to_owned());
        }
    }

    fn note_fault(&mut self, fault: Option<Fault>, conflict: bool) {
        match fault {
            Some(Fault::Conflict) => self.saw(Seen::ConflictRetried),
            Some(Fault::Down) => self.saw(Seen::StoreDown),
            Some(Fault::Lost) => self.saw(Seen::AnswerLost),
            Some(Fault::Twice) => self.saw(Seen::WrittenTwice),
            Some(Fault::Torn) => self.saw(Seen::TornRead),
            None if conflict => {
                self.errand().disturbed = true;
                self.saw(Seen::RealConflict);
            }
            None => {}
        }
    }
}

impl ChallengeStore for Shared {
    async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        pause().await;
        let (fault, stored) = {
            let mut world = self.world();
            world.reaches_store();
            (world.fault(&[Fault::Down, Fault::Torn, Fault::Torn]), world.model.load(subject))
        };
        pause().await;
        let mut world = self.world();
        world.note_fault(fault, false);
        match fault {
            Some(Fault::Torn) => Ok(torn(&mut world, stored, subject)),
            Some(_) => Err(down()),
            None => Ok(stored),
        }
    }

    async fn start(&self, draft: &Draft) -> Result<(), StoreError> {
        let subject = draft.challenge.id.key.subject;
        let started = self.write(&TRANSACTION, |world| {
            let effect = Effect::Start(draft);
            let former = world.model.challenge(&draft.challenge.id.key).cloned();
            let started = world.apply(&subject, &effect, |model| model.start(draft));
            if started.is_ok() {
                invariants::started(world, draft, former.as_ref());
            }
            started
        });
        started.await.inspect(|()| {
            let challenge = &draft.challenge;
            self.world().errand().to_send = Some((challenge.id, draft.channel, challenge.phone.clone()));
        })
    }

    async fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
    ) -> Result<(), StoreError> {
        let recorded = self.write(&UPDATE, |world| {
            let effect = Effect::RecordSend(channel, delivery);
            world.apply(&challenge.key.subject, &effect, |model| {
                model.record_send(challenge, channel, sent_at, delivery);
            });
            Ok(())
        });
        recorded.await
    }

    async fn count_guess(&self, key: &ChallengeKey, now: Timestamp) -> Result<Option<Challenge>, StoreError> {
        let counted = self.write(&UPDATE, |world| {
            let counted = world.apply(&key.subject, &Effect::CountGuess, |model| model.count_guess(key, now));
            if let Some(challenge) = &counted {
                invariants::counted(world, challenge);
            }
            Ok(counted)
        });
        counted.await
    }

    async fn settle(&self, challenge: &Challenge, now: Timestamp) -> Result<Settlement, StoreError> {
        let settled = self.write(&TRANSACTION, |world| {
            let effect = Effect::Settle(challenge);
            let settled = world.apply(&challenge.id.key.subject, &effect, |model| model.settle(challenge, now));
            if matches!(settled, Settlement::Refused) {
                world.saw(Seen::SettleRefused);
            }
            Ok(settled)
        });
        settled.await
    }

    async fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let is_transaction = event == CallEvent::Pressed(Key::Fraud);
        let subject = challenge.key.subject;
        let advanced = self.write(if is_transaction { &TRANSACTION } else { &UPDATE }, |world| {
            let effect = Effect::AdvanceCall(challenge, token, event);
            Ok(world.apply(&subject, &effect, |model| model.advance_call(challenge, token, event, policy, now)))
        });
        let stands = advanced.await?;
        if !is_transaction {
            return Ok(stands);
        }
        pause().await; // what stands is read apart
        Ok(self.world().model.challenge(&challenge.key).cloned())
    }
}

/// Each item as of one of two moments.
fn torn(world: &mut World, earlier: Snapshot, subject: &SubjectId) -> Snapshot {
    let later = world.model.load(subject);
    let subject = if world.chance(500) { earlier.subject } else { later.subject };
    let mut mixed = Snapshot { subject, challenges: Vec::new() };
    for challenge in &later.challenges {
        let old = earlier.challenges.iter().find(|old| old.id.key == challenge.id.key);
        match (world.chance(500), old) {
            (true, _) => mixed.challenges.push(challenge.clone()),
            (false, Some(old)) => mixed.challenges.push(old.clone()),
            (false, None) => {}
        }
    }
    if mixed.is_torn(world.clock) {
        world.saw(Seen::TornReadNoticed);
    }
    mixed
}

/// The keys of every code.
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
    /// Hands a send to its provider, which tells `deliver` whether it arrives.
    async fn deliver(
        &self,
        channel: Channel,
        to: &PhoneNumber,
        deliver: impl FnOnce(&mut World, ChallengeId, bool) + Send,
    ) -> Result<(), SendError> {
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
        sent.map_err(|kind| SendError { kind, source: None })
    }
}

impl SmsSender for Shared {
    async fn send(&self, message: &Message<'_>, _: Duration) -> Result<(), SendError> {
        let code = message.code.expose().to_owned();
        self.deliver(Channel::Sms, message.to, |world, challenge, arrived| {
            world.past.codes.push(SentCode { challenge, code, arrived });
        })
        .await
    }
}

impl Caller for Shared {
    async fn call(
        &self,
        to: &PhoneNumber,
        challenge: &ChallengeId,
        token: &CallToken,
        _: Duration,
    ) -> Result<(), SendError> {
        let (challenge, token) = (*challenge, token.clone());
        self.deliver(Channel::Call, to, |world, _, arrives| {
            if arrives {
                world.past.calls.push(PlacedCall { challenge, token, stage: 0 });
            }
        })
        .await
    }
}

/// Stands for KMS: the same token for the same facts, signed by nobody.
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
