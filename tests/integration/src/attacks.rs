//! The attacks that the phone factor must withstand, each carried out for real.
//!
//! Every attack is a test of that name. The results together are the table in `attacks.txt`; each test
//! compares its own line, so that no figure there can go stale.

mod calls;
mod edge;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::rules::Enrolment;
use lambda_http::Request;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Login, event, request, webhook};
use crate::backend::Backend;
use calls::{
    attacker_who_waits_until_the_victim_is_through, contested_call_with_digits, crossed_fraud_key, late_fraud_key,
    live_call_slot_held_against_the_victim, machine_that_keys_digits,
};
use edge::{
    an_old_secret_of_the_edge, going_around_the_edge, posing_as_the_edge_where_there_is_none,
    spoofing_an_address_through_the_edge, viewer_address_that_the_edge_did_not_write,
    waiting_until_the_secret_cannot_be_read,
};

const HUMAN: [(&str, &str); 2] = [("CallStatus", "in-progress"), ("AnsweredBy", "human")];
const POUND: [(&str, &str); 1] = [("Digits", "#")];
const ADDRESS: &str = "203.0.113.7";

/// The result of an attack.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Requests and webhooks that the attacker sent.
    attempts: usize,
    /// Guesses that were compared with a code.
    judged: usize,
    /// Logins approved that should not have been.
    approved: usize,
    /// Messages and calls that the attacker caused.
    sent: usize,
    /// Attempts that were refused.
    refused: usize,
    /// Requests to the store for the most expensive refusal.
    trips: usize,
}

impl Tally {
    /// Adds the result of another try.
    fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.judged += other.judged;
        self.approved += other.approved;
        self.sent += other.sent;
        self.refused += other.refused;
        self.trips = self.trips.max(other.trips);
    }
}

/// An attack in progress, and its results so far.
struct Attack {
    api: Api,
    tally: Tally,
    sent_before: usize,
}

impl Attack {
    async fn new() -> Self {
        Self::on(Api::new().await)
    }

    fn on(api: Api) -> Self {
        Self { api, tally: Tally::default(), sent_before: 0 }
    }

    async fn tries(&mut self, attempt: Request) -> Answer {
        self.api.backend.round_trips();
        let answer = self.api.send(attempt).await;
        let trips = self.api.backend.round_trips();
        self.note(&answer);
        if answer.status >= 400 {
            self.tally.trips = self.tally.trips.max(trips);
        }
        answer
    }

    fn note(&mut self, answer: &Answer) {
        self.tally.attempts += 1;
        self.tally.refused += usize::from(answer.status >= 400);
        self.tally.judged += usize::from(answer.problem() == "code-wrong");
        self.tally.approved += usize::from(answer.json["state"] == "approved");
    }

    /// Does not count what has been sent so far: the attacker did not cause it.
    fn begins(&mut self) {
        self.sent_before = self.sent();
    }

    fn sent(&self) -> usize {
        self.api.phone.codes().len() + self.api.phone.calls()
    }

    fn ends(mut self) -> Tally {
        self.tally.sent = self.sent() - self.sent_before;
        self.tally
    }
}

fn post(login: &Login, body: &Value) -> Request {
    login.request("POST", "/v1/challenge", Some(&body.to_string()))
}

fn guess(login: &Login, code: &str) -> Request {
    login.request("POST", "/v1/challenge/code", Some(&json!({ "code": code }).to_string()))
}

fn sms() -> Value {
    json!({ "channel": "sms" })
}

fn call() -> Value {
    json!({ "channel": "call" })
}

/// The same request from a different address.
fn from(address: &str, sub: &str, body: &Value, forwarded_for: &str) -> Request {
    let mut event = event("POST", "/v1/challenge", Some(&body.to_string()), "application/json");
    let mut login = Login::newcomer();
    login.claims["sub"] = json!(sub);
    event["headers"]["x-forwarded-for"] = json!(forwarded_for);
    event["requestContext"]["http"]["sourceIp"] = json!(address);
    event["requestContext"]["authorizer"]["jwt"] = json!({ "claims": login.claims, "scopes": null });
    request(&event)
}

