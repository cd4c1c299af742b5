//! The phone against a stub of the product, which returns a script and records each webhook.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::signature::{Form, sign};
use super::{Surroundings, start};
use crate::development::{VOICE_ACCOUNT, VOICE_API_KEY, VOICE_API_SECRET, VOICE_AUTH_TOKEN};
use crate::net;
use crate::timeline::{Exchange, Timeline};

type Heard = Arc<Mutex<Vec<(String, Form, String)>>>;

struct Stage {
    http: reqwest::Client,
    phone: String,
    product: String,
    heard: Heard,
    timeline: Timeline,
}

async fn stage() -> Stage {
    let http = reqwest::Client::new();
    let heard = Heard::default();
    let product = Router::new().route("/{event}", post(product)).with_state(Arc::clone(&heard));
    let product = net::serve(product, 0).await.unwrap();
    let timeline = Timeline::default();
    let surroundings = Surroundings { gateway: product.clone(), timeline: timeline.clone(), ..Surroundings::default() };
    let phone = start(http.clone(), 0, surroundings).await.unwrap();
    Stage { http, phone, product, heard, timeline }
}

async fn product(State(heard): State<Heard>, Path(event): Path<String>, headers: HeaderMap, body: String) -> Response {
    let form = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let signature = headers["x-twilio-signature"].to_str().unwrap().to_owned();
    heard.lock().unwrap().push((event.clone(), form, signature));
    let script = match event.as_str() {
        "answer-digits" => {
            r##"<Response>
                <Gather action="digits" finishOnKey="#" timeout="2"><Say>Key the digits</Say></Gather>
                <Say>Goodbye</Say>
            </Response>"##
        }
        "answer-code" => {
            r#"<Response>
                <Gather action="digits" finishOnKey="" numDigits="1" timeout="2">
                    <Say>Your code is: 4. 7. 1.</Say><Pause length="60"/><Say>Your code is: 4. 7. 1.</Say>
                </Gather>
                <Say>Goodbye</Say>
            </Response>"#
        }
        "answer" => {
            r#"<Response>
                <Gather action="digits" finishOnKey="" numDigits="1" timeout="2"><Say>Press the pound key</Say></Gather>
                <Say>Goodbye</Say>
            </Response>"#
        }
        _ => "<Response><Say>Thank you</Say><Hangup/></Response>",
    };
    ([(CONTENT_TYPE, "text/xml")], script).into_response()
}

impl Stage {
    async fn call(&self) -> String {
        self.call_with("answer").await
    }

    /// A call whose script the stub returns at `answer`.
    async fn call_with(&self, answer: &str) -> String {
        let form = [
            ("To", "+14155552671"),
            ("From", "+14155552600"),
            ("Url", &format!("{}/{answer}", self.product)),
            ("StatusCallback", &format!("{}/status", self.product)),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
            ("MachineDetection", "Enable"),
            ("Timeout", "20"),
        ];
        let url = format!("{}/2010-04-01/Accounts/{VOICE_ACCOUNT}/Calls.json", self.phone);
        let request = self.http.post(url).basic_auth(VOICE_API_KEY, Some(VOICE_API_SECRET)).form(&form);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["sid"].as_str().unwrap().to_owned()
    }

