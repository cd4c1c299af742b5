//! Switches through the handlers: what operators may set, what starts and the status then say, and what it costs.

use domain::ports::SwitchStore as _;
use domain::switches::Switches;
use serde_json::{Value, json};

use crate::api::{Answer, Api, JANE, Login, event, request};
use crate::limits::{stranger, typing};

const UNTIL: &str = "2026-11-25T12:00:00Z";
const LATER: &str = "2026-11-25T18:00:00Z";

fn operation(method: &str, switch: Option<&str>, body: Option<&Value>, authorizer: Value) -> lambda_http::Request {
    let path = switch.map_or_else(|| "/v1/admin/switches".to_owned(), |name| format!("/v1/admin/switches/{name}"));
    let body = body.map(Value::to_string);
    let mut event = event(method, &path, body.as_deref(), "application/json");
    if let Some(name) = switch {
        event["pathParameters"] = json!({ "switch": name });
    }
    event["requestContext"]["authorizer"] = authorizer;
    request(&event)
}

fn iam() -> Value {
    json!({ "iam": { "userArn": JANE } })
}

async fn put(api: &Api, switch: &str, body: Value) -> Answer {
    api.send(operation("PUT", Some(switch), Some(&body), iam())).await
}

async fn set(api: &Api, switch: &str, until: &str) {
    let mut body = json!({ "reason": "a test", "until": until });
    if switch == "unverified-budget" {
        body["mode"] = json!("record-only");
    }
    let answer = put(api, switch, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn clear(api: &Api, switch: &str) -> Answer {
    api.send(operation("DELETE", Some(switch), None, iam())).await
}

async fn list(api: &Api) -> Value {
    api.send(operation("GET", None, None, iam())).await.json["switches"].clone()
}

fn paused(answer: &Answer, channel: &str) -> (Value, Value) {
    let channel = &answer.json["channels"][channel];
    (channel["reason"].clone(), channel["nextSendAt"].clone())
}

#[tokio::test]
async fn a_switch_is_set_shown_changed_and_cleared() {
    let api = Api::new().await;
    assert_eq!(list(&api).await, json!([]));
    let set = put(&api, "call-GB", json!({ "reason": " toll fraud ", "until": UNTIL })).await;
    let shown = json!({
        "switch": "call-GB", "reason": "toll fraud", "until": UNTIL, "by": JANE, "at": "2026-11-25T09:46:50Z",
    });
    assert_eq!((set.status, &set.json), (200, &json!({ "switches": [shown] })));
    assert_eq!(set.header("cache-control"), Some("no-store"));
    assert_eq!(list(&api).await, json!([shown]));
    let mode = json!({ "reason": "a rush", "until": UNTIL, "mode": "record-only" });
    assert_eq!(put(&api, "unverified-budget", mode).await.json["switches"][1]["mode"], "record-only");
    assert_eq!(clear(&api, "call-GB").await.json["switches"][0]["switch"], "unverified-budget");
    assert_eq!(clear(&api, "unverified-budget").await.json, json!({ "switches": [] }));
}

#[tokio::test]
async fn repeating_a_change_writes_nothing_and_another_end_is_another_change() {
    let mut api = Api::new().await;
    let version = async |api: &Api| api.backend.store().switches().await.expect("switches").version;
    for _ in 0..3 {
        set(&api, "sms", UNTIL).await;
        api.pass(1);
        assert_eq!(version(&api).await, 1);
    }
    set(&api, "sms", LATER).await;
    assert_eq!(version(&api).await, 2);
    for _ in 0..2 {
        assert_eq!(clear(&api, "sms").await.status, 200);
        assert_eq!(version(&api).await, 3);
    }
}

#[tokio::test]
async fn only_what_an_operator_may_mean_is_accepted() {
    let api = Api::new().await;
    let body = |reason: &str, until: &str| json!({ "reason": reason, "until": until });
    let control = body("stopped\u{1b}[2K", UNTIL);
    let cases = [
        ("reason", json!({ "until": UNTIL })),
        ("reason", body("", UNTIL)),
        ("reason", body("   ", UNTIL)),
        ("reason", body(&"a".repeat(201), UNTIL)),
        ("reason", control),
        ("reason", body("two\nlines", UNTIL)),
        ("reason", body("a \u{202e}turned text", UNTIL)),
        ("reason", body("calls from +44 7400-123456", UNTIL)),
        ("until", json!({ "reason": "a test" })),
        ("until", body("a test", "2026-11-25T09:46:50Z")),
        ("until", body("a test", "2026-12-26T09:46:51Z")),
        ("until", body("a test", "9999-12-31T23:59:59Z")),
        ("until", body("a test", "tomorrow")),
        ("until", body("a test", "1795600060")),
        ("mode", json!({ "reason": "a test", "until": UNTIL, "mode": "enforce" })),
        ("note", json!({ "reason": "a test", "until": UNTIL, "note": "" })),
    ];
    for (field, body) in cases {
        let answer = put(&api, "call", body.clone()).await;
        assert_eq!(
            (answer.status, answer.problem(), &answer.json["field"]),
            (400, "invalid-field", &json!(field)),
            "{body}"
        );
    }
    for mode in [json!(null), json!("off"), json!("ENFORCE")] {
        let answer = put(&api, "unverified-budget", json!({ "reason": "a", "until": UNTIL, "mode": mode })).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!("mode")), "{mode}");
    }
    assert_eq!(put(&api, "call", body("a", "2026-12-26T09:46:50Z")).await.status, 200, "31 days");
    let weakened = |until: &str| json!({ "reason": "a", "until": until, "mode": "record-only" });
    let long = put(&api, "unverified-budget", weakened("2026-11-26T09:46:51Z")).await;
    assert_eq!((long.status, &long.json["field"]), (400, &json!("until")), "it weakens a defence");
    assert_eq!(put(&api, "unverified-budget", weakened("2026-11-26T09:46:50Z")).await.status, 200, "a day");
    let names = ["", "email", "SMS", "call-gb", "call-UK", "call-ZZ", "call-GBR", "sms-", "call-GB/..", "enrolment-GB"];
    for name in names {
        for answer in [put(&api, name, body("a", UNTIL)).await, clear(&api, name).await] {
            assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{name:?}");
        }
    }
    assert_eq!(api.send(operation("GET", Some("call"), None, iam())).await.problem(), "not-found");
    assert_eq!(api.send(operation("POST", None, None, iam())).await.problem(), "not-found");
}

