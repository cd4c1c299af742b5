//! What subjects share in the model: counters, numbers and countries' breakers.

use std::collections::BTreeSet;

use domain::budget::CountryRecord;
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::identity::SubjectId;
use domain::limit::Limit;
use domain::phone::{Country, PhoneNumber, PhoneRefusal};
use domain::quota::{Charge, Counter, Scope};
use domain::refusal::Refusal;
use domain::start_transaction::StartTransaction;
use domain::time::Timestamp;

use super::{Model, Sabotage};

/// What is stored about a number, independent of who uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// The accounts that enrolled it.
    pub accounts: BTreeSet<SubjectId>,
    /// Until when it is blocked for users who type it.
    pub blocked_until: Option<Timestamp>,
}

/// A counter's key.
#[must_use]
pub fn counter_key(counter: &Counter) -> (String, String) {
    let scope = match &counter.scope {
        Scope::Number(phone) => format!("number {}", phone.expose()),
        Scope::Network(network) => format!("network {network}"),
        Scope::Range(phone) => format!("range {}", phone.range()),
        Scope::Country(country) => country_scope(*country),
    };
    (scope, format!("{}#{}#{}", counter.limit.as_str(), counter.window, counter.shard))
}

fn country_scope(country: Country) -> String {
    format!("country {}", country.as_str())
}

const ROOM_AT_START: [Sabotage; 2] = [Sabotage::StartBeyondAccounts, Sabotage::StartOnBlockedNumber];

impl Model {
    #[must_use]
    pub fn number(&self, phone: &PhoneNumber) -> Number {
        self.numbers.get(phone.expose()).cloned().unwrap_or_default()
    }

    /// Makes a subject an account of a number, as if from an earlier login.
    pub fn remember_account(&mut self, phone: &PhoneNumber, subject: SubjectId) {
        self.number_mut(phone).accounts.insert(subject);
    }

    #[must_use]
    pub fn used(&self, counter: &Counter) -> i64 {
        self.counters.get(&counter_key(counter)).copied().unwrap_or_default()
    }

    /// `ChallengeStore::country`. No operation of this model writes the verified counts.
    #[must_use]
    pub fn country(&self, country: Country) -> CountryRecord {
        let mut record = CountryRecord::default();
        for ((scope, name), used) in &self.counters {
            let mut parts = name.split('#');
            let (Some(limit), Some(window), Some(shard)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let channel = Channel::ALL.into_iter().find(|channel| Limit::of_country(*channel).as_str() == limit);
            if let (Some(channel), Ok(window), Ok(shard)) = (channel, window.parse(), shard.parse())
                && *scope == country_scope(country)
            {
                record.unverified.insert((channel, window, shard), u32::try_from((*used).max(0)).unwrap_or(u32::MAX));
            }
        }
        let open = self.breakers.iter().filter(|((of, _), _)| *of == country);
        record.open_until = open.map(|((_, channel), until)| (*channel, *until)).collect();
        record
    }

    /// What refuses a start whose subject and challenge have not changed.
    pub(super) fn refuses(&self, transaction: &StartTransaction) -> Option<Refusal> {
        let room = |most| self.has_room(&transaction.challenge, most, transaction.at, ROOM_AT_START);
        if transaction.max_accounts.is_some_and(|most| !room(most)) {
            return Some(Refusal::Number(PhoneRefusal::Unavailable));
        }
        let below = |charge: &Charge| {
            let used = self.used(&charge.counter);
            !charge.enforced || self.holds(Sabotage::ChargeBeyondQuota, used < i64::from(charge.quota))
        };
        let reached = transaction.charges.iter().filter(|charge| !below(charge)).map(|charge| charge.told);
        reached.max_by_key(|limit| limit.retry_at).map(Refusal::SendLimit)
    }

    pub(super) fn charge(&mut self, charge: &Charge) {
        *self.counters.entry(counter_key(&charge.counter)).or_default() += 1;
    }

    /// Whether the number may get this account, except for the terms that are left out.
    pub(super) fn has_room(&self, challenge: &Challenge, most: u32, now: Timestamp, terms: [Sabotage; 2]) -> bool {
        let number = self.number(&challenge.phone);
        let [accounts, block] = terms;
        let is_one = number.accounts.contains(&challenge.id.key.subject);
        let has_room = is_one || number.accounts.len() < usize::try_from(most).unwrap_or(usize::MAX);
        let is_blocked = challenge.is_typed() && number.blocked_until.is_some_and(|until| until > now);
        self.holds(accounts, has_room) && self.holds(block, !is_blocked)
    }

    /// The number's part of a settlement that enrols it.
    pub(super) fn enrol(&mut self, challenge: &Challenge, charged: &[(Counter, u32)]) {
        let subject = challenge.id.key.subject;
        self.number_mut(&challenge.phone).accounts.insert(subject);
        if let Some(former) = challenge.former.as_ref().filter(|_| !self.does(Sabotage::KeepFormerAccount)) {
            self.number_mut(&former.number).accounts.remove(&subject);
        }
        let times = if self.does(Sabotage::RefundTwice) { 2 } else { 1 };
        for (counter, sends) in charged {
            self.give_back(counter, times * i64::from(*sends));
        }
    }

    pub(super) fn give_back(&mut self, counter: &Counter, sends: i64) {
        *self.counters.entry(counter_key(counter)).or_default() -= sends;
    }

    pub(super) fn block_number(&mut self, phone: &PhoneNumber, until: Timestamp) {
        if !self.does(Sabotage::FraudLeavesNumber) {
            self.number_mut(phone).blocked_until = Some(until);
        }
    }

    pub(super) fn open_breaker(&mut self, country: Country, channel: Channel, until: Timestamp, now: Timestamp) {
        let open = self.breakers.entry((country, channel)).or_default();
        if *open <= now {
            *open = until;
        }
    }

    fn number_mut(&mut self, phone: &PhoneNumber) -> &mut Number {
        self.numbers.entry(phone.expose().to_owned()).or_default()
    }
}
