//! One run: requests arrive, advance one step at a time, run into faults, finish or are abandoned, until
//! there is nothing left to do.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::code::DigitCount;
use domain::identity::{ChallengeKey, SubjectId};
use domain::phone::{Country, Line, PhoneNumber};
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::subject::{Binding, Subject};
use domain::time::Timestamp;
use message_receipts::event::TYPES;
use serde_json::{Value, json};

use crate::apps::{Answering, Apps};
use crate::cast::{Asked, ISSUER, Login, MAX_AGE, NUMBERS, PEOPLE, Report, SWITCHES, receipt};
use crate::coverage::Seen;
use crate::invariants::{self, Effect, LONGEST_REQUEST};
use crate::model::Sabotage;
use crate::past::Errand;
use crate::plan::{Lean, Move, Plan, policy};
use crate::world::{Outcome, Shared, World};

/// The functions' clocks differ by less than this. The rest of the clock skew that the rules allow for is the
/// time that a request may take.
const SKEWS: [u64; 3] = [0, 20, 44];

/// A request in progress.
struct Flight<'a> {
    errand: usize,
    since: Timestamp,
    answering: Answering<'a>,
}

pub(crate) fn run(seed: u64, sabotage: Option<Sabotage>, traced: bool) -> Outcome {
    let shared = Shared::new(seed, sabotage, traced);
    let (plan, claims) = {
        let mut world = shared.world();
        let plan = Plan::draw(&mut world, sabotage.map(Lean::towards));
        world.policy = policy(&mut world, &plan);
        let claims = PEOPLE.map(|sub| if plan.newcomers { None } else { background(&mut world, &plan, sub) });
        (plan, claims)
    };
    let apps = Apps::over(&shared);
    let mut run = Run {
        apps: &apps,
        shared: shared.clone(),
        left: plan.requests,
        plan,
        claims,
        logins: Vec::new(),
        flights: Vec::new(),
    };
    while run.step() {}
    if !shared.world().is_broken() {
        run.ask_all_once_more();
    }
    drop(run);
    shared.world().outcome()
}

/// The state before the run: the numbers that first factors vouch for, and some that are enrolled.
fn background(world: &mut World, plan: &Plan, sub: &str) -> Option<&'static str> {
    if world.chance(plan.enrolled()) {
        let number = PhoneNumber::parse(NUMBERS[0]).expect("a number");
        let subject = SubjectId::new(ISSUER, sub);
        if world.model.number(&number).accounts.len() >= world.policy.max_accounts as usize {
            return None;
        }
        world.model.remember_account(&number, subject);
        let country = Country::parse("US").expect("a country");
        let binding = Some(Binding { number, country, line: Line::Mobile, version: 1 });
        world.model.remember(subject, Subject { version: 1, binding, ..Subject::default() });
    }
    world.chance(500).then_some(NUMBERS[0])
}

struct Run<'a> {
    apps: &'a Apps,
    shared: Shared,
    plan: Plan,
    left: usize,
    claims: [Option<&'static str>; 3],
    logins: Vec<Login>,
    flights: Vec<Flight<'a>>,
}

