//! The transaction that starts a challenge, resends or adds a channel, and its condition on the stored
//! challenge.

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
use crate::receipt::{ReceiptToken, Receipts};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::time::Timestamp;

/// How a transaction's challenge relates to the stored one. This is a condition of its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// The session has no challenge yet.
    Nothing,
    /// The same generation continues, as long as it is open.
    Continues,
    /// In a number change, the next generation replaces the one that has proven the current number.
    Proof { generation: u32, answers: u32 },
    /// The next generation replaces one that must not have changed since it was read.
    Generation(Predecessor),
    /// The next generation replaces one that can never be settled. Its item may say that it is pending or
    /// approved, where its subject refuses it.
    Refused(Predecessor),
}

/// The generation to be replaced, as it was read: what its successor accounts for and carries over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predecessor {
    pub generation: u32,
    pub attempts: u32,
    pub messages: u32,
    pub calls: u32,
    /// How many answers of calls it knows: its successor keeps those calls as they were read.
    pub answers: u32,
}

impl Predecessor {
    #[must_use]
    pub fn of(challenge: &Challenge) -> Self {
        Self {
            generation: challenge.id.generation,
            attempts: challenge.attempts,
            messages: challenge.sms.used,
            calls: challenge.calls.used,
            answers: challenge.answers,
        }
    }
}

/// What the store applies as one transaction.
#[derive(Clone, Debug)]
pub struct StartTransaction {
    pub channel: Channel,
    /// When it was decided.
    pub at: Timestamp,
    /// The subject after the transaction, but with the version that was read.
    pub subject: Subject,
    /// The challenge after the transaction.
    pub challenge: Challenge,
    /// The condition on the stored challenge.
    pub replaces: Replaces,
    /// Live challenges of other login sessions, which become contested.
    pub contests: Vec<ChallengeId>,
    /// What the send adds to the counters of limits. Each charge is a condition of its own.
    pub charges: Vec<Charge>,
    /// How many accounts may enrol the number, if approval would enrol it.
    pub max_accounts: Option<u32>,
    /// The code of a test number. Nothing is sent to it.
    pub test_code: Option<Code>,
    /// Until when to keep the challenge.
    pub keep_until: Timestamp,
}

impl StartTransaction {
    /// A send of `request` in `challenge`, before any limit is checked.
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

    /// Draws the message's code and token, and adds the code's MAC and the token's digests. From here on, receipts of
    /// an earlier message are ignored. A test number's fixed code is added only once.
    pub fn add_code(&mut self, keys: &MacKeys, random: &mut impl CryptoRng) -> (Code, ReceiptToken) {
        let code = self.add_mac(keys, random);
        let token = ReceiptToken::draw(random);
        self.challenge.receipts = Some(Receipts::awaited(&token, &self.challenge.phone));
        (code, token)
    }

    fn add_mac(&mut self, keys: &MacKeys, random: &mut impl CryptoRng) -> Code {
        let challenge = &mut self.challenge;
        if let Some(code) = &self.test_code {
            if challenge.codes.is_empty() {
                challenge.codes.push(keys.mac(&challenge.id, &challenge.phone, code, self.at));
            }
            return code.clone();
        }
        let (code, mac) = keys.issue(&challenge.id, &challenge.phone, &challenge.codes, self.at, random);
        challenge.codes.push(mac);
        code
    }

    /// Charges the range and the country of an unverified number. Enrolling the number gives back both
    /// charges, and the one on the number itself.
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

    /// The counters of the charges that enrolling the number gives back.
    pub fn enrolment_gives_back(&self) -> impl Iterator<Item = &Counter> {
        self.charges.iter().filter(|charge| charge.is_given_back()).map(|charge| &charge.counter)
    }

    /// The counters that are given back their charge if the send fails in this way: those of range and
    /// country, which newcomers share, so that a provider's outage does not use them up. The windows of
    /// number, network and subject stay charged, because they limit how often anybody may try. Nothing is
    /// given back if the provider refuses the number or its owner has opted out, because finding out which
    /// numbers are in use must not be free; nor if the message may have been sent.
    #[must_use]
    pub fn given_back(&self, failure: SendFailure) -> Vec<Counter> {
        let shared = |counter: &&Counter| matches!(counter.scope, Scope::Range(_) | Scope::Country(_));
        match failure {
            SendFailure::NumberRefused | SendFailure::OptedOut | SendFailure::Unknown => Vec::new(),
            SendFailure::Unauthorized
            | SendFailure::NotPermitted
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
        self.challenge.former_calls = self.challenge.calls_to_keep(self.at);
        self.challenge.call = Some(Call::place(&token, self.at));
        token
    }
}