    async fn act(&self, sid: &str, verb: &str, body: Value) {
        let url = format!("{}/calls/{sid}/{verb}", self.phone);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202, "{verb}");
    }

    async fn until(&self, what: &str, met: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..100 {
            let calls: Value =
                self.http.get(format!("{}/calls", self.phone)).send().await.unwrap().json().await.unwrap();
            if met(&calls[0]) {
                return calls[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the call was never {what}");
    }

    /// The event of each webhook, with its digits, who answered, or the call's status.
    fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let field =
            |form: &Form, name: &str| form.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        heard
            .iter()
            .map(|(event, form, _)| {
                let detail = field(form, "Digits").or_else(|| field(form, "AnsweredBy"));
                detail.map_or_else(
                    || format!("{event} {}", field(form, "CallStatus").unwrap()),
                    |detail| format!("{event} {detail}"),
                )
            })
            .collect()
    }
}

#[tokio::test]
async fn a_person_can_answer_hear_the_prompt_and_press_the_pound_key() {
    let stage = stage().await;
    let sid = stage.call().await;
    stage.until("ringing", |call| call["status"] == "ringing").await;
    stage.act(&sid, "answer", json!({ "as": "human" })).await;
    stage.until("listening", |call| call["listening"] == true).await;
    stage.act(&sid, "press", json!({ "key": "#" })).await;
    let call = stage.until("over", |call| call["status"] == "completed").await;

    assert_eq!(call["spoken"], json!(["Press the pound key", "Thank you"]));
    assert_eq!(call["problem"], Value::Null);
    assert_eq!(
        stage.heard(),
        ["status initiated", "status ringing", "status in-progress", "answer human", "digits #", "status completed"]
    );
    for (event, form, signature) in stage.heard.lock().unwrap().iter() {
        let url = format!("{}/{event}", stage.product);
        assert_eq!(*signature, sign(VOICE_AUTH_TOKEN, &url, form).unwrap(), "{event}");
    }
}

#[tokio::test]
async fn digits_are_collected_up_to_but_without_the_pound_key() {
    for (keys, digits) in [("47#", "47"), ("0#", "0")] {
        let stage = stage().await;
        let sid = stage.call_with("answer-digits").await;
        stage.act(&sid, "answer", json!({ "as": "human" })).await;
        stage.until("listening", |call| call["listening"] == true).await;
        for key in keys.chars() {
            stage.act(&sid, "press", json!({ "key": key })).await;
        }
        let call = stage.until("over", |call| call["status"] == "completed").await;
        assert_eq!((&call["pressed"], &call["problem"]), (&json!(keys), &Value::Null));
        assert!(stage.heard().contains(&format!("digits {digits}")), "{:?}", stage.heard());
    }
}

#[tokio::test]
async fn what_the_caller_says_can_be_read_meanwhile_and_a_key_interrupts_it() {
    let stage = stage().await;
    let sid = stage.call_with("answer-code").await;
    stage.act(&sid, "answer", json!({ "as": "human" })).await;
    let call = stage.until("listening", |call| call["listening"] == true).await;
    assert_eq!(call["spoken"], json!(["Your code is: 4. 7. 1."]));
    stage.act(&sid, "press", json!({ "key": "0" })).await;
    let call = stage.until("over", |call| call["status"] == "completed").await;
    assert_eq!(call["spoken"], json!(["Your code is: 4. 7. 1.", "Thank you"]));
    assert!(stage.heard().contains(&"digits 0".to_owned()), "{:?}", stage.heard());
}

#[tokio::test]
async fn a_machine_is_reported_as_one_and_silence_leads_to_the_next_verb() {
    let stage = stage().await;
    let sid = stage.call().await;
    stage.act(&sid, "answer", json!({ "as": "machine" })).await;
    let call = stage.until("over", |call| call["status"] == "completed").await;

    assert_eq!(call["spoken"], json!(["Press the pound key", "Goodbye"]));
    assert!(stage.heard().contains(&"answer machine_start".to_owned()));
}

#[tokio::test]
async fn an_ignored_call_ends_unanswered_and_a_declined_one_ends_busy() {
    for (verb, status) in [("ignore", "no-answer"), ("hangup", "busy")] {
        let stage = stage().await;
        let sid = stage.call().await;
        stage.act(&sid, verb, json!({})).await;
        stage.until(status, |call| call["status"] == status).await;
        let ended = format!("status {status}");
        let heard = stage.until_heard(&ended).await;
        assert!(!heard.iter().any(|webhook| webhook.starts_with("answer")));
    }
}

#[tokio::test]
async fn a_fault_affects_the_next_message_and_the_next_call() {
    let stage = stage().await;
    let faults = stage.http.post(format!("{}/faults", stage.phone));
    faults.json(&json!({ "sms": "throttle", "voice": "busy" })).send().await.unwrap();

    let publish = [("Action", "Publish"), ("PhoneNumber", "+14155552671"), ("Message", "hello")];
    let answer = stage.http.post(&stage.phone).form(&publish).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(answer.text().await.unwrap().contains("<Code>Throttled</Code>"));

    stage.call().await;
    stage.until("busy", |call| call["status"] == "busy").await;
}

#[tokio::test]
async fn a_number_that_opted_out_gets_no_message_and_sns_says_so() {
    let stage = stage().await;
    stage.http.post(format!("{}/faults", stage.phone)).json(&json!({ "sms": "opted-out" })).send().await.unwrap();
    let publish = [("Action", "Publish"), ("PhoneNumber", "+14155552671"), ("Message", "hello")];
    let answer = stage.http.post(&stage.phone).form(&publish).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("<Code>OptedOut</Code>"));
    let messages = stage.http.get(format!("{}/messages", stage.phone)).send().await.unwrap();
    assert_eq!(messages.json::<Value>().await.unwrap(), json!([]));
}

