//! What the page needs in order to render, computed from what is stored.

use std::time::Duration;

use crate::call::{Call, CallState, FraudReport};
use crate::challenge::{Challenge, NumberSource, Outcome};
use crate::change::{self, Step};
use crate::channel::Channel;
use crate::code::{DigitCount, MacKeys, MatchDigits};
use crate::delivery::Delivery;
use crate::enrolment;
use crate::limit::Limit;
use crate::limits;
use crate::phone::{Country, Line, PhoneNumber};
use crate::policy::Policy;
use crate::polling::{poll_after, poll_after_report};
use crate::purpose::Purpose;
use crate::quota::SendLimit;
use crate::receipt::Arrival;
use crate::request::Login;
use crate::result::Approval;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::subject::Lockout;
use crate::switches::{Pause, Switches};
use crate::time::Timestamp;
use crate::words::words;

/// The state of a login session's challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Never started.
    None,
    /// Waiting for the phone.
    Pending,
    /// The phone is proven, and the approval is final.
    Approved,
    /// Denied by a fraud report or an administrator.
    Denied,
    /// Its number is no longer the account's or cannot be enrolled, so it can never be approved.
    Refused,
    Expired,
    /// Its guesses are used up.
    Exhausted,
    /// Too many failures: locked until the given time, or until an administrator unlocks the subject.
    Locked,
    /// The subject reported fraud twice.
    Blocked,
}

words!(State {
    None => "none",
    Pending => "pending",
    Approved => "approved",
    Denied => "denied",
    Refused => "refused",
    Expired => "expired",
    Exhausted => "exhausted",
    Locked => "locked",
    Blocked => "blocked",
});

/// Why a channel cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Its last send is too recent.
    Cooldown,
    /// A limit is reached.
    SendLimit,
    /// A call to the subject may still be in progress: there is one at a time.
    CallLive,
    /// Fraud was reported in a call: nobody is called for a while.
    CallReported,
    /// The challenge is final.
    Closed,
    /// Too many failures.
    Locked,
    /// Fraud was reported twice.
    Blocked,
    /// An operator has stopped it for a while, or that numbers are added.
    Paused,
    /// A number has to be added, and this deployment or this login takes none that is typed.
    EnrolmentClosed,
    /// It is switched off in this deployment.
    Disabled,
    /// It does not reach this kind of line, or is not used in the number's country or for this purpose.
    Unreachable,
}

words!(Unavailable {
    Cooldown => "cooldown",
    SendLimit => "send-limit",
    CallLive => "call-live",
    CallReported => "call-reported",
    Closed => "closed",
    Locked => "locked",
    Blocked => "blocked",
    Paused => "paused",
    EnrolmentClosed => "enrolment-closed",
    Disabled => "disabled",
    Unreachable => "unreachable",
});

/// What became of a channel's last send: what its sending led to, or else whether it arrived. Without the reason, which
/// would tell a stranger that a phone is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSend {
    Sent(Delivery),
    Reported(Arrival),
}

impl LastSend {
    fn of(challenge: &Challenge, channel: Channel) -> Option<Self> {
        let (_, delivery) = challenge.sends(channel).last?;
        let arrival = challenge.arrival().filter(|_| channel == Channel::Sms);
        Some(arrival.map_or(Self::Sent(delivery), Self::Reported))
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent(delivery) => delivery.as_str(),
            Self::Reported(arrival) => arrival.as_str(),
        }
    }
}

/// One channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelStatus {
    /// Why it cannot be used, if it cannot.
    pub unavailable: Option<Unavailable>,
    /// When it can be used next, if that is known.
    pub next_send_at: Option<Timestamp>,
    pub sends_left: usize,
    /// What became of the last send.
    pub last_send: Option<LastSend>,
}

impl ChannelStatus {
    /// Whether it can be used, now or after a wait.
    const fn is_for_now(self) -> bool {
        let Some(reason) = self.unavailable else { return true };
        matches!(
            reason,
            Unavailable::Cooldown | Unavailable::SendLimit | Unavailable::CallLive | Unavailable::CallReported
        )
    }

    /// No wait helps where a number is missing and none may be typed.
    fn unless_closed(self, is_closed: bool) -> Self {
        if !is_closed || !self.is_for_now() {
            return self;
        }
        Self { unavailable: Some(Unavailable::EnrolmentClosed), next_send_at: None, ..self }
    }

