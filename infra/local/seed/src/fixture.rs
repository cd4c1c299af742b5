//! What the samples presume: a number that is enrolled, a code sent a minute ago, a call placed just now.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use domain::call::{AnsweredBy, CallEvent, CallToken, Key};
use domain::challenge::{Challenge, Method, Purpose};
use domain::channel::Channel;
use domain::code::{MacKey, MacKeys};
use domain::draft::Draft;
use domain::identity::{ChallengeId, ChallengeKey, Network, SessionId};
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Reach, Subscriber};
use domain::policy::Policy;
use domain::ports::{ChallengeStore as _, Settlement, Started};
use domain::rules::{Enrolment, Rules};
use domain::start::{Decision, Request, Start};
use domain::time::Timestamp;
use platform::store::DynamoStore;
use rand::{TryCryptoRng, TryRng};

/// The code of the samples. Real codes are drawn; this one is what the sample of a right code enters.
const CODE: u32 = 123_456;
/// The number, where a sample's claims bring none.
const PHONE: &str = "+14155552671";
/// Longer ago than any cooldown, so that a resend is in order.
const AGE: Duration = Duration::from_mins(1);

/// A challenge to write.
pub(crate) struct Fixture {
    /// Whose, and of which login session.
    pub(crate) key: ChallengeKey,
    /// What for. To change a number there has to be one, which is enrolled first.
    pub(crate) purpose: Purpose,
    /// Whether it is under way; else there is the number to change, and nothing more.
    pub(crate) runs: bool,
    /// To which number.
    pub(crate) phone: Option<PhoneNumber>,
    /// The call, where the challenge is one by call.
    pub(crate) call: Option<Call>,
    /// What has happened since.
    pub(crate) since: Since,
}

/// What an administrator is called for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nothing.
    Nothing,
    /// A wrong guess.
    WrongGuess,
    /// The right code: the number is enrolled.
    Enrolment,
    /// The fraud key.
    Report,
}

/// A call to be confirmed.
pub(crate) struct Call {
    /// The token of its webhooks.
    pub(crate) token: CallToken,
    /// Whether a human has answered it.
    pub(crate) answered: bool,
}

impl Fixture {
    /// Decides as the product would, and writes.
    pub(crate) async fn write(&self, store: &DynamoStore, mac_key: &str, now: Timestamp) -> Result<()> {
        if self.purpose == Purpose::Change {
            self.enrol(store, mac_key, now).await?;
        }
        if !self.runs {
            return Ok(());
        }
        let mut draft = self.draft(store, self.key, self.purpose, now).await?;
        if let Some(call) = &self.call {
            draft.challenge.call = Some(domain::call::Call::place(&call.token, now));
        } else {
            draft.add_code(&keys(mac_key), &mut AlwaysTheCode);
        }
        begin(store, &draft).await?;
        if let Some(call) = self.call.as_ref().filter(|call| call.answered) {
            let answered = CallEvent::Answered(AnsweredBy::Human);
            store.advance_call(&draft.challenge.id, &call.token, answered, &Policy::default(), now).await?;
        }
        self.go_on(store, &draft.challenge.id, now).await
    }

    async fn go_on(&self, store: &DynamoStore, challenge: &ChallengeId, now: Timestamp) -> Result<()> {
        match (self.since, &self.call) {
            (Since::WrongGuess | Since::Enrolment, _) => {
                let counted = store.count_guess(&self.key, now).await?.context("the challenge is not open")?;
                if self.since == Since::Enrolment {
                    settle(store, counted, now).await?;
                }
            }
            (Since::Report, Some(call)) => {
                let reported = CallEvent::Pressed(Key::Fraud);
                store.advance_call(challenge, &call.token, reported, &Policy::default(), now).await?;
            }
            (Since::Nothing | Since::Report, _) => {}
        }
        Ok(())
    }

    /// Proves the number in a login before the sample's.
    async fn enrol(&self, store: &DynamoStore, mac_key: &str, now: Timestamp) -> Result<()> {
        let key = ChallengeKey { session: SessionId::new("a former login", None), ..self.key };
        let mut draft = self.draft(store, key, Purpose::Login, now).await?;
        draft.add_code(&keys(mac_key), &mut AlwaysTheCode);
        begin(store, &draft).await?;
        settle(store, draft.challenge, draft.at).await
    }

