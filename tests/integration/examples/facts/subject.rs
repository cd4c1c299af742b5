//! A subject as its administrator sees it.

use std::collections::BTreeSet;

use admin::view;
use domain::administration::{self, Report};
use domain::challenge::{Challenge, Method, NumberSource, Outcome, Sends};
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::locale::Locale;
use domain::phone::{Country, Line, PhoneNumber};
use domain::policy::Policy;
use domain::purpose::Purpose;
use domain::snapshot::Snapshot;
use domain::subject::Subject;
use domain::time::Timestamp;
use lambda_http::Body;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_unix(1_795_600_000);

/// The members of a subject, of its sends on one channel and of a challenge, and the states that a challenge has.
pub(crate) fn members() -> Value {
    let document = document();
    let challenges = document["challenges"].as_array().cloned().unwrap_or_default();
    let states: BTreeSet<_> = challenges.iter().filter_map(|challenge| challenge["state"].as_str()).collect();
    json!({
        "subject": names(&document),
        "sends": names(&document["sends"]["sms"]),
        "challenge": challenges.first().map(names),
        "states": states,
    })
}

fn names(document: &Value) -> Vec<&String> {
    document.as_object().into_iter().flat_map(|members| members.keys()).collect()
}

fn document() -> Value {
    let response = view::subject(&id(), &report());
    match response.into_body() {
        Body::Text(text) => serde_json::from_str(&text).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// With a challenge for each outcome, and one without guesses left.
fn report() -> Report {
    let approved = |settled| Outcome::Approved { at: NOW, by: Method::SmsCode, settled };
    let exhausted = challenge(Outcome::Pending).map(|pending| Challenge { attempts: pending.max_attempts, ..pending });
    let outcomes = [Outcome::Pending, Outcome::Denied, Outcome::Refused, approved(false), approved(true)];
    let challenges = outcomes.into_iter().filter_map(challenge).chain(exhausted).collect();
    administration::report(&Snapshot { subject: Subject::default(), challenges }, &Policy::default(), NOW)
}

fn id() -> SubjectId {
    SubjectId::new("issuer", "sub")
}

fn challenge(outcome: Outcome) -> Option<Challenge> {
    Some(Challenge {
        id: ChallengeId {
            key: ChallengeKey { subject: id(), session: SessionId::new("session", None) },
            generation: 1,
        },
        phone: PhoneNumber::parse("+14155550171").ok()?,
        country: Country::NONE,
        line: Line::Mobile,
        source: NumberSource::Typed,
        former: None,
        receipts: None,
        former_calls: Vec::new(),
        purpose: Purpose::Login,
        claim_mismatch: false,
        locale: Locale::default(),
        subject_version: 1,
        created_at: NOW,
        expires_at: NOW + Policy::LONG_WINDOW,
        attempts: 0,
        carried: 0,
        max_attempts: 5,
        last_guess_at: None,
        outcome,
        codes: Vec::new(),
        spoken: Vec::new(),
        sms: Sends::default(),
        calls: Sends::default(),
        call: None,
        contested: false,
        machine_answered_at: None,
        answers: 0,
        charged: Vec::new(),
    })
}
