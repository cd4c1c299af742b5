//! What a request to send may do: nothing, resend, add the other channel, or begin a challenge.
//!
//! [`Start::decide`] turns what the store holds into one [`Draft`], which the store applies as one
//! transaction on condition that nothing it was decided on has changed.

use std::collections::BTreeSet;

use rand::CryptoRng;

use crate::call::{Call, CallToken};
use crate::challenge::{Challenge, Delivery, NumberSource, Outcome, Sends};
use crate::channel::Channel;
use crate::code::{Code, MacKeys};
use crate::identity::{ChallengeId, ChallengeKey};
use crate::limits;
use crate::locale::Locale;
use crate::phone::{Dialled, Line, NumberingPlan, PhoneNumber, PhoneRefusal, Reach, Subscriber};
use crate::policy::Policy;
use crate::refusal::{Refusal, SendLimit};
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::time::Timestamp;

/// Whether a number may be typed at the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// Whoever has passed the first factor may enrol a number where none is known.
    SelfService,
    /// Numbers come from the first factor's verified claims only.
    ClaimsOnly,
}

/// What a deployment allows.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The numbers.
    pub policy: Policy,
    /// The channels in use.
    pub channels: BTreeSet<Channel>,
    /// Who may enrol a number.
    pub enrolment: Enrolment,
}

/// A request to send, as far as it has been parsed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The login session that asks.
    pub key: ChallengeKey,
    /// By which channel.
    pub channel: Channel,
    /// The number typed at the prompt.
    pub typed: Option<Subscriber>,
    /// The number that the first factor vouches for.
    pub claimed: Option<PhoneNumber>,
    /// The language to use.
    pub locale: Locale,
    /// Until when the challenge must be remembered, so that its deletion revives nothing.
    pub keep_until: Timestamp,
}

/// What to do.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Send nothing: the challenge that runs, or is approved, is the answer.
    Running,
    /// Apply this, then send.
    Send(Box<Draft>),
}

/// How a draft's challenge relates to what is stored, as the condition of its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// The session has no challenge yet.
    Nothing,
    /// The same generation goes on, as long as it is open.
    Continues,
    /// The next generation takes the place of one that must not have moved since.
    Generation(Former),
}

/// A generation as it was when its successor was decided on: what the successor accounts for and
/// carries over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    /// Which it is.
    pub generation: u32,
    /// Its guesses.
    pub attempts: u32,
    /// Its messages.
    pub messages: u32,
    /// Its calls.
    pub calls: u32,
}

impl Former {
    /// The generation that `challenge` is.
    #[must_use]
    pub const fn of(challenge: &Challenge) -> Self {
        Self {
            generation: challenge.id.generation,
            attempts: challenge.attempts,
            messages: challenge.sms.used,
            calls: challenge.calls.used,
        }
    }
}

/// One transaction that starts, resends or adds a channel.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The channel of the send.
    pub channel: Channel,
    /// When it was decided.
    pub at: Timestamp,
    /// The subject as it shall be; its version is the one read.
    pub subject: Subject,
    /// The challenge as it shall be.
    pub challenge: Challenge,
    /// The condition on what it takes the place of.
    pub replaces: Replaces,
    /// Live challenges of other login sessions, which this one contests.
    pub contests: Vec<ChallengeId>,
    /// When to forget the challenge.
    pub keep_until: Timestamp,
}

impl Draft {
    /// Draws the code to send and adds its MAC.
    pub fn add_code(&mut self, keys: &MacKeys, random: &mut impl CryptoRng) -> Code {
        let challenge = &mut self.challenge;
        let (code, mac) = keys.issue(&challenge.id, &challenge.phone, &challenge.codes, self.at, random);
        challenge.codes.push(mac);
        code
    }

    /// What is stored once the draft is applied.
    #[must_use]
    pub fn applied(&self, mut stored: Snapshot) -> Snapshot {
        stored.subject = self.subject.clone();
        stored.replace(self.challenge.clone());
        stored
    }

    /// Draws the token of the call to place and adds the call.
    pub fn add_call(&mut self, random: &mut impl CryptoRng) -> CallToken {
        let token = CallToken::draw(random);
        self.challenge.call = Some(Call::place(&token, self.at));
        token
    }
}

