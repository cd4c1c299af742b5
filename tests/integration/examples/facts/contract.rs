//! The parts of the API, the table and the results that the template and the API's description repeat.

use audit_events::correlation::CorrelationKey;
use authorize::reason::Reason;
use domain::administration::Action;
use domain::call::CallState;
use domain::challenge::Method;
use domain::change::Step;
use domain::channel::Channel;
use domain::code::MacKeys;
use domain::delivery::{Delivery, SendFailure};
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};
use domain::limit::Limit;
use domain::phone::{Country, Form, Line};
use domain::policy::BudgetMode;
use domain::purpose::Purpose;
use domain::receipt::Arrival;
use domain::result::Approval;
use domain::status::{ChannelStatus, State, Status, Unavailable};
use domain::time::Timestamp;
use http::StatusCode;
use lambda_http::Body;
use platform::edge::{EdgeSecret, SECRET_HEADER, VIEWER_HEADER};
use platform::item::attribute::{APPROVED_BY, NAMES, PHONE, PK, QUOTA, RECEIPT_MESSAGE, SK, TTL, WRITTEN_BY};
use platform::item::key;
use platform::problem::Problem;
use platform::reply;
use platform::request::{PURPOSE, TakeFields};
use platform::secrets::Document;
use serde_json::{Value, json};

pub(crate) fn words() -> Value {
    json!({
        "budgetMode": BudgetMode::ALL.map(BudgetMode::as_str),
        "action": Action::ALL.map(Action::as_str),
        "call": CallState::ALL.map(CallState::as_str),
        "channel": Channel::ALL.map(Channel::as_str),
        "delivery": Delivery::ALL.map(Delivery::as_str),
        "arrival": Arrival::ALL.map(Arrival::as_str),
        "limit": Limit::ALL.map(Limit::as_str),
        "line": Line::ALL.map(Line::as_str),
        "method": Method::ALL.map(Method::as_str),
        "purpose": Purpose::ALL.map(Purpose::as_str),
        "reading": Form::ALL.map(Form::as_str),
        "sendFailure": SendFailure::ALL.map(SendFailure::as_str),
        "state": State::ALL.map(State::as_str),
        "step": Step::ALL.map(Step::as_str),
        "unavailable": Unavailable::ALL.map(Unavailable::as_str),
        "webhook": platform::callback::Kind::ALL.map(platform::callback::Kind::as_str),
        "fraudSign": audit_events::FRAUD_SIGNS,
        "entraRefusal": Reason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>(),
        "entraStep": authorize::answer::Step::ALL.map(authorize::answer::Step::as_str),
    })
}

/// The members that a challenge always has, and those that it can have.
pub(crate) fn members() -> Value {
    let bare = rendered(&status(None), None);
    let full = rendered(&status(Some(Step::NewNumber)), Some("token"));
    let names = |document: &Value| document.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>());
    let required = names(&bare).unwrap_or_default();
    let optional: Vec<_> =
        names(&full).unwrap_or_default().into_iter().filter(|name| !required.contains(name)).collect();
    json!({ "challenge": { "required": required, "optional": optional }, "channel": names(&bare["channels"]["sms"]) })
}

fn rendered(status: &Status, token: Option<&str>) -> Value {
    let response = reply::challenge(StatusCode::OK, status, token.map(str::to_owned), token);
    match response.into_body() {
        Body::Text(text) => serde_json::from_str(&text).unwrap_or_default(),
        _ => Value::Null,
    }
}

fn status(change: Option<Step>) -> Status {
    let channel = || ChannelStatus { unavailable: None, next_send_at: None, sends_left: 0, last_send: None };
    Status {
        state: State::Pending,
        change,
        phone: None,
        can_change_number: false,
        expires_at: None,
        attempts_left: None,
        retry_at: None,
        sms: channel(),
        call_channel: channel(),
        call: None,
        report: None,
        match_digits: None,
        contested: false,
        enrolment_paused_until: change.map(|_| Timestamp::from_unix(0)),
        offer_alternative: false,
        poll_after: None,
        approval: None,
    }
}