    async fn draft(&self, store: &DynamoStore, key: ChallengeKey, purpose: Purpose, now: Timestamp) -> Result<Draft> {
        let rules = Rules {
            policy: Policy::default(),
            channels: BTreeSet::from(Channel::ALL),
            reach: Reach::by_every_channel(Country::parse("US")),
            enrolment: Enrolment::SelfService,
            test_numbers: Vec::new(),
        };
        let phone = self.phone.clone().map_or_else(|| PhoneNumber::parse(PHONE), Ok)?;
        let (channel, age) = if self.call.is_some() { (Channel::Call, Duration::ZERO) } else { (Channel::Sms, AGE) };
        let at = Timestamp::from_unix(now.as_unix() - age.as_secs());
        let request = Request {
            key,
            purpose,
            sub: String::new(), // which matters to test numbers only
            channel,
            typed: None,
            claimed: Some(phone),
            network: Network::of(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            locale: Locale::default(),
            keep_until: now + Duration::from_hours(2),
        };
        let stored = store.load(&self.key.subject).await?;
        let start = Start { rules: &rules, plan: &AllMobile };
        match start.decide(&stored, &request, at) {
            Ok(Decision::Send(draft)) => Ok(*draft),
            Ok(Decision::Running) => bail!("the table holds this sample's challenge already: use a fresh table"),
            Err(refusal) => Err(anyhow!("the table refuses this sample's challenge ({refusal:?}): use a fresh table")),
        }
    }
}

fn keys(mac_key: &str) -> MacKeys {
    MacKeys { current: MacKey::from_secret(mac_key), previous: None, next: None }
}

/// Approves a challenge as its right code does.
async fn settle(store: &DynamoStore, challenge: Challenge, now: Timestamp) -> Result<()> {
    match store.settle(&challenge.proven(Method::SmsCode, now), &Policy::default(), now).await? {
        Settlement::Settled(_) => Ok(()),
        Settlement::Refused => bail!("the table refuses to enrol this sample's number: use a fresh table"),
    }
}

async fn begin(store: &DynamoStore, draft: &Draft) -> Result<()> {
    match store.start(draft).await? {
        Started::Applied => Ok(()),
        Started::Refused(refusal) => {
            bail!("the table refuses this sample's challenge ({refusal:?}): use a fresh table")
        }
    }
}

impl fmt::Display for Fixture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.purpose == Purpose::Change {
            write!(out, "a number to change{}", if self.runs { ", and " } else { "" })?;
        }
        if !self.runs {
            return Ok(());
        }
        match &self.call {
            Some(Call { answered: true, .. }) => write!(out, "a call that a human has answered"),
            Some(_) => write!(out, "a call that was placed just now"),
            None => write!(out, "a challenge whose code {CODE:06} was sent a minute ago"),
        }?;
        match self.since {
            Since::Nothing => Ok(()),
            Since::WrongGuess => write!(out, ", and a wrong guess"),
            Since::Enrolment => write!(out, ", and that was entered: the number is enrolled"),
            Since::Report => write!(out, ", and reported as fraud"),
        }
    }
}

/// A numbering plan in which every number is an American mobile's.
struct AllMobile;

impl NumberingPlan for AllMobile {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        let number = PhoneNumber::parse(dialled.as_str()).ok()?;
        Some(Subscriber { number, country: Country::parse("US").ok(), line: Line::Mobile })
    }
}

/// A random source whose every draw below a million is [`CODE`].
struct AlwaysTheCode;

impl TryRng for AlwaysTheCode {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // A draw below n is the upper half of word * n: the least word that yields the code.
        let word = (u64::from(CODE) << 32).div_ceil(1_000_000);
        Ok(u32::try_from(word).unwrap_or(u32::MAX))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for AlwaysTheCode {}

#[cfg(test)]
mod tests {
    use domain::code::Code;

    use super::*;

    #[test]
    fn the_code_drawn_is_the_code_of_the_samples() {
        assert_eq!(Code::draw(&mut AlwaysTheCode).expose(), "123456");
    }
}
