//! The simulated store. Each operation yields once before and once after it takes effect, so that anything can
//! happen in between.

use std::pin::Pin;
use std::task::{Context, Poll};

use domain::budget::CountryRecord;
use domain::call::{CallEvent, CallToken, Key};
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::delivery::Delivery;
use domain::identity::{Administrator, ChallengeId, ChallengeKey, SubjectId};
use domain::phone::Country;
use domain::policy::Policy;
use domain::ports::{ChallengeStore, ReceiptStore, Recorded, Settlement, Started, StoreError, SwitchStore};
use domain::quota::Counter;
use domain::receipt::Receipt;
use domain::refusal::Refused;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use domain::subject::Subject;
use domain::switches::Switches;
use domain::time::Timestamp;

use crate::coverage::Seen;
use crate::invariants::{self, Effect};
use crate::world::{Fault, Shared, World};

/// Yields once.
pub(crate) struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

pub(crate) const fn pause() -> Pause {
    Pause(false)
}

fn down() -> StoreError {
    StoreError::Unavailable("simulated".into())
}

const UPDATE: [Fault; 4] = [Fault::Conflict, Fault::Down, Fault::Lost, Fault::Twice];
/// Transactions carry a client token: sent twice, they are applied once.
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
            self.breaks("a request that should have been refused before it reached the store".to_owned());
        }
    }

    fn note_fault(&mut self, fault: Option<Fault>, conflict: bool) {
        self.errand().conflicts += u32::from(conflict);
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
            (world.fault(&[Fault::Down, Fault::Torn, Fault::Torn]), world.model.items(subject))
        };
        pause().await;
        let mut world = self.world();
        world.note_fault(fault, false);
        match fault {
            Some(Fault::Torn) => Ok(torn(&mut world, stored, subject)),
            Some(_) => Err(down()),
            None => Ok(Snapshot::of(stored.0, stored.1)),
        }
    }

    async fn start(&self, transaction: &StartTransaction) -> Result<Started, StoreError> {
        let subject = transaction.challenge.id.key.subject;
        let started = self.write(&TRANSACTION, |world| {
            let effect = Effect::Start(transaction);
            let former = world.model.challenge(&transaction.challenge.id.key).cloned();
            let started = world.apply(&subject, &effect, |model| model.start(transaction));
            if matches!(started, Ok(Started::Applied)) {
                invariants::started(world, transaction, former.as_ref());
            }
            started
        });
        let started = started.await?;
        if started == Started::Applied {
            let challenge = &transaction.challenge;
            self.world().errand().to_send = Some((challenge.id, transaction.channel, challenge.phone.clone()));
        }
        Ok(started)
    }

    async fn note_refusal(&self, refused: &Refused<'_>, now: Timestamp) -> Result<(), StoreError> {
        let noted = self.write(&UPDATE, |world| {
            let effect = Effect::NoteRefusal(refused);
            world.apply(refused.subject, &effect, |model| model.note_refusal(refused, now))
        });
        noted.await
    }

    /// In parallel with the read of the subject, so it counts as no round trip of its own.
    async fn country(&self, country: Country) -> Result<CountryRecord, StoreError> {
        pause().await;
        let (fault, record) = {
            let mut world = self.world();
            (world.fault(&[Fault::Down]), world.model.country(country))
        };
        pause().await;
        self.world().note_fault(fault, false);
        if fault.is_some() { Err(down()) } else { Ok(record) }
    }

    async fn record_send(
        &self,
        challenge: &ChallengeId,
        channel: Channel,
        sent_at: Timestamp,
        delivery: Delivery,
        given_back: &[Counter],
    ) -> Result<(), StoreError> {
        let recorded = self.write(&UPDATE, |world| {
            let effect = Effect::RecordSend(channel, delivery, given_back);
            world.apply(&challenge.key.subject, &effect, |model| {
                model.record_send(challenge, channel, sent_at, delivery, given_back);
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

    async fn settle(&self, challenge: &Challenge, policy: &Policy, now: Timestamp) -> Result<Settlement, StoreError> {
        let (subject, effect) = (challenge.id.key.subject, Effect::Settle(challenge));
        let settled = self.write(&TRANSACTION, |world| {
            let settled = world.apply(&subject, &effect, |model| model.try_to_settle(challenge, policy, now));
            invariants::shared(world);
            if !matches!(settled, Some(Settlement::Settled(_))) {
                world.saw(Seen::SettleRefused);
            }
            Ok(settled)
        });
        if let Some(settled) = settled.await? {
            return Ok(settled);
        }
        let refused = self.write(&UPDATE, |world| {
            world.saw(Seen::ClosedAsRefused);
            Ok(world.apply(&subject, &effect, |model| model.refuse(challenge)))
        });
        refused.await
    }

    async fn advance_call(
        &self,
        challenge: &ChallengeId,
        token: &CallToken,
        event: CallEvent,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let is_transaction = matches!(event, CallEvent::Pressed(Key::Fraud | Key::Block));
        let subject = challenge.key.subject;
        let advanced = self.write(if is_transaction { &TRANSACTION } else { &UPDATE }, |world| {
            let effect = Effect::AdvanceCall(challenge, token, event);
            Ok(world.apply(&subject, &effect, |model| model.advance_call(challenge, token, event, policy, now)))
        });
        let current = advanced.await?;
        if !is_transaction {
            return Ok(current);
        }
        pause().await; // the current challenge is read in a request of its own
        Ok(self.world().model.challenge(&challenge.key).cloned())
    }
}

impl SwitchStore for Shared {
    /// In parallel with the read of the subject, so it counts as no round trip of its own.
    async fn switches(&self) -> Result<Switches, StoreError> {
        pause().await;
        let (fault, switches) = {
            let mut world = self.world();
            let fault = world.fault(&[Fault::Down]);
            let clock = world.clock;
            if fault.is_some() {
                world.past.unreadable_switches_at = Some(clock);
            }
            world.errand().read_switches = Some(if fault.is_some() { Err(()) } else { Ok(clock) });
            (fault, world.model.switches().clone())
        };
        pause().await;
        self.world().note_fault(fault, false);
        if fault.is_some() { Err(down()) } else { Ok(switches) }
    }

    async fn switch(&self, after: &Switches, _: &Administrator, _: Timestamp) -> Result<(), StoreError> {
        self.write(&UPDATE, |world| {
            let before = world.model.switches().clone();
            let switched = world.model.switch(after);
            invariants::switched(world, &before);
            switched
        })
        .await
    }
}

impl ReceiptStore for Shared {
    async fn record_receipt(
        &self,
        key: &ChallengeKey,
        receipt: &Receipt,
        _: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let recorded = self.write(&UPDATE, |world| {
            let effect = Effect::Receipt(key, receipt);
            Ok(world.apply(&key.subject, &effect, |model| model.record_receipt(key, receipt)))
        });
        recorded.await
    }
}

/// Each item as it was at one of two moments.
fn torn(world: &mut World, (subject, challenges): (Subject, Vec<Challenge>), id: &SubjectId) -> Snapshot {
    let (later, now) = world.model.items(id);
    let subject = if world.chance(500) { subject } else { later };
    let mut mixed = Vec::new();
    for challenge in now {
        let old = challenges.iter().find(|old| old.id.key == challenge.id.key);
        match (world.chance(500), old) {
            (true, _) => mixed.push(challenge),
            (false, Some(old)) => mixed.push(old.clone()),
            (false, None) => {}
        }
    }
    let mixed = Snapshot::of(subject, mixed);
    if mixed.is_torn(world.clock) {
        world.errand().conflicts += 1;
        world.saw(Seen::TornReadNoticed);
    }
    mixed
}
