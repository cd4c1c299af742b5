//! Changing the number: the user proves the current one, then the new one, and only then does it change.

use domain::policy::CallMode;
use domain::purpose::Purpose;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Login};

pub(crate) const OLD: &str = "+14155552671";
pub(crate) const NEW: &str = "+14155559003";

/// A login that changes its number.
pub(crate) struct Change {
    pub(crate) api: Api,
    pub(crate) login: Login,
}

impl Change {
    /// A user who enrolled the old number in this login.
    pub(crate) async fn enrolled() -> Self {
        Self::over(Api::new().await).await
    }

    pub(crate) async fn over(api: Api) -> Self {
        let login = Login::newcomer();
        let mut change = Self { api, login };
        change.api.post(&change.login, json!({ "channel": "sms", "phoneNumber": OLD })).await;
        let approved = change.api.guess(&change.login, &change.api.phone.last_code()).await;
        assert_eq!(approved.json["state"], "approved", "{}", approved.text);
        change.api.pass(30);
        change
    }

    /// A user who has enrolled the old number, in the match-digits call mode.
    pub(crate) async fn matching_digits() -> Self {
        Self::over(Api::new().await.with_calls(CallMode::MatchDigits)).await
    }

    /// A user who has proven the old number in order to change it.
    pub(crate) async fn proven() -> Self {
        let mut change = Self::enrolled().await;
        change.prove().await;
        change
    }

    pub(crate) async fn prove(&mut self) {
        assert_eq!(self.start("sms", None).await.status, 201);
        let proven = self.guess(&self.api.phone.last_code()).await;
        assert_eq!(proven.json["change"], "new-number", "{}", proven.text);
        self.api.pass(30);
    }

    pub(crate) async fn start(&self, channel: &str, number: Option<&str>) -> Answer {
        let mut body = json!({ "channel": channel, "purpose": "change" });
        if let Some(number) = number {
            body["phoneNumber"] = json!(number);
        }
        self.api.post(&self.login.at(self.api.now), body).await
    }

    pub(crate) async fn guess(&self, code: &str) -> Answer {
        let body = json!({ "code": code, "purpose": "change" }).to_string();
        self.api.send(self.login.at(self.api.now).request("POST", "/v1/challenge/code", Some(&body))).await
    }

    pub(crate) async fn status(&self) -> Answer {
        self.api.status_of_change(&self.login.at(self.api.now)).await
    }

    /// Starts a call, and returns the digits that the page then shows.
    pub(crate) async fn start_call(&self, number: Option<&str>) -> String {
        let started = self.start("call", number).await;
        assert_eq!((started.status, &started.json["call"]), (201, &json!("calling")), "{}", started.text);
        started.json["matchDigits"].as_str().expect("digits").to_owned()
    }

    /// Answers the last call and enters these keys.
    pub(crate) async fn press(&self, digits: &str) {
        self.api.webhook("answer", &[("AnsweredBy", "human")]).await;
        self.api.webhook("digits", &[("Digits", digits)]).await;
        self.api.webhook("status", &[("CallStatus", "completed")]).await;
    }

    /// The account's enrolled number.
    pub(crate) async fn number(&self) -> Value {
        self.api.backend.item("subject").await["phone"].clone()
    }
}