    /// A pause goes with the other reasons to wait: the one that lasts longest is told. What is final stays so.
    fn unless_paused(self, pause: Option<Pause>) -> Self {
        match pause.filter(|pause| self.is_for_now() && self.next_send_at.is_none_or(|at| at <= pause.until)) {
            Some(Pause { until, .. }) => {
                Self { unavailable: Some(Unavailable::Paused), next_send_at: Some(until), ..self }
            }
            None => self,
        }
    }
}

/// The status of one challenge, as the page shows it.
#[derive(Clone, Debug)]
pub struct Status {
    pub state: State,
    /// How far the number change has got, if that is the purpose.
    pub change: Option<Step>,
    /// The number it goes or would go to.
    pub phone: Option<PhoneNumber>,
    /// Whether the number was typed and can be corrected.
    pub can_change_number: bool,
    /// When a pending challenge expires.
    pub expires_at: Option<Timestamp>,
    /// How many guesses a pending challenge has left.
    pub attempts_left: Option<u32>,
    /// When a delay or block ends. After a denial, when the subject can be called again.
    pub retry_at: Option<Timestamp>,
    pub sms: ChannelStatus,
    pub call_channel: ChannelStatus,
    /// The state of the latest call.
    pub call: Option<CallState>,
    /// What reporting fraud in one of its calls has led to.
    pub report: Option<FraudReport>,
    /// The digits to enter in the latest call. Added by [`Status::show_digits`], which needs the keys.
    pub match_digits: Option<MatchDigits>,
    /// Whether another login of the subject was active within ten minutes (see [`Challenge::contested`]).
    pub contested: bool,
    /// Until when an operator has stopped that numbers are added, if the user needs to add one.
    pub enrolment_paused_until: Option<Timestamp>,
    /// Whether to offer the other channel.
    pub offer_alternative: bool,
    /// How long to wait before asking again, while that makes sense.
    pub poll_after: Option<Duration>,
    /// The approval to issue a result token for.
    pub approval: Option<Approval>,
}

impl Status {
    /// Adds the digits to enter in a live call of `challenge`, if it asks for any. `keys` are those that
    /// call-callback judges the digits with.
    pub fn show_digits(&mut self, policy: &Policy, keys: &MacKeys, challenge: Option<&Challenge>, now: Timestamp) {
        self.match_digits = challenge.filter(|_| self.state == State::Pending).and_then(|challenge| {
            let (count, call) = asks_for_digits(policy, challenge, now)?;
            Some(keys.digits_of_call(count, &challenge.id, &call.token, call.placed_at))
        });
    }
}

/// The live call of an open challenge that asks for digits of the page, and for how many.
#[must_use]
pub fn asks_for_digits<'a>(
    policy: &Policy,
    challenge: &'a Challenge,
    now: Timestamp,
) -> Option<(DigitCount, &'a Call)> {
    let count = challenge.digits_to_enter(policy)?;
    let call = challenge.call.as_ref().filter(|call| call.is_live(now) && challenge.is_open(now))?;
    Some((count, call))
}

