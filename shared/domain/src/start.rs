//! What a request to send may do: nothing, resend, add the other channel, or start a challenge.
//!
//! [`Start::decide`] turns what is stored into one [`StartTransaction`], which the store applies as one
//! transaction on condition that nothing it was decided on has changed.

use crate::challenge::{Challenge, Former, NumberSource, Outcome, Sends};
use crate::change;
use crate::channel::Channel;
use crate::delivery::Delivery;
use crate::enrolment::{self, Typing};
use crate::identity::ChallengeId;
use crate::limit::Limit;
use crate::limits;
use crate::phone::{Country, Destination, Dialled, Line, NumberingPlan, PhoneNumber, PhoneRefusal, Subscriber};
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::quota::{self, SendLimit};
use crate::refusal::{Consequence, Contest, Refusal};
use crate::request::Request;
use crate::rules::{Rules, TestNumber};
use crate::snapshot::Snapshot;
use crate::start_transaction::{Predecessor, Replaces, StartTransaction};
use crate::subject::Lockout;
use crate::switches::{Pause, Switches};
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub enum Decision {
    /// Send nothing: the challenge that is running or approved is the answer.
    Running,
    /// Apply this, then send.
    Send(Box<StartTransaction>),
}

/// Decides what a request to send may do.
pub struct Start<'a, P> {
    pub rules: &'a Rules,
    pub plan: &'a P,
    pub switches: &'a Switches,
}