impl Run<'_> {
    /// Makes one thing happen, and returns whether there is more to come.
    fn step(&mut self) -> bool {
        let mut world = self.shared.world();
        if world.is_broken() || (self.left == 0 && self.flights.is_empty()) {
            return false;
        }
        let idle = self.flights.is_empty();
        let passes = world.chance(if idle { 500 } else { 40 });
        let abandons = !idle && world.fault_rate > 0 && world.chance(15);
        let begins = self.left > 0 && self.flights.len() < self.plan.width && (idle || world.chance(350));
        drop(world);
        if passes {
            self.let_time_pass(idle);
        } else if abandons {
            let index = self.shared.world().choose(self.flights.len());
            self.abandon(index, Seen::Abandoned);
        } else if begins {
            self.left -= 1;
            self.begin();
        } else if !self.flights.is_empty() {
            let index = self.shared.world().choose(self.flights.len());
            self.poll(index);
        }
        true
    }

    fn poll(&mut self, index: usize) {
        let flight = &mut self.flights[index];
        self.shared.world().running = flight.errand;
        let polled = flight.answering.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(response) = polled {
            self.flights.swap_remove(index);
            invariants::answered(&mut self.shared.world(), &response);
        }
    }

    fn abandon(&mut self, index: usize, seen: Seen) {
        let flight = self.flights.swap_remove(index);
        let mut world = self.shared.world();
        world.saw(seen);
        world.say(|| format!("request {} is abandoned without an answer", flight.errand));
        drop(world);
    }

    fn let_time_pass(&mut self, idle: bool) {
        let mut world = self.shared.world();
        let gap = if idle || world.chance(100) {
            self.plan.gap(&mut world)
        } else {
            Duration::from_secs(1 + world.choose(5) as u64)
        };
        world.clock = world.clock + gap;
        let clock = world.clock;
        for subject in world.model.overdue(clock) {
            world.apply(&subject, &Effect::Sweep, |model| model.sweep(&subject, clock));
        }
        drop(world);
        while let Some(index) = self.flights.iter().position(|flight| clock.since(flight.since) > LONGEST_REQUEST) {
            self.abandon(index, Seen::TimedOut);
        }
    }

    fn begin(&mut self) {
        let operates = self.plan.operators() > 0 && self.shared.world().chance(self.plan.operators());
        if operates {
            return self.begin_operation();
        }
        let next = self.plan.next_move(&mut self.shared.world());
        match next {
            Move::NextReport | Move::OddReport | Move::Forgery => self.begin_webhook(next),
            Move::Receipt => self.begin_receipt(),
            _ => self.begin_request(next),
        }
    }

    fn begin_request(&mut self, next: Move) {
        let index = self.login();
        let login = &self.logins[index];
        let mut world = self.shared.world();
        let purpose = if world.chance(self.plan.changes()) { Purpose::Change } else { Purpose::Login };
        let asked = match next {
            Move::StartSms | Move::StartCall => {
                let channel = if next == Move::StartSms { Channel::Sms } else { Channel::Call };
                let own = world.model.challenge(&login.challenge_for(purpose));
                let likely = match purpose {
                    Purpose::Change if own.is_some_and(Challenge::is_settled) => 900,
                    Purpose::Change => 150,
                    Purpose::Login if self.claims[login.person].is_some() => 30,
                    Purpose::Login => 800,
                };
                let gives_one = world.chance(likely);
                let typed = gives_one.then(|| NUMBERS[world.choose(NUMBERS.len())]);
                Asked::Start { channel, typed }
            }
            Move::RightCode | Move::WrongCode | Move::OtherCode | Move::MalformedCode => {
                Asked::Guess(guess(&mut world, login.challenge_for(purpose), next))
            }
            _ => Asked::Status,
        };
        drop(world);
        self.depart(asked, Some((index, purpose)), next == Move::MalformedCode);
    }

    fn begin_webhook(&mut self, next: Move) {
        let mut world = self.shared.world();
        if world.past.calls.is_empty() {
            drop(world);
            return self.begin_request(Move::StartCall);
        }
        // In most cases the latest call; webhooks of an earlier one are late.
        let count = world.past.calls.len();
        let index = if world.chance(750) { count - 1 } else { world.choose(count) };
        let report = match next {
            Move::NextReport => next_report(&mut world, index),
            _ => Report::ALL[world.choose(Report::ALL.len())],
        };
        let forged = next == Move::Forgery;
        let call = world.past.calls[index].clone();
        if !forged && !world.past.reported.insert((call.token.digest(), report)) {
            world.saw(Seen::WebhookAgain);
        }
        drop(world);
        self.depart(Asked::Webhook { call, report, forged }, None, forged);
    }

    fn begin_operation(&mut self) {
        let mut world = self.shared.world();
        let switch = SWITCHES[world.choose(SWITCHES.len())];
        let ahead = Duration::from_secs([90, 200, 600][world.choose(3)]);
        let until = world.chance(700).then_some(world.clock + ahead);
        drop(world);
        self.depart(Asked::Operate { switch, until }, None, false);
    }

    /// At any moment, in any order and any number of times; sometimes with another token, another number or none.
    fn begin_receipt(&mut self) {
        let mut world = self.shared.world();
        let Some(latest) = world.past.messages.len().checked_sub(1) else {
            drop(world);
            return self.begin_request(Move::StartSms);
        };
        let index = if world.chance(700) { latest } else { world.choose(latest + 1) };
        let message = world.past.messages[index].clone();
        let (kind, _) = TYPES[world.choose(TYPES.len())];
        let mut event = receipt(&message, kind, world.chance(800));
        let context = event["detail"]["context"].take();
        event["detail"]["context"] = match world.choose(20) {
            0 => json!({ "challenge": context["challenge"], "receipt": "AAAAAAAAAAAAAAAAAAAAAA" }),
            1 => {
                let other = world.choose(latest + 1);
                let other = receipt(&world.past.messages[other], kind, true)["detail"]["context"].take();
                json!({ "challenge": context["challenge"], "receipt": other["receipt"] })
            }
            2 => Value::Null,
            _ => context,
        };
        match world.choose(20) {
            0 => event["detail"]["destinationPhoneNumber"] = json!(NUMBERS[world.choose(NUMBERS.len())]),
            1..4 => event["detail"]["destinationPhoneNumber"] = Value::Null,
            _ => {}
        }
        drop(world);
        self.depart(Asked::Receipt { event: event.to_string() }, None, false);
    }

    fn depart(&mut self, asked: Asked, login: Option<(usize, Purpose)>, stops_at_door: bool) {
        let purpose = login.map_or(Purpose::Login, |(_, purpose)| purpose);
        let login = login.map(|(index, _)| &self.logins[index]);
        let request = asked.request(login, purpose).expect("somebody asks");
        let mut world = self.shared.world();
        let now = world.clock + Duration::from_secs(SKEWS[world.choose(SKEWS.len())]);
        let errand = world.past.errands.len();
        world.say(|| {
            let who = login.map_or("the provider", |login| &login.name);
            format!("request {errand}: {who} {asked:?} to {purpose:?}, at {now:?} by the function's clock")
        });
        let since = world.clock;
        let answering = self.apps.handle(&asked, request, now);
        world.past.errands.push(Errand {
            asked,
            login: login.map(|login| login.challenge_for(purpose)),
            now,
            stops_at_door,
            disturbed: false,
            read_switches: None,
            round_trips: 0,
            conflicts: 0,
            to_send: None,
            counted: None,
            signed: None,
        });
        if self.flights.len() > 2 {
            world.saw(Seen::ManyAtOnce);
        }
        drop(world);
        self.flights.push(Flight { errand, since, answering });
    }

    /// An existing login session of somebody, or a new one.
    fn login(&mut self) -> usize {
        let mut world = self.shared.world();
        let person = world.choose(self.plan.people());
        let clock = world.clock;
        let live: Vec<_> = (0..self.logins.len())
            .filter(|index| {
                let login = &self.logins[*index];
                login.person == person && (clock.since(login.since) + Policy::CLOCK_SKEW < MAX_AGE)
            })
            .collect();
        let stale = !self.logins.is_empty() && world.chance(5);
        if stale {
            return world.choose(self.logins.len());
        }
        if live.len() < self.plan.sessions() && (live.is_empty() || world.chance(400)) {
            let network = world.choose(2);
            self.logins.push(Login::new(person, self.logins.len(), self.claims[person], network, clock));
            return self.logins.len() - 1;
        }
        live[world.choose(live.len())]
    }

    /// At the end, without any faults, every login session asks for its status once more and must get it.
    fn ask_all_once_more(&mut self) {
        {
            let mut world = self.shared.world();
            (world.fault_rate, world.alone) = (0, true);
        }
        for index in 0..self.logins.len() {
            for purpose in [Purpose::Login, Purpose::Change] {
                self.depart(Asked::Status, Some((index, purpose)), false);
                while !self.flights.is_empty() {
                    self.poll(0);
                }
            }
        }
    }
}