impl Stage {
    async fn until_heard(&self, webhook: &str) -> Vec<String> {
        for _ in 0..500 {
            let heard = self.heard();
            if heard.iter().any(|heard| heard == webhook) {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{webhook} never arrived");
    }
}

#[tokio::test]
async fn voicemail_answers_if_nobody_does_even_if_switched_on_while_it_rings() {
    let stage = stage().await;
    stage.call().await;
    stage.until("ringing", |call| call["status"] == "ringing").await;
    let switched = stage.http.post(format!("{}/voicemail", stage.phone)).json(&json!({ "answers": true }));
    assert_eq!(switched.send().await.unwrap().status(), 204);

    stage.until_heard("answer machine_start").await;
}

#[tokio::test]
async fn an_open_page_gets_the_present_state_and_each_change() {
    let stage = stage().await;
    let mut live = stage.http.get(format!("{}/live", stage.phone)).send().await.unwrap();
    assert_eq!(live.headers()[CONTENT_TYPE], "text/event-stream");
    let mut next = async || {
        let event = String::from_utf8(live.chunk().await.unwrap().unwrap().to_vec()).unwrap();
        serde_json::from_str::<Value>(event.strip_prefix("data: ").unwrap().trim()).unwrap()
    };
    let nothing = json!({
        "messages": [], "calls": [], "faults": { "sms": "none", "receipts": "delivered", "voice": "none" }, "voicemail": false,
        "compiler": null, "timeline": 0,
    });
    assert_eq!(next().await, nothing);

    let publish = [("Action", "Publish"), ("PhoneNumber", "+14155552671"), ("Message", "hello")];
    stage.http.post(&stage.phone).form(&publish).send().await.unwrap();
    assert_eq!(next().await["messages"][0]["text"], "hello");
}

#[tokio::test]
async fn only_the_phones_own_page_can_act_on_a_call() {
    let stage = stage().await;
    let sid = stage.call().await;
    for (origin, status) in [("https://evil.example", 403), (stage.phone.as_str(), 202)] {
        let declined = stage.http.post(format!("{}/calls/{sid}/hangup", stage.phone)).header("origin", origin);
        assert_eq!(declined.send().await.unwrap().status(), status, "{origin}");
    }
}

#[tokio::test]
async fn clearing_the_phone_forgets_messages_and_ended_calls_but_not_the_one_that_rings() {
    let stage = stage().await;
    let publish = [("Action", "Publish"), ("PhoneNumber", "+14155552671"), ("Message", "hello")];
    stage.http.post(&stage.phone).form(&publish).send().await.unwrap();
    let over = stage.call().await;
    stage.act(&over, "hangup", json!({})).await;
    stage.until("busy", |call| call["status"] == "busy").await;
    let rings = stage.call().await;

    let cleared = stage.http.post(format!("{}/clear", stage.phone)).send().await.unwrap();
    assert_eq!(cleared.status(), 204);
    let kept = async |what: &str| {
        let url = format!("{}/{what}", stage.phone);
        stage.http.get(url).send().await.unwrap().json::<Vec<Value>>().await.unwrap()
    };
    assert!(kept("messages").await.is_empty());
    let calls = kept("calls").await;
    assert_eq!(calls.iter().map(|call| &call["sid"]).collect::<Vec<_>>(), [&json!(rings)]);
}

#[tokio::test]
async fn an_open_page_hears_of_each_request_and_fetches_what_is_new_to_it() {
    let stage = stage().await;
    let mut live = stage.http.get(format!("{}/live", stage.phone)).send().await.unwrap();
    live.chunk().await.unwrap().unwrap();
    let exchange = Exchange {
        route: "GET /v1/challenge",
        method: "GET".to_owned(),
        url: "http://127.0.0.1:1/v1/challenge".to_owned(),
        headers: Vec::new(),
        body: String::new(),
        status: 401,
        answer: String::new(),
        at_millis: 1,
        elapsed_millis: 1,
    };
    stage.timeline.record(exchange);
    let event = String::from_utf8(live.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(event.contains(r#""timeline":1"#), "{event}");
    for (after, entries) in [(0, 1), (1, 0)] {
        let url = format!("{}/timeline?after={after}", stage.phone);
        let listed: Vec<Value> = stage.http.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(listed.len(), entries, "after {after}");
    }
}