impl<P: NumberingPlan> Start<'_, P> {
    /// What `request` may do, given what is stored.
    pub fn decide(&self, stored: &Snapshot, request: &Request, now: Timestamp) -> Result<Decision, Refusal> {
        let own = stored.challenge(&request.key);
        match own.map(|challenge| (challenge.outcome, challenge.source)) {
            Some((Outcome::Approved { settled: true, .. }, NumberSource::Enrolled(_)))
                if request.purpose == Purpose::Change => {} // the proof of the current number
            // While blocked, the answer is `blocked` and not `denied`.
            Some((Outcome::Denied, _)) if stored.subject.blocked(now).is_some() => {}
            _ if own.is_some_and(|own| own.is_refused(now)) => {} // the next generation replaces it
            Some((Outcome::Approved { .. }, _)) => return Ok(Decision::Running),
            Some((Outcome::Denied, _)) => return Err(Refusal::Denied),
            Some((Outcome::Pending | Outcome::Refused, _)) | None => {}
        }
        if let Some(until) = stored.subject.blocked(now) {
            return Err(Refusal::Blocked(until));
        }
        let target = self.target(stored, request, now).map_err(|refusal| self.or_paused(refusal, request, now))?;
        let Target { destination, source, .. } = &target;
        let countries = [destination.country];
        let adds = enrolment::adds_a_number(stored, own, request.purpose, now);
        let pause = self.switches.pause(request.channel, &countries, adds, now);
        let continues = own.filter(|own| !own.is_refused(now));
        let same_number = continues.filter(|own| own.phone == destination.number && own.source == *source);
        if same_number.is_some_and(|challenge| self.is_running(challenge, request.channel, now)) {
            return Ok(Decision::Running);
        }
        if let Some(call) = live_call(stored, request, now).and_then(|challenge| challenge.call.as_ref()) {
            return Err(later(limits::live_call(call, &stored.subject, now), pause));
        }
        let mut transaction = match same_number.filter(|challenge| challenge.is_open(now)) {
            Some(challenge) => self.continuation(stored, challenge, request, now),
            None => self.next_generation(stored, own, request, target, now)?,
        };
        let reached = self.reached(stored, &transaction);
        if let Some(refusal) = reached.map(|limit| later(limit, pause)).or(pause.map(Refusal::from)) {
            return Err(refusal);
        }
        contest(&mut transaction, stored, now);
        note_send(&mut transaction);
        let Challenge { phone, source, .. } = &transaction.challenge;
        transaction.charges = quota::charges(phone, source.is_unverified(), request.network, &self.rules.policy, now);
        if *source == NumberSource::Typed {
            transaction.challenge.expires_at =
                self.within_opening(stored, request, transaction.challenge.expires_at, now);
        }
        transaction.max_accounts = transaction.challenge.source.enrols().then_some(self.rules.policy.max_accounts);
        if transaction.challenge.source == NumberSource::Test {
            transaction.test_code = self.prompted_test(stored, request, now).map(|test| test.code.clone());
        }
        Ok(Decision::Send(Box::new(transaction)))
    }

    /// What a refusal changes, which is recorded instead of the refusal. The first refusal for too many failures locks the
    /// subject. A refusal because of another login's call makes that call contested, since the user who takes
    /// it may think it is the one they asked for; and the refused login's next challenge.
    #[must_use]
    pub fn consequence(
        &self,
        stored: &Snapshot,
        request: &Request,
        refusal: Refusal,
        now: Timestamp,
    ) -> Option<Consequence> {
        match refusal {
            Refusal::Locked if stored.subject.locked_at.is_none() => {
                let mut subject = stored.subject.clone();
                subject.account_for(&stored.challenges, now);
                Some(Consequence::Lock(Box::new(subject)))
            }
            Refusal::SendLimit(SendLimit { limit: Limit::CallLive | Limit::CallReported, .. })
            | Refusal::ChannelPaused(_)
            | Refusal::EnrolmentPaused(_) => {
                let refused = request.key.session;
                let other = live_call(stored, request, now).filter(|other| other.outcome == Outcome::Pending)?;
                let unmarked = !other.contested && !other.id.key.session.is_same_login(&refused);
                let version = stored.subject.version;
                unmarked.then(|| Consequence::Contest(Box::new(Contest { call_of: other.id, refused, version })))
            }
            _ => None,
        }
    }

    /// The number to prove, if the channel can reach it.
    fn target(&self, stored: &Snapshot, request: &Request, now: Timestamp) -> Result<Target, Refusal> {
        if let Some(test) = self.prompted_test(stored, request, now) {
            return Target::test(test.number.clone(), request.channel);
        }
        let (subscriber, source, former) = match request.purpose {
            Purpose::Login => {
                let (subscriber, source) = self.number(stored, request, now)?;
                (subscriber, source, None)
            }
            Purpose::Change => change::number(stored, request, now)?,
        };
        let (subscriber, source, former) = match source {
            NumberSource::Enrolled(version) => self.as_numbered_today(subscriber, version, request.purpose, now)?,
            _ => (self.as_reached_by(request.channel, subscriber), source, former),
        };
        let destination = self.reachable(subscriber, request.channel)?;
        if !self.rules.proves(request.purpose, request.channel) {
            return Err(Refusal::ChannelUnavailable);
        }
        Ok(Target { destination, source, former })
    }

    /// The test number typed at the prompt, in this request or before.
    fn prompted_test(&self, stored: &Snapshot, request: &Request, now: Timestamp) -> Option<&TestNumber> {
        let may_type = request.purpose == Purpose::Login && enrolment::takes_test_numbers(&request.login());
        if !may_type || stored.subject.binding.is_some() || request.claimed.is_some() {
            return None;
        }
        let own = stored.challenge(&request.key).filter(|own| own.source == NumberSource::Test);
        let typed = request.typed.as_ref().map(|typed| &typed.number);
        self.rules.test_number(typed.or(own.map(|own| &own.phone))?, &request.sub, now)
    }

    /// The number to sign in with: the enrolled one, else the claimed one, else the typed one, which was looked up
    /// in the plan when the request was parsed.
    fn number(
        &self,
        stored: &Snapshot,
        request: &Request,
        now: Timestamp,
    ) -> Result<(Subscriber, NumberSource), Refusal> {
        let typed = request.typed.as_ref();
        match (&stored.subject.binding, &request.claimed) {
            (None, None) => {}
            (..) if typed.is_some() => return Err(Refusal::NumberKnown),
            (Some(binding), _) => return Ok((binding.subscriber(), NumberSource::Enrolled(binding.version))),
            (None, Some(claimed)) => return Ok((self.look_up(claimed)?, NumberSource::Claimed)),
        }
        match Typing::of(self.rules, &request.login(), &stored.subject, now) {
            Typing::Open | Typing::OpenUntil(_) => {}
            Typing::TestNumbers if typed.is_none() => return Err(Refusal::NumberRequired),
            Typing::TestNumbers | Typing::Closed => return Err(Refusal::EnrolmentClosed),
        }
        let before = stored.challenge(&request.key).filter(|challenge| challenge.source == NumberSource::Typed);
        let subscriber = typed.cloned().or_else(|| before.map(Challenge::subscriber));
        Ok((subscriber.ok_or(Refusal::NumberRequired)?, NumberSource::Typed))
    }

    /// A number typed under an opening is proven before that ends, or not at all.
    fn within_opening(&self, stored: &Snapshot, request: &Request, expiry: Timestamp, now: Timestamp) -> Timestamp {
        match Typing::of(self.rules, &request.login(), &stored.subject, now) {
            Typing::OpenUntil(until) => expiry.min(until),
            Typing::Open | Typing::TestNumbers | Typing::Closed => expiry,
        }
    }

    /// The plan's entry for a claimed number, whose spelling the plan may correct.
    fn look_up(&self, claimed: &PhoneNumber) -> Result<Subscriber, Refusal> {
        let dialled = Dialled::parse(claimed.expose()).ok();
        let found = dialled.and_then(|dialled| self.plan.find(&dialled, None));
        found.ok_or(Refusal::Number(PhoneRefusal::Invalid))
    }

    /// An enrolled number whose country has changed its numbers is proven, at a login, in the form that the plan
    /// derives, which then takes its place. Nothing that was typed can, and without a derived form nothing at all.
    fn as_numbered_today(
        &self,
        enrolled: Subscriber,
        version: u64,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<(Subscriber, NumberSource, Option<Former>), Refusal> {
        let today = self.look_up(&enrolled.number).map_err(|_| Refusal::NumberOutdated)?;
        if today.number == enrolled.number {
            return Ok((enrolled, NumberSource::Enrolled(version), None));
        }
        if purpose == Purpose::Change {
            return Err(Refusal::NumberOutdated);
        }
        let former = Former { number: enrolled.number, proven_at: now };
        Ok((today, NumberSource::Replacing(version), Some(former)))
    }

    /// A number that may be a mobile in another form gets its messages there.
    fn as_reached_by(&self, channel: Channel, subscriber: Subscriber) -> Subscriber {
        let mobile_form = subscriber.number.mobile_form().filter(|_| channel == Channel::Sms);
        let mobile = mobile_form.and_then(|number| self.look_up(&number).ok());
        mobile.filter(|mobile| mobile.line == Line::Mobile).unwrap_or(subscriber)
    }

    /// Whether the first factor vouches for a number other than the enrolled one, which wins. However the claim is
    /// written, the plan says whose number it is.
    fn claims_another(&self, stored: &Snapshot, request: &Request, target: &PhoneNumber) -> bool {
        let (Some(binding), Some(claimed)) = (&stored.subject.binding, &request.claimed) else { return false };
        let is_same = |claimed: &PhoneNumber| claimed.is_same_line(&binding.number) || claimed.is_same_line(target);
        !is_same(claimed) && !self.look_up(claimed).is_ok_and(|claimed| is_same(&claimed.number))
    }

    fn reachable(&self, subscriber: Subscriber, channel: Channel) -> Result<Destination, Refusal> {
        let destination = self.rules.reach.admit(subscriber).map_err(Refusal::Number)?;
        let serves = self.rules.serves(destination.country, destination.line, channel);
        if serves { Ok(destination) } else { Err(Refusal::ChannelUnavailable) }
    }

    /// Whether the channel's cooldown is not over, or its call may still be in progress.
    fn is_running(&self, challenge: &Challenge, channel: Channel, now: Timestamp) -> bool {
        let cooling = challenge.next_send_at(channel, &self.rules.policy).is_some_and(|at| at > now);
        let calling = challenge.call.as_ref().is_some_and(|call| call.is_live(now));
        cooling || (channel == Channel::Call && calling && challenge.is_open(now))
    }

    fn continuation(
        &self,
        stored: &Snapshot,
        challenge: &Challenge,
        request: &Request,
        now: Timestamp,
    ) -> StartTransaction {
        let mut challenge = challenge.clone();
        let latest = challenge.created_at + Policy::MAX_CODE_LIFE;
        challenge.expires_at = challenge.expires_at.max(latest.min(now + self.rules.policy.code_life));
        challenge.locale = request.locale;
        if let Some((_, Delivery::Failed)) = challenge.sms.last.filter(|_| request.channel == Channel::Sms) {
            challenge.codes.pop(); // nobody received it: it would only be one more code to guess
        }
        let mut subject = stored.subject.clone();
        subject.account_for(&stored.challenges, now);
        StartTransaction::of(request, subject, challenge, Replaces::Continues, now)
    }

    fn next_generation(
        &self,
        stored: &Snapshot,
        own: Option<&Challenge>,
        request: &Request,
        target: Target,
        now: Timestamp,
    ) -> Result<StartTransaction, Refusal> {
        self.not_locked(stored, own, now)?;
        let mut subject = stored.accounted_for(own, now);
        let closed_early = own.filter(|own| own.is_open(now));
        let carried = closed_early.map_or(0, |own| own.attempts);
        let policy = &self.rules.policy;
        let guesses = subject.budget(policy).min(policy.max_guesses.saturating_sub(carried));
        if guesses == 0 {
            return Err(Refusal::TooManyFailures(now + policy.code_life));
        }
        let claim_mismatch = self.claims_another(stored, request, &target.destination.number);
        let Destination { number, country, line } = target.destination;
        let carry = |sends: &Sends| Sends { used: sends.used, last: None };
        let challenge = Challenge {
            id: ChallengeId { key: request.key, generation: own.map_or(1, |own| own.id.generation.saturating_add(1)) },
            phone: number,
            country,
            line,
            source: target.source,
            former: target.former,
            purpose: request.purpose,
            claim_mismatch,
            locale: request.locale,
            subject_version: subject.version + 1,
            created_at: now,
            expires_at: now + policy.code_life.min(Policy::MAX_CODE_LIFE),
            attempts: carried,
            carried,
            max_attempts: carried + guesses,
            last_guess_at: None,
            outcome: Outcome::Pending,
            codes: Vec::new(),
            spoken: Vec::new(),
            sms: closed_early.map(|own| carry(&own.sms)).unwrap_or_default(),
            calls: closed_early.map(|own| carry(&own.calls)).unwrap_or_default(),
            call: None,
            receipts: None,
            former_calls: own.map(|own| own.calls_to_keep(now)).unwrap_or_default(),
            contested: closed_early.is_some_and(|own| own.contested),
            machine_answered_at: own.and_then(|own| own.machine_answered_at),
            answers: 0,
            charged: Vec::new(),
        };
        subject.reserved.insert(challenge.reservation(), guesses);
        let replaces = match own {
            None => Replaces::Nothing,
            Some(own) if own.is_settled() => Replaces::Proof { generation: own.id.generation, answers: own.answers },
            Some(own) if own.is_refused(now) => Replaces::Refused(Predecessor::of(own)),
            Some(own) => Replaces::Generation(Predecessor::of(own)),
        };
        Ok(StartTransaction::of(request, subject, challenge, replaces, now))
    }

    fn not_locked(&self, stored: &Snapshot, own: Option<&Challenge>, now: Timestamp) -> Result<(), Refusal> {
        match stored.lockout(own, &self.rules.policy, now) {
            Lockout::Free => Ok(()),
            Lockout::Delayed(until) => Err(Refusal::TooManyFailures(until)),
            Lockout::Locked => Err(Refusal::Locked),
        }
    }

    /// The limit that the send would exceed: of several, the one that lasts longest.
    fn reached(&self, stored: &Snapshot, transaction: &StartTransaction) -> Option<SendLimit> {
        let policy = &self.rules.policy;
        let used = transaction.challenge.sends(transaction.channel).used;
        let of_challenge = (used >= policy.max_sends).then_some(SendLimit {
            limit: Limit::Challenge,
            quota: policy.max_sends as usize,
            window: policy.code_life,
            retry_at: transaction.challenge.expires_at,
        });
        let of_subject = limits::reached(stored, transaction.channel, policy, transaction.at);
        [of_challenge, of_subject].into_iter().flatten().max_by_key(|limit| limit.retry_at)
    }

    /// Whoever would be refused once they have given a number is told so before.
    fn or_paused(&self, refusal: Refusal, request: &Request, now: Timestamp) -> Refusal {
        let pause = self.switches.pause(request.channel, &[], true, now);
        let pause = pause.filter(|pause| pause.of_enrolment && refusal == Refusal::NumberRequired);
        pause.map_or(refusal, Refusal::from)
    }
}

