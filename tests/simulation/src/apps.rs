//! The functions, composed as in production, with simulated ports.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use domain::channel::Channel;
use domain::identity::Administrator;
use domain::phone::{Country, Reach};
use domain::rules::{Enrolment, Rules};
use domain::time::Timestamp;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use platform::clock::Stopwatch;
use platform::first_factor::SessionRule;
use platform::run;
use platform::settings::FactorSettings;
use platform::switchboard::Switchboard;
use start_challenge::countries::Countries;

use crate::cast::{Asked, BASE_URL, MAX_AGE};
use crate::world::Shared;

/// All functions, over the same world.
pub(crate) struct Apps {
    start: start_challenge::App<Shared, Shared, Shared, Shared>,
    get: get_challenge::App<Shared, Shared, Shared>,
    verify: verify_code::App<Shared, Shared, Shared>,
    callback: call_callback::App<Shared, Shared, Shared>,
    receipts: message_receipts::App<Shared>,
    store: Shared,
}

impl Apps {
    pub(crate) fn over(shared: &Shared) -> Self {
        let policy = shared.world().policy.clone();
        let settings = FactorSettings {
            table: String::new(),
            rules: Rules {
                policy: policy.clone(),
                channels: BTreeSet::from(Channel::ALL),
                reach: Reach::by_every_channel(["US", "GB"].iter().filter_map(|code| Country::parse(code).ok())),
                enrolment: Enrolment::SelfService,
                test_numbers: Vec::new(),
            },
            session: SessionRule { claim: "jti".to_owned(), max_age: MAX_AGE },
            support_url: None,
        };
        Self {
            start: start_challenge::App {
                settings: settings.clone(),
                send_timeout: Duration::from_hours(1), // in real time, unlike everything else here
                store: shared.clone(),
                countries: Countries::default(),
                switchboard: Switchboard::default(),
                keys: shared.clone(),
                sms: shared.clone(),
                caller: Some(shared.clone()),
                edge: None,
            },
            get: get_challenge::App {
                settings: settings.clone(),
                store: shared.clone(),
                switchboard: Switchboard::default(),
                signer: shared.clone(),
                keys: Some(shared.clone()),
                edge: None,
            },
            verify: verify_code::App {
                settings,
                store: shared.clone(),
                keys: shared.clone(),
                signer: shared.clone(),
                edge: None,
            },
            callback: call_callback::App {
                policy,
                public_base_url: BASE_URL.to_owned(),
                brand: "Example".to_owned(),
                store: shared.clone(),
                tokens: shared.clone(),
                keys: Some(shared.clone()),
            },
            receipts: message_receipts::App { store: shared.clone() },
            store: shared.clone(),
        }
    }

    pub(crate) fn handle(&self, asked: &Asked, request: Request, now: Timestamp) -> Answering<'_> {
        match asked {
            Asked::Start { .. } => Box::pin(self.start.handle(request, now)),
            Asked::Status => Box::pin(self.get.handle(request, now)),
            Asked::Guess(_) => Box::pin(self.verify.handle(request, now)),
            Asked::Webhook { .. } => Box::pin(self.callback.handle(request, now)),
            Asked::Operate { .. } => Box::pin(self.operate(request, now)),
            Asked::Receipt { event } => Box::pin(self.receipt(event.clone(), now)),
        }
    }

    /// The part of `admin` that is about switches.
    async fn operate(&self, request: Request, now: Timestamp) -> Response<Body> {
        let by = Administrator::parse("arn:aws:iam::123456789012:user/simulated").expect("an ARN");
        let asked = admin::switches::Asked::of(&request).expect("a route").expect("a switch");
        let answer = asked.answer(&request, &self.store, &by, now).await;
        run::conclude("admin", answer, Stopwatch::start(), now)
    }

    /// What the bus sees, as an answer: 503 has it deliver the event again.
    async fn receipt(&self, event: String, now: Timestamp) -> Response<Body> {
        let handled = self.receipts.handle(&event, now).await;
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = handled.map_or(StatusCode::SERVICE_UNAVAILABLE, |()| StatusCode::NO_CONTENT);
        response
    }
}

pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Response<Body>> + 'a>>;
