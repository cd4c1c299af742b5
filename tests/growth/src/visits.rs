//! The requests that people and the voice provider make, login by login.

use std::rc::Rc;

use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::quota::Charge;
use domain::snapshot::Snapshot;
use domain::start_transaction::StartTransaction;
use rand::RngExt as _;

use crate::model::{Visit, World, micros};
use crate::people::{self, APPROVE_PERCENT, CALLS_PERCENT, PACES, PAGE, Person, WEBHOOKS, WRONG_PERCENT};
use crate::quotas::Cause;
use crate::report::Operation;
use crate::requests;
use crate::times::{CALL, PUBLISH, SIGN};
use crate::transactions;

/// An event of the simulation.
pub(crate) enum What {
    /// Somebody opens the page and starts.
    Arrival,
    /// The page or one of its files.
    Page,
    /// A status request.
    Poll(Rc<Challenge>),
    /// A status request after a call was approved, which settles the challenge.
    Completion(Rc<Challenge>),
    Wrong(Rc<Challenge>),
    Right(Rc<Challenge>),
    /// A webhook that makes no request to the table.
    Silent,
    /// Any other webhook.
    Webhook(Rc<Challenge>),
    /// The follow-up function counts a batch of the stream.
    Tally,
    /// A function has responded.
    Done(Operation),
}

impl World {
    /// Handles every event except arrivals and those that are not requests.
    pub(crate) fn request(&mut self, now: u64, what: What) {
        let ended = match what {
            What::Page => self.visit(Operation::Page, now, |_, _| Ok(())),
            What::Poll(challenge) => self.visit(Operation::Status, now, |world, visit| world.query(visit, &challenge)),
            What::Completion(challenge) => self.visit(Operation::Status, now, |world, visit| {
                world.query(visit, &challenge)?;
                world.settle(visit, &challenge, 1)
            }),
            What::Wrong(challenge) => self.visit(Operation::Verify, now, |world, visit| world.count(visit, &challenge)),
            What::Right(challenge) => self.visit(Operation::Verify, now, |world, visit| {
                world.count(visit, &challenge)?;
                world.settle(visit, &challenge, 2)
            }),
            What::Silent => self.visit(Operation::Callback, now, |_, _| Ok(())),
            What::Webhook(challenge) => {
                self.visit(Operation::Callback, now, |world, visit| world.count(visit, &challenge))
            }
            What::Arrival | What::Tally | What::Done(_) => return,
        };
        let _ = ended; // already in the report
    }

    /// Somebody opens the page, sees the status, and starts.
    pub(crate) fn arrival(&mut self, now: u64, session: u64) {
        let person = self.people.next(&mut self.random);
        let parts = PAGE[usize::from(self.people.knows(person))];
        for _ in 0..parts {
            self.request(now, What::Page);
        }
        let subject = transactions::key(person, session).subject;
        let seen = self.visit(Operation::Status, now, |world, visit| world.ask(visit, &requests::status(&subject)));
        let _ = seen; // if the status failed, people start anyway
        let channel = if self.is_one_of(CALLS_PERCENT) { Channel::Call } else { Channel::Sms };
        let started = self.visit(Operation::Start, now, |world, visit| world.start(visit, person, channel, session));
        match started {
            Ok((latency, (challenge, wait))) => {
                *self.sends.entry(person).or_default() += 1;
                self.goes_on(now + micros(latency + wait), channel, &challenge);
            }
            Err(_) if person == Person(0) && self.counts(now) => self.report.hot_refused += 1,
            Err(_) => {}
        }
    }

    /// Schedules what follows a send: polls until the end, a call's webhooks, a code or a key.
    fn goes_on(&mut self, heard: u64, channel: Channel, challenge: &Rc<Challenge>) {
        let approves = self.is_one_of(APPROVE_PERCENT);
        let wait = match channel {
            _ if !approves => people::LEFT,
            Channel::Sms => people::MESSAGE,
            Channel::Call => people::CALL,
        };
        let polls = wait.times(self.random.random_range(PACES)).polls(&self.rules.policy, challenge);
        let again = || Rc::clone(challenge);
        let mut all: Vec<What> = (0..polls).map(|_| What::Poll(again())).collect();
        if channel == Channel::Call {
            all.extend((0..WEBHOOKS.moving).map(|_| What::Webhook(again())));
            all.extend((0..WEBHOOKS.silent).map(|_| What::Silent));
        }
        match channel {
            _ if !approves => {}
            Channel::Sms => {
                all.extend(self.is_one_of(WRONG_PERCENT).then(|| What::Wrong(again())));
                all.push(What::Right(again()));
            }
            Channel::Call => all.extend([What::Webhook(again()), What::Completion(again())]),
        }
        for what in all {
            let when = self.soon(heard);
            self.plan(when, what);
        }
    }