/// The status of the login's challenge.
#[must_use]
pub fn status(rules: &Rules, switches: &Switches, stored: &Snapshot, login: &Login<'_>, now: Timestamp) -> Status {
    let Login { key, purpose, claimed, .. } = *login;
    let binding = stored.subject.binding.as_ref();
    let change = (purpose == Purpose::Change).then(|| change::step(binding, stored.challenge(&key), now));
    // Once the current number is proven, the new one does not have a challenge yet.
    let own = stored.challenge(&key).filter(|own| change != Some(Step::NewNumber) || !own.is_settled());
    let (state, retry_at) = state(&rules.policy, stored, own, now);
    let pending = own.filter(|_| state == State::Pending);
    let typed = own.filter(|challenge| challenge.source.is_unverified() || challenge.source == NumberSource::Test);
    let known = binding.map(|binding| &binding.number).or(claimed).filter(|_| change != Some(Step::NewNumber));
    let line = match own {
        Some(own) => Some((own.country, own.line)),
        None => binding.filter(|_| change != Some(Step::NewNumber)).map(|binding| (binding.country, binding.line)),
    };
    let adds = enrolment::adds_a_number(stored, stored.challenge(&key), purpose, now);
    let is_closed = enrolment::is_closed(rules, stored, login, now);
    let countries = countries(rules, switches, line, known);
    let channel = |channel| {
        let status = channel_status(&rules.policy, stored, own, channel, state, retry_at, now);
        match unusable(rules, own, line, purpose, channel) {
            Some(reason) => ChannelStatus { unavailable: Some(reason), next_send_at: None, ..status },
            None => status.unless_closed(is_closed).unless_paused(switches.pause(channel, &countries, adds, now)),
        }
    };
    let asks = matches!(state, State::None | State::Refused | State::Expired | State::Exhausted);
    Status {
        state,
        change,
        phone: known.or(typed.map(|challenge| &challenge.phone)).cloned(),
        can_change_number: known.is_none() && typed.is_some(),
        expires_at: pending.map(|challenge| challenge.expires_at),
        attempts_left: pending.map(Challenge::attempts_left),
        retry_at,
        sms: channel(Channel::Sms),
        call_channel: channel(Channel::Call),
        call: own.and_then(|challenge| Some(challenge.call.as_ref()?.shown_state(&rules.policy))),
        report: own.and_then(Challenge::report),
        match_digits: None,
        contested: pending.is_some_and(|challenge| challenge.contested),
        enrolment_paused_until: switches.enrolment_paused(now).filter(|_| adds && asks && !is_closed),
        offer_alternative: pending.is_some_and(|challenge| patience_is_over(challenge, now)),
        poll_after: own.and_then(|challenge| match state {
            State::Pending => Some(poll_after(&rules.policy, challenge, now)),
            State::Denied => poll_after_report(challenge, now),
            _ => None,
        }),
        approval: own.and_then(|challenge| Approval::of(challenge, now)),
    }
}

fn state(policy: &Policy, stored: &Snapshot, own: Option<&Challenge>, now: Timestamp) -> (State, Option<Timestamp>) {
    match own.map(|challenge| challenge.outcome) {
        Some(Outcome::Approved { settled: true, .. }) => return (State::Approved, None),
        Some(Outcome::Approved { settled: false, .. }) if !own.is_some_and(|own| own.is_refused(now)) => {
            return (State::Pending, None);
        }
        Some(Outcome::Denied) if stored.subject.blocked(now).is_none() => {
            return (State::Denied, stored.subject.calls_paused(now));
        }
        Some(Outcome::Approved { .. } | Outcome::Denied | Outcome::Pending | Outcome::Refused) | None => {}
    }
    if let Some(until) = stored.subject.blocked(now) {
        return (State::Blocked, Some(until));
    }
    if own.is_some_and(|challenge| challenge.is_open(now)) {
        return (State::Pending, None);
    }
    match (stored.lockout(own, policy, now), own) {
        (Lockout::Locked, _) => (State::Locked, None),
        (Lockout::Delayed(until), _) => (State::Locked, Some(until)),
        (Lockout::Free, Some(challenge)) if challenge.is_refused(now) => (State::Refused, None),
        (Lockout::Free, Some(challenge)) if challenge.is_exhausted() => (State::Exhausted, None),
        (Lockout::Free, Some(_)) => (State::Expired, None),
        (Lockout::Free, None) => (State::None, None),
    }
}

fn channel_status(
    policy: &Policy,
    stored: &Snapshot,
    own: Option<&Challenge>,
    channel: Channel,
    state: State,
    retry_at: Option<Timestamp>,
    now: Timestamp,
) -> ChannelStatus {
    let used = own.filter(|_| state == State::Pending).map_or(0, |challenge| challenge.sends(channel).used);
    let within_challenge = policy.max_sends.saturating_sub(used) as usize;
    let sends_left = within_challenge.min(limits::left(stored, channel, policy, now));
    let (unavailable, next_send_at) = match state {
        State::Approved | State::Denied => (Some(Unavailable::Closed), None),
        State::Blocked => (Some(Unavailable::Blocked), retry_at),
        State::Locked => (Some(Unavailable::Locked), retry_at),
        State::Pending if own.is_some_and(Challenge::is_approved) => (Some(Unavailable::Closed), None), // to be settled
        State::None | State::Pending | State::Refused | State::Expired | State::Exhausted => {
            let expiry = own.map(|own| own.expires_at).filter(|_| within_challenge == 0);
            wait(policy, stored, own, channel, expiry, now).unzip()
        }
    };
    let last_send = own.and_then(|challenge| LastSend::of(challenge, channel));
    ChannelStatus { unavailable, next_send_at, sends_left, last_send }
}