#[tokio::test]
async fn nobody_else_reaches_the_switches() {
    let (api, login) = (Api::new().await, Login::known());
    let body = json!({ "reason": "mischief", "until": UNTIL });
    let claims = json!({ "jwt": { "claims": login.claims, "scopes": null } });
    for authorizer in [json!(null), claims, json!({ "iam": { "userArn": "jane" } })] {
        for (method, switch) in [("GET", None), ("PUT", Some("sms")), ("DELETE", Some("sms"))] {
            let answer = api.send(operation(method, switch, Some(&body), authorizer.clone())).await;
            assert_eq!((answer.status, answer.problem()), (403, "caller-unknown"), "{method}");
        }
    }
    assert_eq!(api.backend.stored().await, [""; 0]);
}

#[tokio::test]
async fn a_stopped_channel_sends_nothing_is_shown_as_paused_and_goes_on_at_its_end() {
    let (mut api, login) = (Api::new().await, Login::known());
    set(&api, "sms", UNTIL).await;
    let view = api.status(&login).await;
    assert_eq!(paused(&view, "sms"), (json!("paused"), json!(UNTIL)));
    assert_eq!(paused(&view, "call"), (json!(null), json!(null)));
    assert_eq!(view.json.get("enrolmentPausedUntil"), None);
    let refused = api.post(&login, json!({ "channel": "sms" })).await;
    assert_eq!((refused.status, refused.problem()), (409, "channel-paused"));
    assert_eq!((&refused.json["retryAt"], refused.header("retry-after")), (&json!(UNTIL), Some("7990")));
    assert_eq!(api.phone.codes().len(), 0);
    assert_eq!(api.post(&login, json!({ "channel": "call" })).await.status, 201);
    api.pass(7_990);
    let login = login.again("later").at(api.now);
    assert_eq!(api.post(&login, json!({ "channel": "sms" })).await.status, 201);
}