fn signed(api: &Api, kind: &str, form: &[(&str, &str)]) -> Request {
    let (challenge, token) = api.phone.last_call();
    webhook(&challenge, &token, kind, form, |event, signature| {
        event["headers"]["x-twilio-signature"] = json!(signature);
    })
}

/// A code that is none of those sent.
fn wrong(api: &Api, index: usize) -> String {
    let sent = api.phone.codes();
    let mut codes = (index..).map(|code| format!("{code:06}")).filter(|code| !sent.contains(code));
    codes.next().unwrap_or_default()
}

/// Sends the requests all at once.
async fn at_once(api: Arc<Api>, requests: Vec<Request>) -> Vec<Answer> {
    let send = |request| {
        let api = Arc::clone(&api);
        tokio::spawn(async move { api.send(request).await })
    };
    let running: Vec<_> = requests.into_iter().map(send).collect();
    let mut answers = Vec::new();
    for task in running {
        answers.push(task.await.expect("no panic"));
    }
    answers
}

async fn parallel(api: Api, requests: Vec<Request>) -> Attack {
    let api = Arc::new(api);
    let answers = at_once(Arc::clone(&api), requests).await;
    let mut attack = Attack::on(Arc::into_inner(api).expect("the only reference"));
    attack.begins();
    for answer in &answers {
        attack.note(answer);
    }
    attack
}

async fn parallel_guesses() -> Tally {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    let guesses = (0..200).map(|index| guess(&login, &wrong(&api, index))).collect();
    let mut attack = parallel(api, guesses).await;
    let right = attack.api.phone.last_code();
    let late = attack.tries(guess(&login, &right)).await;
    assert_eq!(late.status, 410, "even the right code is too late");
    assert_eq!(attack.tally.judged, 5);
    attack.ends()
}

async fn guessing_across_challenges() -> Tally {
    let mut attack = Attack::new().await;
    let policy = &mut attack.api.start.settings.rules.policy;
    (policy.max_sends_short, policy.max_sends_long, policy.max_sends_network) = (1000, 1000, 1000);
    (policy.max_sends_number_short, policy.max_sends_number_long) = (1000, 1000);
    for session in 0..30 {
        let mut login = Login::known().again(&format!("login-{session}"));
        let now = attack.api.now.as_unix();
        (login.claims["auth_time"], login.claims["exp"]) = (json!(now.to_string()), json!((now + 900).to_string()));
        attack.tries(post(&login, &sms())).await;
        for index in 0..5 {
            let code = wrong(&attack.api, index);
            attack.tries(guess(&login, &code)).await;
        }
        attack.api.pass(3700);
    }
    assert_eq!(attack.tally.judged, 100, "locked long before");
    let locked = attack.api.post(&Login::known().again("the last"), sms()).await;
    assert!(["locked", "authentication-too-old"].contains(&locked.problem()));
    attack.ends()
}

async fn replay_of_a_code_a_webhook_and_a_result_token() -> Tally {
    let (api, login) = (Api::new().await, Login::known());
    api.post(&login, sms()).await;
    let right = api.phone.last_code();
    let mut attack = parallel(api, (0..50).map(|_| guess(&login, &right)).collect()).await;
    assert_eq!(attack.tally.approved, 1, "the owner's own; the others are replays");
    attack.tally.approved = 0;
    let token = attack.api.status(&login).await.json["resultToken"].clone();
    assert_eq!(attack.api.status(&login).await.json["resultToken"], token, "one token, with one `jti`");

    let login = login.again("login-2");
    attack.api.post(&login, call()).await;
    attack.begins();
    for (kind, form) in [("answer", &HUMAN[..]), ("digits", &[("Digits", "0")]), ("digits", &POUND[..])] {
        attack.tries(signed(&attack.api, kind, form)).await;
    }
    assert_eq!(attack.api.status(&login).await.json["state"], "denied", "`#` after `0` changes nothing");
    attack.ends()
}