    fn start(
        &mut self,
        visit: &mut Visit,
        person: Person,
        channel: Channel,
        session: u64,
    ) -> Result<(Rc<Challenge>, f64), Cause> {
        let transaction = match self.persist(visit, person, channel, session)? {
            Some(transaction) => transaction,
            None => self.persist(visit, person, channel, session)?.ok_or(Cause::Conflict)?,
        };
        let (cause, step) = if channel == Channel::Sms { (Cause::SmsRate, PUBLISH) } else { (Cause::CallRate, CALL) };
        let wait = self.take(cause, visit.now, 1.0)?; // a call waits in the provider's queue, after the provider has responded
        self.pass(visit, step);
        let sent = u32::from(self.counts(visit.now));
        *(if channel == Channel::Sms { &mut self.report.messages } else { &mut self.report.calls }) += sent;
        Ok((Rc::new(transaction.challenge), wait))
    }

    /// `None` if another transaction got in between.
    fn persist(
        &mut self,
        visit: &mut Visit,
        person: Person,
        channel: Channel,
        session: u64,
    ) -> Result<Option<StartTransaction>, Cause> {
        let before = self.sends.get(&person).copied().unwrap_or_default();
        let stored = if self.people.knows(person) { transactions::known(person, before) } else { Snapshot::default() };
        let transaction = transactions::transaction(&self.rules, &stored, person, channel, session);
        let mut transaction = transaction.map_err(Cause::SendLimit)?;
        if transaction.challenge.source.is_unverified() {
            let record = self.records.get(&transaction.challenge.country).cloned().unwrap_or_default();
            let charged = transaction.charge_budget(&record, &self.rules.policy.unverified, &mut self.random);
            charged.map_err(|exhausted| Cause::SendLimit(exhausted.limit.limit.as_str()))?;
        }
        for request in requests::start(&transaction) {
            if !self.ask(visit, &request)? {
                return Ok(None);
            }
        }
        self.charge(&transaction.charges)?;
        self.noted(&transaction.challenge, visit);
        Ok(Some(transaction))
    }

    fn query(&mut self, visit: &mut Visit, challenge: &Challenge) -> Result<(), Cause> {
        self.ask(visit, &requests::status(&challenge.id.key.subject)).map(drop)
    }

    fn count(&mut self, visit: &mut Visit, challenge: &Challenge) -> Result<(), Cause> {
        self.ask(visit, &requests::count(challenge)).map(drop)
    }

    /// Settles and signs.
    fn settle(&mut self, visit: &mut Visit, challenge: &Challenge, tries: u32) -> Result<(), Cause> {
        let settlement = requests::settlement(challenge);
        if !self.ask(visit, &settlement)? && (tries < 2 || !self.ask(visit, &settlement)?) {
            return Err(Cause::Conflict);
        }
        self.noted(challenge, visit);
        for (counter, sends) in &challenge.charged {
            *self.used.entry(requests::counter(counter)).or_default() -= f64::from(*sends);
        }
        visit.spent += self.take(Cause::Signatures, visit.now, 1.0)?;
        self.pass(visit, SIGN);
        self.report.approved += u32::from(self.counts(visit.now));
        Ok(())
    }

    fn noted(&mut self, challenge: &Challenge, visit: &Visit) {
        if !challenge.source.enrols() {
            self.followed(visit.at());
        }
    }

    fn charge(&mut self, charges: &[Charge]) -> Result<(), Cause> {
        for charge in charges {
            let key = requests::counter(&charge.counter);
            if !self.used.contains_key(&key) {
                // The domain decided on a record with nothing used, so the counter starts at the morning's sends.
                let morning = self.people.morning(&charge.counter, 32.0, &mut self.random);
                self.used.insert(key.clone(), morning);
            }
            let full = self.used.get(&key).is_some_and(|used| *used >= f64::from(charge.quota));
            if full && charge.enforced {
                return Err(Cause::SendLimit(charge.counter.limit.as_str()));
            }
        }
        for charge in charges {
            *self.used.entry(requests::counter(&charge.counter)).or_default() += 1.0;
        }
        Ok(())
    }

    fn is_one_of(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// Some time shortly after.
    pub(crate) fn soon(&mut self, after: u64) -> u64 {
        after + self.random.random_range(0..self.end / 6)
    }

    pub(crate) fn draw(&mut self) -> f64 {
        self.random.random()
    }

    /// The time to the next arrival at this rate.
    pub(crate) fn gap(&mut self, rate: f64) -> u64 {
        micros((-(1.0 - self.draw()).ln() / rate * 1e6).round() / 1e3)
    }
}
