//! Who may enrol a number: closed logins and deployments, and an administrator's opening. Attacks by name.

use std::time::Duration;

use domain::administration::{Occasion, opening};
use domain::challenge::NumberSource;
use domain::channel::Channel;
use domain::identity::Administrator;
use domain::ports::{Administration as _, ChallengeStore as _, StoreError};
use domain::refusal::Refusal;
use domain::rules::Enrolment;
use domain::start::Decision;
use domain::start_transaction::StartTransaction;
use platform::browser::Browser;
use serde_json::{Value, json};

use crate::api::{Answer, Api, JANE, Login, request};
use crate::scene::{ALICE, Scene};

const OPEN: Option<&str> = Some("open-enrolment");

fn typed() -> Value {
    json!({ "channel": "sms", "phoneNumber": "+14155550100" })
}

/// A login of an account without a number, at a door where none may be typed.
fn closed() -> Login {
    let mut login = Login::newcomer();
    login.claims["mfa_enrolment"] = json!("closed");
    login
}

fn reasons(view: &Answer) -> [&Value; 2] {
    ["sms", "call"].map(|channel| &view.json["channels"][channel]["reason"])
}

async fn enrol(api: &Api, login: &Login) {
    assert_eq!(api.post(login, typed()).await.status, 201);
    assert_eq!(api.guess(login, &api.phone.last_code()).await.json["state"], "approved");
}

// --- attacks

#[tokio::test]
async fn a_stolen_password_enrols_no_phone_in_a_closed_login() {
    let (api, thief) = (Api::new().await, closed());
    assert_eq!(reasons(&api.status(&thief).await), [&json!("enrolment-closed"); 2], "before a number is typed");
    for body in [typed(), json!({ "channel": "sms" }), json!({ "channel": "call", "phoneNumber": "+14155550100" })] {
        let refused = api.post(&thief, body).await;
        assert_eq!((refused.status, refused.problem()), (403, "enrolment-closed"));
    }
    assert_eq!(api.guess(&thief, "123456").await.problem(), "challenge-closed");
    assert_eq!(reasons(&api.status(&thief).await), [&json!("enrolment-closed"); 2]);
    assert!(api.phone.codes().is_empty(), "nothing is sent");
    let later = api.administer("newcomer", OPEN).await;
    assert_eq!((later.status, &later.json["phoneNumber"]), (200, &json!(null)), "nothing is enrolled");
}

#[tokio::test]
async fn a_token_that_says_otherwise_than_closed_is_refused() {
    let (api, mut thief) = (Api::new().await, closed());
    for word in ["open", "", "CLOSED", "false"] {
        thief.claims["mfa_enrolment"] = json!(word);
        for answer in [api.status(&thief).await, api.post(&thief, typed()).await, api.guess(&thief, "123456").await] {
            assert_eq!((answer.status, &answer.json["claim"]), (401, &json!("mfa_enrolment")), "{word:?}");
        }
    }
}

#[tokio::test]
async fn an_opening_is_used_once() {
    let (mut api, login) = (Api::new().await, closed());
    assert_eq!(api.administer("newcomer", OPEN).await.status, 200);
    enrol(&api, &login).await;
    assert_eq!(api.administer("newcomer", None).await.json["enrolmentOpenUntil"], json!(null));
    assert_eq!(api.administer("newcomer", Some("reset-phone")).await.status, 200);
    api.pass(1);
    let again = login.again("login-2");
    assert_eq!(api.post(&again, typed()).await.problem(), "enrolment-closed");
    assert_eq!(reasons(&api.status(&again).await), [&json!("enrolment-closed"); 2]);
}

#[tokio::test]
async fn of_two_logins_under_one_opening_one_enrols() {
    let (api, owner) = (Api::new().await, closed());
    api.administer("newcomer", OPEN).await;
    let thief = owner.again("login-2");
    assert_eq!(api.post(&thief, json!({ "channel": "sms", "phoneNumber": "+14155550177" })).await.status, 201);
    let of_thief = api.phone.last_code();
    enrol(&api, &owner).await;
    assert_ne!(api.guess(&thief, &of_thief).await.status, 200);
    let shown = api.administer("newcomer", None).await;
    assert_eq!(shown.json["phoneNumber"], json!("+•••••••••00"));
}

#[tokio::test]
async fn an_opening_that_ends_between_the_start_and_the_code_enrols_nothing() {
    let (mut api, login) = (Api::new().await, closed());
    api.administer("newcomer", OPEN).await;
    api.pass(24 * 3600 - 60);
    let login = login.at(api.now);
    let started = api.post(&login, typed()).await;
    assert_eq!(started.status, 201);
    let code = api.phone.last_code();
    api.pass(60);
    assert_eq!(api.guess(&login, &code).await.problem(), "challenge-closed");
    let view = api.status(&login).await;
    assert_eq!((&view.json["state"], reasons(&view)), (&json!("expired"), [&json!("enrolment-closed"); 2]));
    assert_eq!(api.post(&login, json!({ "channel": "sms" })).await.problem(), "enrolment-closed");
    assert_eq!(api.administer("newcomer", None).await.json["phoneNumber"], json!(null));
}

