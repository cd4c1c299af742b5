//! Amazon Cognito, as far as the function `cognito` meets it: a user pool with custom authentication, in which the password
//! was right. It drives the four triggers, and hands on what each answers as Cognito does.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::Phone;
use crate::development::{COGNITO_CLIENT, COGNITO_POOL, REGION};
use crate::entra;
use crate::issuer::Account;

const FUNCTION: &str = "cognito";
/// Define, Create and Verify may be asked about this many challenges; then something goes round in circles.
const MOST: usize = 5;

/// A user's session of custom authentication.
pub(crate) struct Session {
    attributes: Value,
    /// What was answered so far, with the result.
    answered: Vec<Value>,
    private: Value,
}

impl Session {
    /// The user has entered the right password.
    fn new(account: &Account, name: &str) -> Self {
        let mut attributes = json!({ "sub": entra::object_id(name), "cognito:user_status": "CONFIRMED" });
        if let Some(phone) = account.phone {
            attributes["phone_number"] = json!(phone);
            attributes["phone_number_verified"] = json!("true");
        }
        let answered =
            |name: &str| json!({ "challengeName": name, "challengeResult": true, "challengeMetadata": null });
        Self { attributes, answered: vec![answered("SRP_A")], private: Value::Null }
    }

    fn event(&self, trigger: &str, request: Value, response: &[&str]) -> Value {
        let mut asked = json!({ "userAttributes": self.attributes, "session": self.answered, "userNotFound": false });
        if let (Some(asked), Value::Object(request)) = (asked.as_object_mut(), request) {
            asked.extend(request);
        }
        let response: Map<String, Value> = response.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        json!({
            "version": "1",
            "region": REGION,
            "userPoolId": COGNITO_POOL,
            "userName": self.attributes["sub"],
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": COGNITO_CLIENT },
            "triggerSource": trigger,
            "request": asked,
            "response": response,
        })
    }
}

/// What comes next, as `DefineAuthChallenge` decides.
#[derive(Debug, PartialEq)]
enum Next {
    Challenge(String),
    Tokens,
}

impl Phone {
    /// Begins a login and returns it with the parameters that the application gets for the custom challenge.
    pub(super) async fn begin_cognito(&self, account: &Account, name: &str) -> Result<(Session, Value)> {
        let mut session = Session::new(account, name);
        for _ in 0..MOST {
            match self.define(&session).await? {
                Next::Challenge(name) if name == "CUSTOM_CHALLENGE" => {
                    let public = self.create(&mut session).await?;
                    return Ok((session, public));
                }
                Next::Challenge(name) if name == "PASSWORD_VERIFIER" => session
                    .answered
                    .push(json!({ "challengeName": name, "challengeResult": true, "challengeMetadata": null })),
                next => bail!("after the password, Define asks for {next:?}"),
            }
        }
        bail!("Define never comes to the custom challenge")
    }

    /// The application answers the custom challenge. Fails unless Cognito then issues tokens.
    pub(super) async fn answer_cognito(&self, session: &mut Session, answer: &str) -> Result<()> {
        let request = json!({ "privateChallengeParameters": session.private, "challengeAnswer": answer });
        let said =
            self.trigger(session, "VerifyAuthChallengeResponse_Authentication", request, &["answerCorrect"]).await?;
        let is_right = said["answerCorrect"].as_bool().context("Verify doesn't say whether the answer is correct")?;
        session.answered.push(
            json!({ "challengeName": "CUSTOM_CHALLENGE", "challengeResult": is_right, "challengeMetadata": "MFA" }),
        );
        match self.define(session).await {
            Ok(Next::Tokens) => {
                let response = ["claimsOverrideDetails"];
                self.trigger(session, "TokenGeneration_Authentication", json!({}), &response).await.map(drop)
            }
            Ok(next) => bail!("Cognito goes on with {next:?}"),
            Err(error) if is_right => Err(error),
            Err(error) => Err(error.context("Verify says that the answer is wrong")),
        }
    }

    async fn define(&self, session: &Session) -> Result<Next> {
        let response = ["challengeName", "issueTokens", "failAuthentication"];
        let said = self.trigger(session, "DefineAuthChallenge_Authentication", json!({}), &response).await?;
        ensure!(said["failAuthentication"] != true, "Define fails the authentication");
        if said["issueTokens"] == true {
            return Ok(Next::Tokens);
        }
        let name = said["challengeName"].as_str().context("Define names no challenge, and issues no tokens")?;
        Ok(Next::Challenge(name.to_owned()))
    }

    /// The challenge's public parameters; the private ones are kept for Verify.
    async fn create(&self, session: &mut Session) -> Result<Value> {
        let request = json!({ "challengeName": "CUSTOM_CHALLENGE" });
        let response = ["publicChallengeParameters", "privateChallengeParameters", "challengeMetadata"];
        let said = self.trigger(session, "CreateAuthChallenge_Authentication", request, &response).await?;
        for parameters in [&said["publicChallengeParameters"], &said["privateChallengeParameters"]] {
            let are_texts = parameters.as_object().is_some_and(|parameters| parameters.values().all(Value::is_string));
            ensure!(are_texts, "Cognito passes on texts only, not {parameters}");
        }
        session.private = said["privateChallengeParameters"].clone();
        Ok(said["publicChallengeParameters"].clone())
    }

    async fn trigger(&self, session: &Session, trigger: &str, request: Value, response: &[&str]) -> Result<Value> {
        let url = format!("{}/2015-03-31/functions/{FUNCTION}/invocations", self.functions);
        let event = session.event(trigger, request, response);
        let answer = self.http.post(url).json(&event).send().await?;
        let has_failed = answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await?;
        ensure!(!has_failed, "{trigger}: the function failed: {text}");
        let said: Value = serde_json::from_str(&text).with_context(|| format!("{trigger}: {text}"))?;
        Ok(said["response"].clone())
    }
}