#[tokio::test]
async fn the_number_changes_once_the_old_one_and_then_the_new_one_are_proven() {
    let mut change = Change::enrolled().await;
    let view = change.status().await;
    assert_eq!((&view.json["change"], &view.json["state"]), (&json!("current-number"), &json!("none")));
    assert_eq!((&view.json["phoneNumber"], &view.json["canChangeNumber"]), (&json!("+•••••••••71"), &json!(false)));

    let started = change.start("sms", None).await;
    assert_eq!((started.status, &started.json["change"]), (201, &json!("current-number")));
    assert_eq!(change.api.phone.last_number().expose(), OLD);
    assert_eq!(change.api.phone.last_purpose(), Purpose::Change, "as the message says");
    let proven = change.guess(&change.api.phone.last_code()).await;
    assert_eq!(
        (proven.status, &proven.json["change"], &proven.json["state"]),
        (200, &json!("new-number"), &json!("none"))
    );
    assert_eq!(proven.json["phoneNumber"], Value::Null, "the new number has not been entered yet");
    assert_eq!(change.status().await.json, proven.json);
    assert_eq!(change.start("sms", None).await.problem(), "phone-number-required");
    assert_eq!(change.number().await, OLD);

    let started = change.start("sms", Some(NEW)).await;
    assert_eq!((started.status, &started.json["change"]), (201, &json!("new-number")));
    assert_eq!(
        (&started.json["phoneNumber"], &started.json["canChangeNumber"]),
        (&json!("+•••••••••03"), &json!(true))
    );
    assert_eq!((change.api.phone.last_number().expose(), change.api.phone.last_purpose()), (NEW, Purpose::Change));
    assert_eq!(change.number().await, OLD, "nothing changes before both are proven");
    let changed = change.guess(&change.api.phone.last_code()).await;
    assert_eq!(
        (changed.status, &changed.json["change"], &changed.json["state"]),
        (200, &json!("changed"), &json!("approved"))
    );
    assert_eq!(changed.json["phoneNumber"], "+•••••••••03");
    assert_eq!(change.number().await, NEW);
    assert_eq!(change.status().await.json["change"], "changed");
    assert_eq!(change.start("sms", Some(OLD)).await.json["change"], "changed", "one change per login");

    change.api.pass(30);
    let later = change.login.again("login-2");
    assert_eq!(change.api.post(&later, json!({ "channel": "sms" })).await.status, 201);
    assert_eq!(change.api.phone.last_number().expose(), NEW, "the next login goes to the new number");
    assert_eq!(change.api.phone.last_purpose(), Purpose::Login);
    assert_eq!(change.api.guess(&later, &change.api.phone.last_code()).await.json["state"], "approved");
}

#[tokio::test]
async fn both_steps_work_by_a_call_that_takes_the_pages_digits() {
    let mut change = Change::matching_digits().await;
    let shown = change.start_call(None).await;
    change.press(&shown).await;
    let proven = change.status().await;
    assert_eq!((&proven.json["change"], &proven.json["state"]), (&json!("new-number"), &json!("none")));
    assert_eq!(proven.json.get("resultToken"), None);
    change.api.pass(30);
    let shown = change.start_call(Some(NEW)).await;
    assert_eq!(change.number().await, OLD);
    change.press(&shown).await;
    let changed = change.status().await;
    assert_eq!((&changed.json["change"], &changed.json["state"]), (&json!("changed"), &json!("approved")));
    assert_eq!(changed.json.get("resultToken"), None);
    assert_eq!(change.number().await, NEW);
}

#[tokio::test]
async fn both_steps_work_by_a_call_that_says_a_code() {
    let mut change = Change::over(Api::new().await.with_calls(CallMode::SpeakCode)).await;
    for (number, to, step) in [(None, OLD, "new-number"), (Some(NEW), NEW, "changed")] {
        assert_eq!(change.start("call", number).await.status, 201);
        let said = change.api.webhook("answer", &[("AnsweredBy", "human"), ("To", to)]).await;
        assert!(said.text.contains("Your code to change your phone number is:"), "{}", said.text);
        assert_eq!(change.guess(&said.spoken_code()).await.json["change"], step);
        change.api.webhook("status", &[("CallStatus", "completed")]).await;
        change.api.pass(30);
    }
    assert_eq!(change.number().await, NEW);
}

#[tokio::test]
async fn a_change_signs_nobody_in() {
    let change = Change::proven().await;
    let proven = change.status().await;
    change.start("sms", Some(NEW)).await;
    let changed = change.guess(&change.api.phone.last_code()).await;
    for answer in [proven, changed, change.status().await] {
        assert_eq!(answer.json.get("resultToken"), None, "{}", answer.text);
    }
    let other = change.login.again("login-2");
    assert_eq!(change.api.status(&other).await.json["state"], "none", "nor does it approve a login");
}