#[tokio::test]
async fn a_stopped_country_counts_as_soon_as_the_number_is_known() {
    let api = Api::new().await;
    set(&api, "sms-GB", UNTIL).await;
    let newcomer = stranger(1);
    assert_eq!(paused(&api.status(&newcomer).await, "sms").0, json!(null), "nobody knows the number yet");
    assert_eq!(api.post(&newcomer, typing("+447400123456")).await.problem(), "channel-paused");
    assert_eq!(api.post(&newcomer, typing("+14155552671")).await.status, 201);
    let british = json!({ "sub": "b", "jti": "b", "phone_number": "+447400123456", "phone_number_verified": "true" });
    let british = Login::of(british);
    assert_eq!(paused(&api.status(&british).await, "sms"), (json!("paused"), json!(UNTIL)), "claimed");
    assert_eq!(paused(&api.status(&british).await, "call").0, json!(null));
    assert_eq!(api.post(&british, json!({ "channel": "sms" })).await.problem(), "channel-paused");
    assert_eq!(api.post(&british, json!({ "channel": "call" })).await.status, 201);
    assert_eq!(paused(&api.status(&british).await, "sms").0, json!("paused"));
}

#[tokio::test]
async fn without_enrolment_nobody_adds_a_number_and_whoever_has_one_signs_in() {
    let mut api = Api::new().await;
    let (known, newcomer) = (Login::known(), stranger(1));
    api.post(&known, json!({ "channel": "sms" })).await;
    api.guess(&known, &api.phone.last_code()).await;
    set(&api, "enrolment", UNTIL).await;
    api.pass(31);

    let claimed =
        Login::of(json!({ "sub": "c", "jti": "c", "phone_number": "+14155552673", "phone_number_verified": "true" }));
    for login in [&newcomer, &claimed] {
        let view = api.status(login).await;
        assert_eq!(view.json["enrolmentPausedUntil"], UNTIL);
        assert_eq!(paused(&view, "call"), (json!("paused"), json!(UNTIL)));
    }
    for refused in [
        api.post(&newcomer, json!({ "channel": "sms" })).await,
        api.post(&newcomer, typing("+14155552672")).await,
        api.post(&claimed, json!({ "channel": "call" })).await,
    ] {
        assert_eq!(
            (refused.status, refused.problem(), &refused.json["retryAt"]),
            (403, "enrolment-paused", &json!(UNTIL))
        );
        assert!(refused.header("retry-after").is_some());
    }
    let again = known.again("login-2");
    assert_eq!(api.status(&again).await.json.get("enrolmentPausedUntil"), None);
    assert_eq!(api.post(&again, json!({ "channel": "sms" })).await.status, 201, "enrolled");
    let change = json!({ "channel": "sms", "purpose": "change" });
    let changing = known.again("login-3");
    assert_eq!(api.post(&changing, change.clone()).await.status, 201, "the current number may be proven");
    let code = json!({ "code": api.phone.last_code(), "purpose": "change" }).to_string();
    let proven = api.send(changing.request("POST", "/v1/challenge/code", Some(&code))).await;
    assert_eq!(proven.json["change"], "new-number", "{}", proven.text);
    assert_eq!(api.status_of_change(&changing).await.json["enrolmentPausedUntil"], UNTIL);
    for body in [change, json!({ "channel": "sms", "purpose": "change", "phoneNumber": "+14155552679" })] {
        assert_eq!(api.post(&changing, body).await.problem(), "enrolment-paused");
    }
}