/// What the channel has to wait for, and until when. Of several reasons, the one that lasts longest.
fn wait(
    policy: &Policy,
    stored: &Snapshot,
    own: Option<&Challenge>,
    channel: Channel,
    expiry: Option<Timestamp>,
    now: Timestamp,
) -> Option<(Unavailable, Timestamp)> {
    let continues = own.filter(|own| !own.is_refused(now));
    let cooldown = continues.and_then(|own| own.next_send_at(channel, policy)).filter(|at| *at > now);
    let mut others =
        stored.challenges.iter().filter(|challenge| channel == Channel::Call && challenge.has_live_call(now));
    let live = others.find_map(|challenge| Some(limits::live_call(challenge.call.as_ref()?, &stored.subject, now)));
    let reasons = [
        cooldown.map(|until| (Unavailable::Cooldown, until)),
        expiry.map(|until| (Unavailable::SendLimit, until)),
        limits::reached(stored, channel, policy, now).map(reason_of),
        live.map(reason_of), // last: of equal times `max_by_key` takes the last, which is what a start tells
    ];
    reasons.into_iter().flatten().max_by_key(|(_, until)| *until)
}

const fn reason_of(reached: SendLimit) -> (Unavailable, Timestamp) {
    let reason = match reached.limit {
        Limit::CallLive => Unavailable::CallLive,
        Limit::CallReported => Unavailable::CallReported,
        _ => Unavailable::SendLimit,
    };
    (reason, reached.retry_at)
}

/// The countries that the next send may go to. A number that only the first factor has named is looked up when it is
/// first sent to; until then, it may be of any country that has such numbers.
fn countries(
    rules: &Rules,
    switches: &Switches,
    line: Option<(Country, Line)>,
    known: Option<&PhoneNumber>,
) -> Vec<Country> {
    match (line, known) {
        _ if switches.stored().next().is_none() => Vec::new(),
        (Some((country, _)), _) => vec![country],
        (None, Some(number)) => {
            rules.reach.countries().map(|(country, _)| country).filter(|country| country.may_have(number)).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// Why the channel cannot be used at all, or not with this number, as far as the number is known.
fn unusable(
    rules: &Rules,
    own: Option<&Challenge>,
    line: Option<(Country, Line)>,
    purpose: Purpose,
    channel: Channel,
) -> Option<Unavailable> {
    let reached = match (own, line) {
        (Some(own), _) if own.source == NumberSource::Test => channel == Channel::Sms,
        (Some(own), _) if may_be_mobile(own) => rules.serves(own.country, Line::Mobile, channel),
        (_, Some((country, line))) => rules.serves(country, line, channel),
        (_, None) => true,
    };
    if !rules.channels.contains(&channel) {
        Some(Unavailable::Disabled)
    } else if reached && rules.proves(purpose, channel) {
        None
    } else {
        Some(Unavailable::Unreachable)
    }
}

/// Whether a start by SMS would go to the number's mobile form. What an enrolled number is, its proof has settled.
fn may_be_mobile(own: &Challenge) -> bool {
    !matches!(own.source, NumberSource::Enrolled(_)) && own.phone.mobile_form().is_some()
}

/// Whether the last send has had enough time, or is known not to help any more.
fn patience_is_over(challenge: &Challenge, now: Timestamp) -> bool {
    let sent = |channel| Some((challenge.sends(channel).last?.0, LastSend::of(challenge, channel)?));
    let last = Channel::ALL.into_iter().filter_map(sent).max_by_key(|(at, _)| *at);
    let call_is_over = challenge.call.as_ref().is_some_and(|call| call.state.is_over());
    last.is_some_and(|(at, send)| {
        let may_be_lost = match send {
            LastSend::Sent(delivery) => matches!(delivery, Delivery::Failed | Delivery::Unknown),
            LastSend::Reported(arrival) => arrival == Arrival::NotDelivered,
        };
        may_be_lost || call_is_over || now.since(at) >= Policy::PATIENCE
    })
}