#[tokio::test]
async fn a_change_and_a_login_in_one_session_are_two_challenges() {
    let change = Change::enrolled().await;
    assert_eq!(change.api.status(&change.login).await.json.get("change"), None);
    change.start("sms", None).await;
    let code = change.api.phone.last_code();
    assert_eq!(
        change.api.status(&change.login).await.json["state"],
        "approved",
        "the login is approved by its own code"
    );
    assert_eq!(change.api.guess(&change.login, &code).await.problem(), "challenge-closed");
    assert_eq!(change.guess(&code).await.json["change"], "new-number");
}

#[tokio::test]
async fn the_account_moves_from_the_old_number_to_the_new_one() {
    let change = Change::proven().await;
    let accounts = async |api: &Api, e164: &str| {
        let digest = platform::encoding::base64url(&crate::scene::number(e164).digest());
        let numbers = api.backend.items("number").await;
        let mut of_number = numbers.into_iter().filter(|item| item["pk"] == format!("number#{digest}"));
        of_number.find(|item| item["sk"] == "number").is_some_and(|item| item.get("accounts").is_some())
    };
    change.start("sms", Some(NEW)).await;
    assert!(accounts(&change.api, OLD).await && !accounts(&change.api, NEW).await, "not until both are proven");
    change.guess(&change.api.phone.last_code()).await;
    assert!(!accounts(&change.api, OLD).await && accounts(&change.api, NEW).await);
}

#[tokio::test]
async fn a_change_to_a_full_number_is_refused_before_anything_is_sent() {
    let mut change = Change::over(crate::limits::api(|rules| rules.policy.max_accounts = 1).await).await;
    let other = crate::limits::stranger(1);
    change.api.post(&other, json!({ "channel": "sms", "phoneNumber": NEW })).await;
    change.api.guess(&other, &change.api.phone.last_code()).await;
    change.prove().await;
    let codes = change.api.phone.codes().len();
    assert_eq!(change.start("sms", Some(NEW)).await.problem(), "phone-number-unavailable");
    assert_eq!(change.api.phone.codes().len(), codes);
}

#[tokio::test]
async fn a_code_that_reaches_the_new_number_late_still_works() {
    let mut change = Change::proven().await;
    change.start("sms", Some(NEW)).await;
    let first = change.api.phone.last_code();
    change.api.pass(30);
    assert_eq!(change.start("sms", None).await.status, 201, "a resend needs no number");
    assert_eq!(change.api.phone.last_number().expose(), NEW);
    assert_eq!(change.guess(&first).await.json["change"], "changed");
}

#[tokio::test]
async fn a_user_without_an_enrolled_number_has_none_to_change() {
    let (api, login) = (Api::new().await, Login::newcomer());
    for number in [None, Some(NEW)] {
        let change = Change { api: Api::over(crate::backend::Backend::fresh().await), login: login.clone() };
        let refused = change.start("sms", number).await;
        assert_eq!((refused.status, refused.problem()), (409, "nothing-to-change"));
    }
    let claimed = Change { api, login: Login::known() };
    assert_eq!(
        claimed.start("sms", None).await.problem(),
        "nothing-to-change",
        "a claimed number is not an enrolled one"
    );
}

#[tokio::test]
async fn the_enrolled_number_is_not_accepted_as_the_new_one() {
    let change = Change::proven().await;
    let refused = change.start("sms", Some(OLD)).await;
    assert_eq!((refused.status, refused.problem()), (409, "phone-number-known"));
}

#[tokio::test]
async fn a_change_from_a_landline_offers_messages_to_the_new_number() {
    let api = Api::new().await.with_calls(CallMode::MatchDigits);
    let mut change = Change { api, login: Login::newcomer() };
    let enrols = json!({ "channel": "call", "phoneNumber": "+442071838750" });
    let started = change.api.post(&change.login, enrols).await;
    change.press(started.json["matchDigits"].as_str().expect("digits")).await;
    change.api.status(&change.login).await;
    change.api.pass(30);
    assert_eq!(change.status().await.json["channels"]["sms"]["reason"], "unreachable", "it is a landline");
    let shown = change.start_call(None).await;
    change.press(&shown).await;
    let view = change.status().await;
    assert_eq!(
        (&view.json["change"], &view.json["channels"]["sms"]["available"]),
        (&json!("new-number"), &json!(true))
    );
    change.api.pass(30);
    assert_eq!(change.start("sms", Some(NEW)).await.status, 201);
}
