//! What the sample events need to find: an enrolled number, a code sent a minute ago, a call placed just now.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use domain::call::{AnsweredBy, CallEvent, CallToken, Key};
use domain::challenge::{Challenge, Method};
use domain::channel::Channel;
use domain::code::MacKeys;
use domain::identity::{ChallengeId, ChallengeKey, Network, SessionId};
use domain::locale::Locale;
use domain::phone::{Country, PhoneNumber, Reach};
use domain::policy::Policy;
use domain::ports::{ChallengeStore as _, Settlement, Started};
use domain::purpose::Purpose;
use domain::receipt::{ReceiptToken, Receipts};
use domain::request::Request;
use domain::rules::{Enrolment, Rules};
use domain::start::{Decision, Start};
use domain::start_transaction::StartTransaction;
use domain::switches::Switches;
use domain::time::Timestamp;
use platform::store::DynamoStore;

use crate::fixed::{AllMobile, Draws};

/// The code that the samples enter. Real codes are random.
const CODE: u32 = 123_456;
/// The number to use if the sample's claims have none.
const PHONE: &str = "+14155552671";
/// How long ago the code was sent: longer than any cooldown, so that a resend is allowed.
const AGE: Duration = Duration::from_mins(1);

pub struct Fixture {
    pub(crate) key: ChallengeKey,
    /// For a change, a number is enrolled first: there has to be one to change.
    pub(crate) purpose: Purpose,
    /// Whether the challenge has been started. If not, only the enrolled number is written.
    pub(crate) runs: bool,
    pub(crate) phone: Option<PhoneNumber>,
    /// The call, if the challenge was started with one.
    pub(crate) call: Option<Call>,
    /// The token of the message's receipts, if the sample has one. Real ones are random.
    pub(crate) receipt: Option<ReceiptToken>,
    pub(crate) since: Since,
}

/// What has happened since the challenge was started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    Nothing,
    WrongGuess,
    /// The right code was entered, so the number is enrolled.
    Enrolment,
    /// The fraud key was pressed.
    Report,
    /// It was pressed twice.
    Block,
}

/// A call that waits for a key.
pub(crate) struct Call {
    pub(crate) token: CallToken,
    /// Whether a person has answered it.
    pub(crate) answered: bool,
    /// Whether another sign-in competes, so that it asks for four digits.
    pub(crate) contested: bool,
}

impl Fixture {
    /// Writes the challenge as the product's own rules would.
    pub async fn write(&self, store: &DynamoStore, keys: &MacKeys, now: Timestamp) -> Result<()> {
        if self.purpose == Purpose::Change {
            self.enrol(store, keys, now).await?;
        }
        if !self.runs {
            return Ok(());
        }
        let mut transaction = self.transaction(store, self.key, self.purpose, now).await?;
        if let Some(call) = &self.call {
            transaction.challenge.call = Some(domain::call::Call::place(&call.token, now));
            transaction.challenge.contested = call.contested;
        } else {
            transaction.add_code(keys, &mut Draws(CODE));
            if let Some(token) = &self.receipt {
                transaction.challenge.receipts = Some(Receipts::awaited(token, &transaction.challenge.phone));
            }
        }
        begin(store, &transaction).await?;
        if let Some(call) = self.call.as_ref().filter(|call| call.answered) {
            let answered = CallEvent::Answered(AnsweredBy::Human);
            store.advance_call(&transaction.challenge.id, &call.token, answered, &Policy::default(), now).await?;
        }
        self.continue_with(store, &transaction.challenge.id, now).await
    }

    async fn continue_with(&self, store: &DynamoStore, challenge: &ChallengeId, now: Timestamp) -> Result<()> {
        match (self.since, &self.call) {
            (Since::WrongGuess | Since::Enrolment, _) => {
                let counted = store.count_guess(&self.key, now).await?.context("the challenge is not open")?;
                if self.since == Since::Enrolment {
                    settle(store, counted, now).await?;
                }
            }
            (Since::Report | Since::Block, Some(call)) => {
                let presses = if self.since == Since::Block { &[Key::Fraud, Key::Block][..] } else { &[Key::Fraud] };
                for key in presses {
                    let event = CallEvent::Pressed(*key);
                    store.advance_call(challenge, &call.token, event, &Policy::default(), now).await?;
                }
            }
            (Since::Nothing | Since::Report | Since::Block, _) => {}
        }
        Ok(())
    }

    /// Enrols the number in a login before the sample's.
    async fn enrol(&self, store: &DynamoStore, keys: &MacKeys, now: Timestamp) -> Result<()> {
        let key = ChallengeKey { session: SessionId::new("an earlier login", None), ..self.key };
        let mut transaction = self.transaction(store, key, Purpose::Login, now).await?;
        transaction.add_code(keys, &mut Draws(CODE));
        begin(store, &transaction).await?;
        settle(store, transaction.challenge, transaction.at).await
    }

    async fn transaction(
        &self,
        store: &DynamoStore,
        key: ChallengeKey,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<StartTransaction> {
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
            sub: String::new(), // only matters for test numbers
            channel,
            typed: None,
            claimed: Some(phone),
            enrolment: Enrolment::SelfService,
            network: Network::of(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            locale: Locale::default(),
            keep_until: now + Duration::from_hours(2),
        };
        let stored = store.load(&self.key.subject).await?;
        let start = Start { rules: &rules, plan: &AllMobile, switches: &Switches::NONE };
        match start.decide(&stored, &request, at) {
            Ok(Decision::Send(transaction)) => Ok(*transaction),
            Ok(Decision::Running) => bail!("the table already has this sample's challenge: start with a fresh table"),
            Err(refusal) => {
                Err(anyhow!("cannot start this sample's challenge ({refusal:?}): start with a fresh table"))
            }
        }
    }
}

/// Approves a challenge as entering its right code does.
async fn settle(store: &DynamoStore, challenge: Challenge, now: Timestamp) -> Result<()> {
    match store.settle(&challenge.proven(Method::SmsCode, now), &Policy::default(), now).await? {
        Settlement::Settled(_) => Ok(()),
        Settlement::Refused(_) => bail!("cannot enrol this sample's number: start with a fresh table"),
    }
}

async fn begin(store: &DynamoStore, transaction: &StartTransaction) -> Result<()> {
    match store.start(transaction).await? {
        Started::Applied => Ok(()),
        Started::Refused(refusal) => {
            bail!("cannot write this sample's challenge ({refusal:?}): start with a fresh table")
        }
    }
}

impl fmt::Display for Fixture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.purpose == Purpose::Change {
            write!(out, "an enrolled number{}", if self.runs { " and " } else { "" })?;
        }
        if !self.runs {
            return Ok(());
        }
        match &self.call {
            Some(Call { contested: true, .. }) => write!(out, "a contested call that a person has answered"),
            Some(Call { answered: true, .. }) => write!(out, "a call that a person has answered"),
            Some(_) => write!(out, "a call that was placed just now"),
            None => write!(out, "a challenge whose code {CODE:06} was sent a minute ago"),
        }?;
        match self.since {
            Since::Nothing => Ok(()),
            Since::WrongGuess => write!(out, ", with one wrong guess"),
            Since::Enrolment => write!(out, " and has been entered, so the number is enrolled"),
            Since::Report => write!(out, " and reported as fraud"),
            Since::Block => write!(out, " and reported as fraud twice, so the account is blocked"),
        }
    }
}