pub(crate) fn assurances() -> Vec<&'static str> {
    let subject = SubjectId::new("issuer", "sub");
    let key = ChallengeKey { subject, session: SessionId::new("session", None) };
    let approval = |enrolled_now, test| Approval {
        id: ChallengeId { key, generation: 1 },
        at: Timestamp::from_unix(0),
        by: Method::SmsCode,
        enrolled_now,
        test,
    };
    [(false, false), (true, false), (false, true)].map(|(now, test)| approval(now, test).assurance()).to_vec()
}

/// The keys that the filters on the stream match.
pub(crate) fn keys() -> Value {
    json!({
        "subjectPartition": key::subject_partition(&SubjectId::from_bytes([0; 32])),
        "countryPartition": key::country_partition(Country::NONE),
        "subjectSort": key::subject_sort(),
        "numberSort": key::number_sort(),
        "switchesPartition": key::switches_partition(),
        "breakerSort": key::breaker_sort(Channel::Sms),
    })
}

pub(crate) fn attributes() -> Value {
    json!({
        "ttl": TTL.name,
        "phone": PHONE.name,
        "quota": QUOTA.name,
        "approvedBy": APPROVED_BY.name,
        "receiptMessage": RECEIPT_MESSAGE.name,
    })
}

/// Records which fields are read from a body, and provides only the required ones.
struct Asked {
    answer: &'static str,
    required: Vec<&'static str>,
    optional: Vec<&'static str>,
}

impl Asked {
    const fn answering(answer: &'static str) -> Self {
        Self { answer, required: Vec::new(), optional: Vec::new() }
    }

    fn fields(self) -> Value {
        json!({ "required": self.required, "optional": self.optional })
    }
}

impl TakeFields for Asked {
    fn text(&mut self, name: &'static str) -> Result<String, Problem> {
        self.required.push(name);
        Ok(self.answer.to_owned())
    }

    fn maybe_text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.optional.push(name);
        Ok(None)
    }
}

pub(crate) fn requests() -> Value {
    let mut start = Asked::answering(Channel::Sms.as_str());
    let read = start_challenge::Given::read(&mut start).is_ok();
    let mut switch = Asked::answering("2026-11-30T06:00:00Z");
    let read = admin::switches::Given::read(&mut switch).is_ok() && read;
    let mut verify = Asked::answering("000000");
    let read = verify_code::Guess::read(&mut verify).is_ok() && read;
    // A body that is not read to its end would show fewer fields than there are.
    let fields = |asked: Asked| if read { asked.fields() } else { Value::Null };
    json!({
        "admin": fields(switch),
        "start-challenge": fields(start),
        "verify-code": fields(verify),
        "get-challenge": { "query": [PURPOSE] },
    })
}

/// What the functions accept as documents of generated secrets, found by trying.
pub(crate) fn secrets() -> Value {
    json!({
        "macKeys": secret::<MacKeys>(),
        "correlationKey": secret::<CorrelationKey>(),
        "edge": secret::<EdgeSecret>(),
    })
}

/// What the edge must send.
pub(crate) const EDGE_HEADERS: [&str; 2] = [SECRET_HEADER, VIEWER_HEADER];

fn secret<D: Document>() -> Value {
    let takes = |member: &str, length| D::parse(&json!({ member: "k".repeat(length) }).to_string()).is_ok();
    let member = ["current", "key"].into_iter().find(|member| takes(member, 64));
    json!({ "member": member, "shortest": (0..=64).find(|length| member.is_some_and(|member| takes(member, *length))) })
}

/// What the role of message-receipts may touch.
pub(crate) fn receipt_attributes() -> Vec<&'static str> {
    let of_a_receipt = |name: &&str| [PK.name, SK.name, WRITTEN_BY.name].contains(name) || name.starts_with("receipt");
    NAMES.iter().copied().filter(of_a_receipt).collect()
}
