//! One transaction that starts, resends or adds a channel, and the condition on what it takes the place of.

use rand::CryptoRng;

use crate::budget::{CountryRecord, Exhausted};
use crate::call::{Call, CallToken};
use crate::challenge::Challenge;
use crate::channel::Channel;
use crate::code::{Code, MacKeys};
use crate::delivery::SendFailure;
use crate::identity::ChallengeId;
use crate::limit::Limit;
use crate::policy::{Policy, UnverifiedBudget};
use crate::quota::{Charge, Counter, Scope};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::time::Timestamp;

/// How a transaction's challenge relates to what is stored, as the condition of its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// The session has no challenge yet.
    Nothing,
    /// The same generation goes on, as long as it is open.
    Continues,
    /// The next generation takes the place of one that has proven the number to be changed.
    Proof {
        /// The generation replaced.
        generation: u32,
    },
    /// The next generation takes the place of one that must not have moved since.
    Generation(Predecessor),
}

/// A generation as it was when its successor was decided on: what the successor accounts for and
/// carries over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Which it is.
    pub generation: u32,
    /// Its guesses.
    pub attempts: u32,
    /// Its messages.
    pub messages: u32,
    /// Its calls.
    pub calls: u32,
}

impl Predecessor {
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

/// What the store applies as one transaction.
#[derive(Clone, Debug)]
pub struct StartTransaction {
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
    /// The limits that it is charged to, each a condition of its own.
    pub charges: Vec<Charge>,
    /// Accounts that may enrol the number, when approval would enrol it.
    pub max_accounts: Option<u32>,
    /// The code of a test number, to which nothing is sent.
    pub test_code: Option<Code>,
    /// When to forget the challenge.
    pub keep_until: Timestamp,
}

impl StartTransaction {
    /// A send of `request` in `challenge`, before it is held against any limit.
    pub(crate) fn of(
        request: &Request,
        subject: Subject,
        challenge: Challenge,
        replaces: Replaces,
        at: Timestamp,
    ) -> Self {
        Self {
            channel: request.channel,
            at,
            subject,
            challenge,
            replaces,
            contests: Vec::new(),
            charges: Vec::new(),
            max_accounts: None,
            test_code: None,
            keep_until: request.keep_until,
        }
    }

    /// Draws the code to send and adds its MAC. That of a test number is added once.
    pub fn add_code(&mut self, keys: &MacKeys, random: &mut impl CryptoRng) -> Code {
        let challenge = &mut self.challenge;
        if let Some(code) = &self.test_code {
            if challenge.codes.is_empty() {
                challenge.codes.push(keys.mac(&challenge.id, &challenge.phone, code, self.at));
            }
            return code.clone();
        }
        let taken = [challenge.codes.as_slice(), &challenge.spoken].concat();
        let (code, mac) = keys.issue(&challenge.id, &challenge.phone, &taken, self.at, random);
        challenge.codes.push(mac);
        code
    }

    /// Charges the number's range and country, where nobody has proven the number yet; enrolling it gives
    /// back both, and the charge on the number itself.
    pub fn charge_budget(
        &mut self,
        record: &CountryRecord,
        rules: &UnverifiedBudget,
        random: &mut impl CryptoRng,
    ) -> Result<(), Exhausted> {
        let country = record.charge(self.challenge.country, self.channel, rules, self.at, random)?;
        let range = Scope::Range(self.challenge.phone.clone());
        let range = Charge::new(range, Limit::RangeUnverified, rules.per_range, Policy::LONG_WINDOW, self.at)
            .cap_retry_at(self.at + rules.open_for);
        self.charges.extend([Charge { enforced: rules.enforced, ..range }, country]);
        for charge in self.charges.iter().filter(|charge| charge.is_given_back()) {
            self.challenge.note_charge(&charge.counter);
        }
        Ok(())
    }

    /// The counters of those charges that enrolling the number gives back.
    pub fn enrolment_gives_back(&self) -> impl Iterator<Item = &Counter> {
        self.charges.iter().filter(|charge| charge.is_given_back()).map(|charge| &charge.counter)
    }

    /// The counters that a send is given back to which failed in that way: what newcomers share of range
    /// and country, so that an outage of a provider does not use it up. The windows of number, network and
    /// subject stay charged: they bound how often anybody may try. So does all else where the number is
    /// what the provider refuses, since finding out which numbers it takes must have its price; and where
    /// the message may have been sent.
    #[must_use]
    pub fn given_back(&self, failure: SendFailure) -> Vec<Counter> {
        let shared = |counter: &&Counter| matches!(counter.scope, Scope::Range(_) | Scope::Country(_));
        match failure {
            SendFailure::NumberRefused | SendFailure::Unknown => Vec::new(),
            SendFailure::Unauthorized
            | SendFailure::SpendLimit
            | SendFailure::Throttled
            | SendFailure::ProviderFault => {
                self.charges.iter().map(|charge| &charge.counter).filter(shared).cloned().collect()
            }
        }
    }

    /// The charge on the country's budget, if that is what refused the transaction.
    #[must_use]
    pub fn country_charge(&self, refusal: Refusal) -> Option<&Charge> {
        let Refusal::SendLimit(limit) = refusal else { return None };
        let of_country = |charge: &&Charge| matches!(charge.counter.scope, Scope::Country(_));
        self.charges.iter().find(of_country).filter(|charge| charge.counter.limit == limit.limit)
    }

    /// What is stored once the transaction is applied.
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