/// Decides about requests to send.
pub struct Start<'a, P> {
    /// What the deployment allows.
    pub rules: &'a Rules,
    /// Which numbers it sends to.
    pub reach: &'a Reach,
    /// The numbering plan.
    pub plan: &'a P,
}

impl<P: NumberingPlan> Start<'_, P> {
    /// What `request` may do, given what is stored.
    pub fn decide(&self, stored: &Snapshot, request: &Request, now: Timestamp) -> Result<Decision, Refusal> {
        let own = stored.challenge(&request.key);
        match own.map(|challenge| challenge.outcome) {
            Some(Outcome::Approved { .. }) => return Ok(Decision::Running),
            Some(Outcome::Denied) => return Err(Refusal::Denied),
            Some(Outcome::Pending) | None => {}
        }
        if let Some(until) = stored.subject.blocked(now) {
            return Err(Refusal::Blocked(until));
        }
        let (phone, source) = self.number(stored, request)?;
        let dialled = self.reachable(&phone, request.channel)?;
        let phone = if source == NumberSource::Claimed { dialled } else { phone };

        let same_number = own.filter(|challenge| challenge.phone == phone && challenge.source == source);
        if same_number.is_some_and(|challenge| self.is_running(challenge, request.channel, now)) {
            return Ok(Decision::Running);
        }
        let mut draft = match same_number.filter(|challenge| challenge.is_open(now)) {
            Some(challenge) => self.continuation(stored, challenge, request, now),
            None => self.next_generation(stored, own, request, (phone, source), now)?,
        };
        self.within_limits(&draft)?;
        note_send(&mut draft);
        Ok(Decision::Send(Box::new(draft)))
    }

    /// The number to prove: the enrolled one, else the claimed one, else the typed one.
    fn number(&self, stored: &Snapshot, request: &Request) -> Result<(PhoneNumber, NumberSource), Refusal> {
        let known = match (&stored.subject.binding, &request.claimed) {
            (Some(binding), _) => Some((binding.number.clone(), NumberSource::Enrolled(binding.version))),
            (None, Some(claimed)) => Some((claimed.clone(), NumberSource::Claimed)),
            (None, None) => None,
        };
        match (known, &request.typed) {
            (Some(_), Some(_)) => Err(Refusal::NumberKnown),
            (Some(known), None) => Ok(known),
            (None, _) if self.rules.enrolment == Enrolment::ClaimsOnly => Err(Refusal::EnrolmentClosed),
            (None, Some(typed)) => Ok((typed.number.clone(), NumberSource::Typed)),
            (None, None) => stored
                .challenge(&request.key)
                .filter(|challenge| challenge.source == NumberSource::Typed)
                .map(|challenge| (challenge.phone.clone(), NumberSource::Typed))
                .ok_or(Refusal::NumberRequired),
        }
    }

    fn reachable(&self, phone: &PhoneNumber, channel: Channel) -> Result<PhoneNumber, Refusal> {
        let subscriber = Dialled::parse(phone.expose())
            .ok()
            .and_then(|dialled| self.plan.find(&dialled, None))
            .ok_or(Refusal::Number(PhoneRefusal::Invalid))?;
        let Subscriber { line, number, .. } = self.reach.admit(subscriber).map_err(Refusal::Number)?;
        let usable = self.rules.channels.contains(&channel) && (channel == Channel::Call || line == Line::Mobile);
        if usable { Ok(number) } else { Err(Refusal::ChannelUnavailable) }
    }

    /// Whether the channel's last send is too fresh, or its call still going on.
    fn is_running(&self, challenge: &Challenge, channel: Channel, now: Timestamp) -> bool {
        let cooling = challenge.next_send_at(channel, &self.rules.policy).is_some_and(|at| at > now);
        let calling = challenge.call.as_ref().is_some_and(|call| call.is_live(now));
        cooling || (channel == Channel::Call && calling && challenge.is_open(now))
    }

    fn continuation(&self, stored: &Snapshot, challenge: &Challenge, request: &Request, now: Timestamp) -> Draft {
        let mut challenge = challenge.clone();
        let latest = challenge.created_at + Policy::MAX_CODE_LIFE;
        challenge.expires_at = challenge.expires_at.max(latest.min(now + self.rules.policy.code_life));
        challenge.locale = request.locale;
        if let Some((_, Delivery::Failed)) = challenge.sms.last.filter(|_| request.channel == Channel::Sms) {
            challenge.codes.pop(); // nobody has it: it would only be one more code to guess
        }
        let mut subject = stored.subject.clone();
        subject.account_for(&stored.challenges, now);
        Draft {
            channel: request.channel,
            at: now,
            subject,
            challenge,
            replaces: Replaces::Continues,
            contests: Vec::new(),
            keep_until: request.keep_until,
        }
    }

    fn next_generation(
        &self,
        stored: &Snapshot,
        own: Option<&Challenge>,
        request: &Request,
        (phone, source): (PhoneNumber, NumberSource),
        now: Timestamp,
    ) -> Result<Draft, Refusal> {
        self.not_locked(stored, now)?;
        let mut subject = stored.subject.clone();
        subject.account_for(&stored.challenges, now);
        if let Some(own) = own.filter(|own| subject.reserved.contains_key(&own.reservation())) {
            subject.count(own);
        }
        let closed_early = own.filter(|own| own.is_open(now));
        let carried = closed_early.map_or(0, |own| own.attempts);
        let policy = &self.rules.policy;
        let guesses = subject.budget(policy).min(policy.max_guesses.saturating_sub(carried));
        if guesses == 0 {
            return Err(Refusal::TooManyFailures(now + policy.code_life));
        }
        let carry = |sends: &Sends| Sends { used: sends.used, last: None };
        let challenge = Challenge {
            id: ChallengeId { key: request.key, generation: own.map_or(1, |own| own.id.generation.saturating_add(1)) },
            phone,
            source,
            locale: request.locale,
            created_at: now,
            expires_at: now + policy.code_life.min(Policy::MAX_CODE_LIFE),
            attempts: carried,
            carried,
            max_attempts: carried + guesses,
            last_guess_at: None,
            outcome: Outcome::Pending,
            codes: Vec::new(),
            sms: closed_early.map(|own| carry(&own.sms)).unwrap_or_default(),
            calls: closed_early.map(|own| carry(&own.calls)).unwrap_or_default(),
            call: None,
            contested: false,
        };
        subject.reserved.insert(challenge.reservation(), guesses);
        let replaces = own.map_or(Replaces::Nothing, |own| Replaces::Generation(Former::of(own)));
        let mut draft = Draft {
            channel: request.channel,
            at: now,
            subject,
            challenge,
            replaces,
            contests: Vec::new(),
            keep_until: request.keep_until,
        };
        contest(&mut draft, stored, now);
        Ok(draft)
    }

    fn not_locked(&self, stored: &Snapshot, now: Timestamp) -> Result<(), Refusal> {
        let policy = &self.rules.policy;
        let (failures, last) = stored.subject.failures_so_far(&stored.challenges);
        if failures >= policy.lock_at_failures {
            return Err(Refusal::Locked);
        }
        match last.map(|at| at + policy.delay_after(failures)).filter(|until| *until > now) {
            Some(until) => Err(Refusal::TooManyFailures(until)),
            None => Ok(()),
        }
    }

    fn within_limits(&self, draft: &Draft) -> Result<(), Refusal> {
        let policy = &self.rules.policy;
        if draft.challenge.sends(draft.channel).used >= policy.max_sends {
            return Err(Refusal::SendLimit(SendLimit {
                policy: "challenge",
                quota: policy.max_sends as usize,
                window: policy.code_life,
                retry_at: draft.challenge.expires_at,
            }));
        }
        limits::reached(&draft.subject, draft.channel, policy, draft.at)
            .map_or(Ok(()), |limit| Err(Refusal::SendLimit(limit)))
    }
}

/// Where two login sessions of one subject are live, `#` must not approve the other's.
fn contest(draft: &mut Draft, stored: &Snapshot, now: Timestamp) {
    let others = stored.challenges.iter().filter(|other| other.id.key != draft.challenge.id.key && !other.is_over(now));
    draft.contests = others.map(|other| other.id).collect();
    draft.challenge.contested = !draft.contests.is_empty();
}

fn note_send(draft: &mut Draft) {
    let sends = draft.challenge.sends_mut(draft.channel);
    sends.used += 1;
    sends.last = Some((draft.at, Delivery::Accepted));
    draft.subject.note_send(draft.channel, draft.at);
}