async fn another_session_polls_or_types() -> Tally {
    let (mut attack, login) = (Attack::new().await, Login::known());
    attack.api.post(&login, sms()).await;
    attack.begins();
    let right = attack.api.phone.last_code();
    let mut stranger = Login::newcomer();
    stranger.claims["jti"] = login.claims["jti"].clone();
    for other in [login.again("login-2"), stranger] {
        let seen = attack.tries(other.request("GET", "/v1/challenge", None)).await;
        assert_eq!((seen.json["state"].as_str(), &seen.json["expiresAt"]), (Some("none"), &Value::Null));
        assert_eq!(attack.tries(guess(&other, &right)).await.problem(), "challenge-closed");
    }
    attack.ends()
}

async fn sms_pumping_and_voice_toll_fraud() -> Tally {
    let (mut attack, owner) = (Attack::new().await, Login::known());
    attack.api.post(&owner, sms()).await;
    let code = attack.api.phone.last_code();
    assert_eq!(attack.api.guess(&owner, &code).await.status, 200);
    attack.begins();
    for index in 0..1000_u32 {
        let channel = if index % 3 == 0 { "call" } else { "sms" };
        let number = format!("+1415{:03}{:04}", 200 + index / 50, 1000 + index);
        let address = format!("198.51.{}.{}", index / 200, index % 200);
        let body = json!({ "channel": channel, "phoneNumber": number });
        attack.tries(from(&address, &format!("pumper-{index}"), &body, ADDRESS)).await;
    }
    let budget = attack.api.start.settings.rules.policy.unverified.floor as usize;
    assert!(attack.sent() - attack.sent_before <= 2 * budget, "{:?}", attack.tally);
    let verified = attack.api.post(&owner.again("login-2"), sms()).await;
    assert_eq!(verified.status, 201, "a user with a verified number gets in");
    attack.sent_before += 1;
    attack.ends()
}

async fn one_number_in_many_spellings() -> Tally {
    let mut attack = Attack::new().await;
    let spellings = [
        "+14155552671",
        "+1 (415) 555-2671",
        "tel:+1-415-555-2671",
        "\u{200e}+14155552671",
        "+1\u{a0}415\u{a0}555\u{a0}2671",
        "+14155552671\n",
        "+1.415.555.2671",
    ];
    for (index, spelling) in spellings.into_iter().enumerate() {
        let body = json!({ "channel": "sms", "phoneNumber": spelling });
        attack.tries(from(ADDRESS, &format!("speller-{index}"), &body, ADDRESS)).await;
    }
    assert_eq!(attack.sent(), 3, "one counter");
    attack.ends()
}

async fn number_enumeration() -> Tally {
    let (mut attack, owner) = (Attack::new().await, Login::known());
    attack.api.post(&owner, sms()).await;
    let code = attack.api.phone.last_code();
    attack.api.guess(&owner, &code).await;
    attack.begins();
    let mut answers = Vec::new();
    for (sub, number) in [("prober-1", "+14155552671"), ("prober-2", "+14155552672")] {
        let answer =
            attack.tries(from(ADDRESS, sub, &json!({ "channel": "sms", "phoneNumber": number }), ADDRESS)).await;
        let mut seen = answer.json.clone();
        seen["phoneNumber"] = json!(null);
        answers.push((answer.status, seen));
    }
    assert_eq!(answers[0], answers[1], "the same for known and unknown numbers");
    attack.ends()
}