#[tokio::test]
async fn what_is_running_goes_on() {
    let mut api = Api::new().await;
    let newcomer = stranger(1);
    assert_eq!(api.post(&newcomer, typing("+14155552672")).await.status, 201);
    for switch in ["sms", "call", "enrolment"] {
        set(&api, switch, UNTIL).await;
    }
    api.pass(29);
    assert_eq!(api.post(&newcomer, json!({ "channel": "sms" })).await.status, 200, "within its cooldown");
    api.pass(2);
    let view = api.status(&newcomer).await;
    assert_eq!((&view.json["state"], paused(&view, "sms").0), (&json!("pending"), json!("paused")));
    assert_eq!(view.json.get("enrolmentPausedUntil"), None, "its number can still be proven");
    assert_eq!(api.post(&newcomer, json!({ "channel": "sms" })).await.problem(), "enrolment-paused");
    assert_eq!(api.guess(&newcomer, &api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn what_is_about_the_account_comes_before_a_pause_and_the_longer_wait_is_told() {
    let mut api = Api::new().await;
    let login = Login::known();
    for session in ["a", "b"] {
        let login = login.again(session);
        api.post(&login, json!({ "channel": "sms" })).await;
        for _ in 0..5 {
            api.guess(&login, "000000").await;
        }
        api.pass(1);
    }
    set(&api, "sms", UNTIL).await;
    api.pass(30);
    let waiting = login.again("c");
    let delayed = api.post(&waiting, json!({ "channel": "sms" })).await.problem().to_owned();
    assert!(["too-many-failures", "channel-paused"].contains(&delayed.as_str()), "{delayed}");
    let shown = paused(&api.status(&waiting).await, "sms").0;
    assert_eq!(shown, if delayed == "channel-paused" { json!("paused") } else { json!("locked") });
}

#[tokio::test]
async fn the_budget_obeys_the_mode_that_it_is_switched_to() {
    let mut api = Api::new().await;
    api.start.settings.rules.policy.unverified.floor = 1;
    assert_eq!(api.post(&stranger(1), typing("+14155552671")).await.status, 201);
    api.pass(61);
    assert_eq!(api.post(&stranger(2), typing("+12125552671")).await.problem(), "send-limit");
    set(&api, "unverified-budget", UNTIL).await;
    api.pass(31);
    assert_eq!(api.post(&stranger(3), typing("+12135552671")).await.status, 201, "counted, and not refused");
    clear(&api, "unverified-budget").await;
    api.pass(31);
    assert_eq!(api.post(&stranger(4), typing("+13055552671")).await.problem(), "send-limit");
}

#[tokio::test]
async fn the_switches_are_read_once_in_thirty_seconds_by_each_function() {
    let (mut api, login) = (Api::new().await, Login::known());
    for (seconds, reads) in [(0, 2), (1, 0), (28, 0), (1, 2), (29, 0), (1, 2)] {
        api.pass(seconds);
        api.backend.switch_reads();
        for _ in 0..3 {
            api.status(&login).await;
            api.post(&login, json!({ "channel": "call" })).await;
        }
        assert_eq!(api.backend.switch_reads(), reads, "{seconds} s later");
    }
    api.guess(&login, "000000").await;
    assert_eq!(api.backend.switch_reads(), 0);
}

#[tokio::test]
async fn a_switch_holds_thirty_seconds_after_it_was_set_at_the_latest() {
    let (mut api, login) = (Api::new().await, Login::known());
    assert_eq!(paused(&api.status(&login).await, "sms").0, json!(null));
    set(&api, "sms", UNTIL).await;
    api.pass(29);
    assert_eq!(paused(&api.status(&login).await, "sms").0, json!(null));
    api.pass(1);
    assert_eq!(paused(&api.status(&login).await, "sms").0, json!("paused"));
}

#[tokio::test]
async fn unreadable_switches_leave_the_last_known_ones_in_force_and_stop_a_process_that_knows_none() {
    let (mut api, login) = (Api::new().await, Login::known());
    set(&api, "sms", UNTIL).await;
    assert_eq!(paused(&api.status(&login).await, "sms").0, json!("paused"));
    api.backend.put_text("switches", "switches", "version", "unreadable").await;
    api.pass(3_600);
    let login = login.at(api.now);
    assert_eq!(paused(&api.status(&login).await, "sms").0, json!("paused"), "an hour old");
    api.backend.round_trips();
    assert_eq!(paused(&api.status(&login).await, "sms").0, json!("paused"), "right after a failure");
    assert_eq!(api.backend.round_trips(), 1, "they are not read again at once");
    let refused = api.post(&login, json!({ "channel": "call" })).await;
    assert_eq!((refused.status, refused.problem()), (503, "temporarily-unavailable"), "it has never read any");
    assert_eq!(api.phone.calls(), 0);
    api.pass(5_000);
    let login = login.at(api.now);
    assert_eq!(paused(&api.status(&login).await, "sms").0, json!(null), "its end still counts");
}

#[tokio::test]
async fn of_two_operators_at_once_one_is_told_to_try_again_and_nothing_is_lost() {
    let api = Api::new().await;
    let both = async || {
        let sms = put(&api, "sms", json!({ "reason": "one", "until": UNTIL }));
        let call = put(&api, "call", json!({ "reason": "other", "until": UNTIL }));
        tokio::join!(sms, call)
    };
    let (sms, call) = both().await;
    let statuses = [sms.status, call.status];
    assert!(statuses.contains(&200) && statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    let (sms, call) = both().await;
    assert!([sms.status, call.status].contains(&200));
    let stored: Switches = api.backend.store().switches().await.expect("switches");
    assert_eq!(stored.stored().count(), 2, "{stored:?}");
}