/// What the provider reports next, in most cases for a call that goes well.
fn next_report(world: &mut World, index: usize) -> Report {
    let answers = [Report::Human, Report::Human, Report::Human, Report::Human, Report::Machine, Report::Unjudged];
    let challenge = world.past.calls[index].challenge;
    let policy = &world.policy;
    let asks = world.model.challenge(&challenge.key).and_then(|challenge| challenge.digits_to_enter(policy));
    let (right, other, wrong) = match asks {
        Some(DigitCount::Four) => (Report::FourDigits, Report::NoDigits, Report::WrongFourDigits),
        Some(DigitCount::Two) => (Report::Digits, Report::OtherKey, Report::WrongDigits),
        None => (Report::Pound, Report::OtherKey, Report::WrongDigits),
    };
    let keys = [right, right, right, right, Report::Zero, other, wrong];
    let token = world.past.calls[index].token.digest();
    let is_reported = world.past.reported.contains(&(token, Report::Zero));
    let stage = world.past.calls[index].stage;
    world.past.calls[index].stage += 1;
    match stage {
        0 => Report::Ringing,
        1 => answers[world.choose(answers.len())],
        2 => keys[world.choose(keys.len())],
        3 if is_reported && world.chance(700) => Report::SecondZero,
        3 => Report::Completed,
        _ => Report::ALL[world.choose(Report::ALL.len())],
    }
}

fn guess(world: &mut World, key: ChallengeKey, next: Move) -> String {
    let malformed = ["12345", "1234567", "12345a", "١٢٣٤٥", "", "１２３４５６７"];
    if next == Move::MalformedCode {
        return malformed[world.choose(malformed.len())].to_owned();
    }
    let own = next == Move::RightCode;
    let codes = world.past.codes.iter().filter(|sent| sent.arrived && (sent.challenge.key == key) == own);
    let codes: Vec<_> = codes.map(|sent| sent.code.clone()).collect();
    if next == Move::WrongCode || codes.is_empty() {
        return format!("{:06}", world.choose(1_000_000));
    }
    // The latest report, or one that is late.
    let index = if own && world.chance(700) { codes.len() - 1 } else { world.choose(codes.len()) };
    codes[index].clone()
}