async fn forged_webhook() -> Tally {
    let (mut attack, login) = (Attack::new().await, Login::known());
    attack.api.post(&login, call()).await;
    attack.begins();
    let (challenge, token) = attack.api.phone.last_call();
    let forgeries: [fn(&mut Value, String); 5] = [
        |_, _| {},
        |event, _| event["headers"]["x-twilio-signature"] = json!(""),
        |event, signature| event["headers"]["x-twilio-signature"] = json!(format!("{signature}, {signature}")),
        |event, _| event["headers"]["x-twilio-signature"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        |event, signature| {
            event["headers"]["x-twilio-signature"] = json!(signature);
            event["rawQueryString"] = json!("a=1");
        },
    ];
    for forge in forgeries {
        for (kind, form) in [("answer", &HUMAN[..]), ("digits", &POUND[..])] {
            let answer = attack.tries(webhook(&challenge, &token, kind, form, forge)).await;
            assert_eq!((answer.status, answer.problem()), (403, "signature-invalid"));
        }
    }
    assert_eq!(attack.api.status(&login).await.json["call"], "calling", "nothing has changed");
    attack.ends()
}

async fn voicemail_that_plays_tones() -> Tally {
    let mut tally = Tally::default();
    for by in [Some("machine_start"), Some("machine_end_beep"), Some("fax"), Some("unknown"), Some(""), None] {
        let (mut attack, login) = (Attack::new().await, Login::known());
        attack.api.post(&login, call()).await;
        attack.begins();
        let answered: Vec<_> =
            by.map(|by| ("AnsweredBy", by)).into_iter().chain([("CallStatus", "in-progress")]).collect();
        attack.tries(signed(&attack.api, "answer", &answered)).await;
        attack.tries(signed(&attack.api, "digits", &POUND)).await;
        let state = attack.api.status(&login).await;
        attack.tally.approved += usize::from(state.json["state"] == "approved");
        tally.add(&attack.ends());
    }
    tally
}

async fn call_fatigue() -> Tally {
    let (mut attack, owner) = (Attack::new().await, Login::known());
    for session in 0..4 {
        let answer = attack.tries(post(&owner.again(&format!("login-{session}")), &call())).await;
        assert_eq!(answer.status, if session < 2 { 201 } else { 429 }, "the third call is refused");
        if session < 2 {
            attack.tries(post(&owner.again("at the same time"), &call())).await;
            attack.api.pass(140);
        }
    }
    attack.api.pass(600);
    attack.api.post(&owner.again("login-8"), call()).await;
    attack.sent_before += 1;
    let answered = signed(&attack.api, "answer", &HUMAN);
    attack.api.send(answered).await;
    let zero = signed(&attack.api, "digits", &[("Digits", "0")]);
    attack.api.send(zero).await;
    attack.api.webhook("block", &[("Digits", "0")]).await;
    let blocked = attack.tries(post(&owner.again("login-9"), &sms())).await;
    assert_eq!(blocked.problem(), "blocked");
    attack.ends()
}

async fn a_strangers_call_approved_by_the_victims_own_login() -> Tally {
    let (mut attack, victim) = (Attack::new().await, Login::known());
    let stranger = victim.again("the stranger's");
    attack.tries(post(&stranger, &call())).await;
    let told = attack.api.post(&victim, call()).await;
    assert_eq!((told.status, &told.json["limit"]), (429, &json!("call-live")), "only one call to a phone at a time");
    for (kind, form) in [("answer", &HUMAN[..]), ("digits", &POUND[..])] {
        attack.tries(signed(&attack.api, kind, form)).await;
    }
    let view = attack.api.status(&stranger).await;
    assert_eq!(
        (&view.json["state"], &view.json["contested"]),
        (&json!("pending"), &json!(true)),
        "both sessions are warned"
    );

    attack.tries(signed(&attack.api, "status", &[("CallStatus", "completed")])).await;
    assert_eq!(attack.api.post(&victim, call()).await.status, 201, "once that call is over");
    attack.sent_before += 1;
    for (kind, form) in [("answer", &HUMAN[..]), ("digits", &POUND[..])] {
        attack.tries(signed(&attack.api, kind, form)).await;
    }
    for login in [&victim, &stranger] {
        let view = attack.api.status(login).await;
        assert_eq!(
            (&view.json["state"], &view.json["contested"]),
            (&json!("pending"), &json!(true)),
            "both sessions are warned"
        );
    }
    attack.ends()
}

async fn own_number_enrolled_by_code_of_another() -> Tally {
    let (mut attack, login) = (Attack::new().await, Login::newcomer());
    attack.tries(post(&login, &json!({ "channel": "sms", "phoneNumber": "+14155552671" }))).await;
    let own = attack.api.phone.last_code();
    attack.tries(post(&login, &json!({ "channel": "sms", "phoneNumber": "+14155550100" }))).await;
    let answer = attack.tries(guess(&login, &own)).await;
    assert_eq!(answer.status, 422, "the code belongs to a different number");
    assert_eq!(attack.api.status(&login).await.json["state"], "pending");
    let later = attack.tries(post(&login.again("login-2"), &json!({ "channel": "sms" }))).await;
    assert_eq!(later.problem(), "phone-number-required", "nothing is enrolled");
    attack.ends()
}

async fn stolen_password_on_an_account_without_a_number() -> Tally {
    let mut attack = Attack::new().await;
    let body = json!({ "channel": "sms", "phoneNumber": "+14155550100" });
    for index in 0..7 {
        let mut victim = Login::newcomer();
        victim.claims["sub"] = json!(format!("victim-{index}"));
        if attack.tries(post(&victim, &body)).await.status == 201 {
            let code = attack.api.phone.last_code();
            let enrolled = attack.api.guess(&victim, &code).await;
            let claims = enrolled.claims();
            assert_eq!(claims["enrolled_now"], true, "the login's backend may refuse this");
            assert_eq!(claims["acr"], "urn:alliance-mfa:acr:phone-enrolled");
        }
    }
    assert_eq!(attack.sent(), 5, "a number can have only a few accounts");
    attack.api.start.settings.rules.enrolment = Enrolment::ClaimsOnly;
    let answer = attack.tries(from(ADDRESS, "victim", &body, ADDRESS)).await;
    assert_eq!(answer.problem(), "enrolment-closed");
    attack.ends()
}

async fn x_forwarded_for_spoofing() -> Tally {
    let mut attack = Attack::new().await;
    attack.api.start.settings.rules.policy.unverified.enforced = false;
    for index in 0..25_u32 {
        let body = json!({ "channel": "sms", "phoneNumber": format!("+1415{}1234", 200 + index) });
        let answer =
            attack.tries(from(ADDRESS, &format!("spoofer-{index}"), &body, &format!("198.51.100.{index}"))).await;
        assert_eq!(answer.status, if index < 20 { 201 } else { 429 });
    }
    attack.ends()
}

async fn twiml_injection_through_brand_or_locale() -> Tally {
    let brand = r#""><Dial>+19005550000</Dial>"#;
    let mut api = Api::over(Backend::fresh().await);
    api.brand(brand);
    let (mut attack, login) = (Attack::on(api), Login::known());
    let body = json!({ "channel": "call", "locale": brand });
    attack.tries(post(&login, &body)).await;
    let said = attack.tries(signed(&attack.api, "answer", &HUMAN)).await;
    assert!(!said.text.contains("<Dial>") && said.text.contains("&lt;Dial&gt;"), "{}", said.text);
    attack.ends()
}

async fn locking_a_victim_out() -> Tally {
    let (mut attack, victim) = (Attack::new().await, Login::known());
    for (method, path, body) in [
        ("GET", "/v1/challenge", None),
        ("POST", "/v1/challenge", Some(r#"{"channel":"call"}"#)),
        ("POST", "/v1/challenge/code", Some(r#"{"code":"123456"}"#)),
    ] {
        for _ in 0..10 {
            assert_eq!(attack.tries(request(&event(method, path, body, "application/json"))).await.status, 401);
        }
    }
    for index in 0..5 {
        let body = json!({ "channel": "sms", "phoneNumber": "+14155552671" });
        attack.tries(from("198.51.100.9", &format!("stranger-{index}"), &body, ADDRESS)).await;
    }
    assert_eq!(attack.api.post(&victim, sms()).await.status, 201, "the owner of the number gets in");
    attack.sent_before += 1;
    attack.ends()
}

async fn cost() -> Tally {
    let (mut attack, login) = (Attack::new().await, Login::newcomer());
    let large = format!("{{\"channel\":\"sms\",\"phoneNumber\":\"{}\"}}", "1".repeat(8192));
    let answer = attack.tries(login.request("POST", "/v1/challenge", Some(&large))).await;
    assert_eq!((answer.status, attack.api.backend.stored().await.len()), (413, 0), "nothing is stored");
    attack.ends()
}

async fn cross_site_request_forgery() -> Tally {
    let (mut attack, login) = (Attack::new().await, Login::known());
    let mut event = event("POST", "/v1/challenge", Some(r#"{"channel":"sms"}"#), "text/plain");
    event["requestContext"]["authorizer"]["jwt"] = json!({ "claims": login.claims, "scopes": null });
    assert_eq!(attack.tries(request(&event)).await.status, 415);
    attack.ends()
}

macro_rules! attacks {
    ($($attack:ident),* $(,)?) => {
        mod each {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $attack() {
                    let tally = super::$attack().await;
                    assert_eq!(tally.approved, 0, "{tally:?}");
                    assert!(tally.attempts > 0 && tally.trips <= 2, "{tally:?}");
                    super::row(stringify!($attack), &tally);
                }
            )*
        }
        const ATTACKS: &[&str] = &[$(stringify!($attack)),*];
    };
}

attacks!(
    parallel_guesses,
    guessing_across_challenges,
    replay_of_a_code_a_webhook_and_a_result_token,
    another_session_polls_or_types,
    sms_pumping_and_voice_toll_fraud,
    one_number_in_many_spellings,
    number_enumeration,
    forged_webhook,
    voicemail_that_plays_tones,
    call_fatigue,
    a_strangers_call_approved_by_the_victims_own_login,
    contested_call_with_digits,
    machine_that_keys_digits,
    attacker_who_waits_until_the_victim_is_through,
    live_call_slot_held_against_the_victim,
    late_fraud_key,
    crossed_fraud_key,
    own_number_enrolled_by_code_of_another,
    stolen_password_on_an_account_without_a_number,
    x_forwarded_for_spoofing,
    going_around_the_edge,
    posing_as_the_edge_where_there_is_none,
    spoofing_an_address_through_the_edge,
    viewer_address_that_the_edge_did_not_write,
    an_old_secret_of_the_edge,
    waiting_until_the_secret_cannot_be_read,
    twiml_injection_through_brand_or_locale,
    locking_a_victim_out,
    cost,
    cross_site_request_forgery,
);

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/attacks.txt");

fn line(attack: &str, tally: &Tally) -> String {
    let Tally { attempts, judged, approved, sent, refused, trips } = tally;
    let attack = attack.replace('_', " ");
    format!("{attack:<52} {attempts:>8} {judged:>6} {approved:>8} {sent:>4} {refused:>7} {trips:>5}")
}

/// Compares an attack's line with the table.
fn row(attack: &str, tally: &Tally) {
    let line = line(attack, tally);
    let table = std::fs::read_to_string(TABLE).unwrap_or_default();
    assert!(table.lines().any(|known| known == line), "this line is not in the table:\n{line}\nThe table is:\n{table}");
}

#[test]
fn the_table_lists_exactly_these_attacks() {
    let table = std::fs::read_to_string(TABLE).expect("the table");
    let heads = table.lines().skip(1).map(|line| line[..52].trim_end().replace(' ', "_"));
    let known: BTreeSet<_> = heads.collect();
    assert_eq!(known, ATTACKS.iter().map(|attack| (*attack).to_owned()).collect());
}