/// Why nothing is sent, if a limit is reached and perhaps a switch is set: whichever lasts longer.
fn later(limit: SendLimit, pause: Option<Pause>) -> Refusal {
    pause.filter(|pause| pause.until >= limit.retry_at).map_or(Refusal::SendLimit(limit), Refusal::from)
}

/// The number that a challenge goes to, and where it came from.
struct Target {
    destination: Destination,
    source: NumberSource,
    former: Option<Former>,
}

impl Target {
    /// A test number, which cannot be called.
    fn test(number: PhoneNumber, channel: Channel) -> Result<Self, Refusal> {
        if channel == Channel::Call {
            return Err(Refusal::ChannelUnavailable);
        }
        let destination = Destination { number, country: Country::NONE, line: Line::Mobile };
        Ok(Self { destination, source: NumberSource::Test, former: None })
    }
}

/// The subject's challenge that has a call in progress, if the request asks for a call.
fn live_call<'a>(stored: &'a Snapshot, request: &Request, now: Timestamp) -> Option<&'a Challenge> {
    let mut challenges = stored.challenges.iter();
    if request.channel == Channel::Call { challenges.find(|challenge| challenge.has_live_call(now)) } else { None }
}

/// Where two logins of one subject compete, `#` must not approve the other's: marks this challenge, and those of
/// other logins that could still be approved.
fn contest(transaction: &mut StartTransaction, stored: &Snapshot, now: Timestamp) {
    let own = transaction.challenge.id.key.session;
    let unmarked = stored.others(&own).filter(|other| !other.is_over(now) && !other.contested);
    transaction.contests = unmarked.map(|other| other.id).collect();
    transaction.challenge.contested |= stored.contests(&own, now);
}

fn note_send(transaction: &mut StartTransaction) {
    let nothing_to_send = transaction.challenge.source == NumberSource::Test;
    let delivery = if nothing_to_send { Delivery::Accepted } else { Delivery::Sending };
    let sends = transaction.challenge.sends_mut(transaction.channel);
    sends.used += 1;
    sends.last = Some((transaction.at, delivery));
    transaction.subject.note_send(transaction.channel, transaction.at);
}