#[tokio::test]
async fn an_opening_of_another_account_opens_nothing() {
    let (api, thief) = (Api::new().await, closed());
    assert_eq!(api.administer("somebody", OPEN).await.status, 200);
    assert_eq!(api.post(&thief, typed()).await.problem(), "enrolment-closed");
    assert!(api.phone.codes().is_empty());
}

#[tokio::test]
async fn a_reset_ends_an_opening_and_what_was_started_under_it() {
    let (api, login) = (Api::new().await, closed());
    api.administer("newcomer", OPEN).await;
    api.post(&login, typed()).await;
    let code = api.phone.last_code();
    assert_eq!(api.administer("newcomer", Some("reset-phone")).await.json["enrolmentOpenUntil"], json!(null));
    assert_ne!(api.guess(&login, &code).await.status, 200);
    assert_eq!(api.post(&login.again("login-2"), typed()).await.problem(), "enrolment-closed");
}

#[tokio::test]
async fn a_link_opened_in_another_browser_does_nothing_there() {
    let (api, mut login) = (Api::new().await, Login::known());
    let [own, other] = [(); 2].map(|()| Browser::draw(&mut platform::clock::random()));
    login.claims["mfa_browser"] = json!(own.digest());
    let asks: [(&str, &str, Option<Value>); 3] = [
        ("GET", "/v1/challenge", None),
        ("POST", "/v1/challenge", Some(json!({ "channel": "sms" }))),
        ("POST", "/v1/challenge/code", Some(json!({ "code": "123456" }))),
    ];
    api.backend.round_trips();
    for (method, path, body) in &asks {
        let mut event = login.event(method, path, body.as_ref().map(Value::to_string).as_deref());
        for cookies in [json!(null), json!([cookie(&other)]), json!([cookie(&own), cookie(&other)])] {
            event["cookies"] = cookies;
            let refused = api.send(request(&event)).await;
            let told = (refused.status, refused.problem(), &refused.json["claim"]);
            assert_eq!(told, (401, "unauthenticated", &json!("mfa_browser")), "{path}");
        }
    }
    assert_eq!((api.backend.round_trips(), api.phone.codes().len()), (0, 0));
    let mut event = login.event("POST", "/v1/challenge", Some(r#"{"channel":"sms"}"#));
    event["cookies"] = json!(["a=1", cookie(&own)]);
    assert_eq!(api.send(request(&event)).await.status, 201);
}

fn cookie(browser: &Browser) -> String {
    let set = browser.cookie().expect("a header");
    set.to_str().expect("text").split(';').next().expect("a pair").to_owned()
}

// --- journeys

#[tokio::test]
async fn an_opening_lets_its_account_enrol_in_a_closed_login_and_in_a_closed_deployment() {
    for (login, deployment) in [(closed(), Enrolment::SelfService), (Login::newcomer(), Enrolment::ClaimsOnly)] {
        let mut api = Api::new().await;
        for rules in [&mut api.start.settings.rules, &mut api.get.settings.rules] {
            rules.enrolment = deployment;
        }
        assert_eq!(reasons(&api.status(&login).await), [&json!("enrolment-closed"); 2]);
        let opened = api.administer("newcomer", OPEN).await;
        assert_eq!((opened.status, opened.json["enrolmentOpenUntil"].is_string()), (200, true));
        assert_eq!(reasons(&api.status(&login).await), [&json!(null); 2]);
        enrol(&api, &login).await;
        api.pass(61);
        assert_eq!(api.post(&login.again("login-2"), json!({ "channel": "sms" })).await.status, 201, "from then on");
    }
}

#[tokio::test]
async fn enrolment_is_not_opened_for_an_account_with_a_number() {
    let api = Api::new().await;
    enrol(&api, &Login::newcomer()).await;
    let refused = api.administer("newcomer", OPEN).await;
    assert_eq!((refused.status, refused.problem()), (409, "phone-enrolled"));
    api.administer("newcomer", Some("reset-phone")).await;
    assert_eq!(api.administer("newcomer", OPEN).await.status, 200);
}

#[tokio::test]
async fn an_opening_of_a_misspelt_entra_account_is_refused() {
    const TENANT: &str = "7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70";
    const OBJECT: &str = "1c5d1e0e-6f53-4b25-9d3c-0f4f2b1f7a11";
    let api = Api::new().await;
    for misspelt in [
        format!("entra:{}:{OBJECT}", TENANT.to_uppercase()),
        format!("entra:{TENANT}:{}", OBJECT.to_uppercase()),
        format!("entra:{TENANT}:{OBJECT}:"),
        format!("entra:{TENANT}"),
        format!("entra::{OBJECT}"),
        format!("entra:{TENANT}:{}", OBJECT.replace('-', "")),
    ] {
        let refused = api.administer(&misspelt, OPEN).await;
        assert_eq!((refused.status, refused.problem()), (404, "subject-unknown"), "{misspelt}");
    }
    assert_eq!(api.administer(&format!("entra:{TENANT}:{OBJECT}"), OPEN).await.status, 200);
}

#[tokio::test]
async fn an_enrolled_number_is_changed_in_a_closed_login_by_proof_of_it() {
    let (mut api, login) = (Api::new().await, closed());
    api.administer("newcomer", OPEN).await;
    enrol(&api, &login).await;
    api.pass(61);
    let login = login.again("login-2");
    let change = |number: Option<&str>| json!({ "channel": "sms", "purpose": "change", "phoneNumber": number });
    let proof = json!({ "channel": "sms", "purpose": "change" });
    assert_eq!(api.post(&login, change(Some("+14155550122"))).await.problem(), "proof-required");
    assert_eq!(api.post(&login, proof).await.status, 201);
    let code = json!({ "code": api.phone.last_code(), "purpose": "change" }).to_string();
    assert_eq!(api.send(login.request("POST", "/v1/challenge/code", Some(&code))).await.status, 200);
    assert_eq!(api.post(&login, change(Some("+14155550122"))).await.status, 201);
}

// --- the store's contract

fn occasion(scene: &Scene, version: u64) -> Occasion {
    let by = Administrator::parse(JANE).expect("an ARN");
    Occasion { subject: scene.key.subject, version, by, at: scene.now }
}

/// A subject without a number, in a closed login.
async fn newcomer() -> Scene {
    let mut scene = Scene::new().await;
    (scene.claimed, scene.enrolment) = (None, Enrolment::ClaimsOnly);
    scene
}

async fn open(scene: &Scene) -> Result<(), StoreError> {
    let stored = scene.load().await;
    let until = opening(&stored, scene.now).expect("no number");
    scene.store.open_enrolment(&occasion(scene, stored.subject.version), until).await
}

async fn typing(scene: &Scene) -> Result<StartTransaction, Refusal> {
    match scene.decide(&scene.load().await, Channel::Sms, Some(ALICE))? {
        Decision::Send(transaction) => Ok(*transaction),
        Decision::Running => panic!("nothing runs"),
    }
}

#[tokio::test]
async fn an_opening_creates_a_subject_that_is_not_known_and_raises_the_version_of_one_that_is() {
    let scene = newcomer().await;
    for version in 1..4 {
        scene.backend.round_trips();
        open(&scene).await.expect("opened");
        assert_eq!(scene.backend.round_trips(), 2, "a read of this test, and one write");
        let subject = scene.load().await.subject;
        let until = Some(scene.now + Duration::from_hours(24));
        assert_eq!((subject.version, subject.enrolment_open_until), (version, until));
        assert!(subject.binding.is_none() && subject.reserved.is_empty());
    }
}

#[tokio::test]
async fn an_opening_is_refused_if_its_subject_has_changed_or_appeared() {
    let scene = newcomer().await;
    let until = scene.now + Duration::from_hours(24);
    let unknown = scene.store.open_enrolment(&occasion(&scene, 1), until).await;
    assert!(matches!(unknown, Err(StoreError::Conflict)), "{unknown:?}");
    assert_eq!(scene.backend.stored().await, [""; 0]);
    open(&scene).await.expect("opened");
    for version in [0, 2] {
        let moved = scene.store.open_enrolment(&occasion(&scene, version), until).await;
        assert!(matches!(moved, Err(StoreError::Conflict)), "{version}: {moved:?}");
        assert_eq!(scene.load().await.subject.version, 1);
    }
}

#[tokio::test]
async fn a_start_decided_under_an_opening_that_has_ended_since_is_refused() {
    let scene = newcomer().await;
    open(&scene).await.expect("opened");
    let mut decided = typing(&scene).await.expect("a transaction");
    decided.add_code(&scene.keys, &mut platform::clock::random());
    scene.store.reset_phone(&occasion(&scene, 1), None).await.expect("reset");
    assert!(matches!(scene.store.start(&decided).await, Err(StoreError::Conflict)));
    assert_eq!(typing(&scene).await.err(), Some(Refusal::EnrolmentClosed));
}

#[tokio::test]
async fn an_enrolment_uses_the_opening_up_whatever_the_number_came_from() {
    for claims in [false, true] {
        let mut scene = newcomer().await;
        open(&scene).await.expect("opened");
        let mut transaction = if claims {
            scene.claimed = Some(crate::scene::number(ALICE));
            scene.transaction(Channel::Sms).await
        } else {
            typing(&scene).await.expect("a transaction")
        };
        let (code, _) = transaction.add_code(&scene.keys, &mut platform::clock::random());
        scene.store.start(&transaction).await.expect("started");
        let source = if claims { NumberSource::Claimed } else { NumberSource::Typed };
        assert_eq!(scene.challenge().await.source, source);
        assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
        let subject = scene.load().await.subject;
        assert!(subject.binding.is_some());
        assert_eq!(subject.enrolment_open_until, None);
    }
}
