//! Requests, and why one did not end as it should.

use std::error::Error;
use std::time::Duration;

use http::{Request, StatusCode};
use platform::outbound::PublicConnector;
use platform::problem::PREFIX;
use platform::result_check;
use platform::secrets::SecretError;
use serde_json::Value;
use thiserror::Error as ThisError;
use tokio::time::timeout;

/// Why a step failed. It is logged, so it repeats nothing that was sent or received but names of the API's problems.
#[derive(Debug, ThisError)]
pub enum Cause {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("no connection")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Result(#[from] result_check::Wrong),
    #[error("{0}")]
    Wrong(&'static str),
}

#[derive(Debug)]
pub struct Client {
    connector: PublicConnector,
    limit: Duration,
}

impl Client {
    /// A client that waits for each answer as long as `limit`.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { connector: PublicConnector::default(), limit }
    }

    pub async fn in_time<T>(&self, answer: impl Future<Output = Result<T, Cause>>) -> Result<T, Cause> {
        timeout(self.limit, answer).await.unwrap_or(Err(Cause::Late(self.limit)))
    }

    /// The JSON document of a successful answer.
    pub async fn json(&self, request: http::Result<Request<String>>) -> Result<Value, Cause> {
        let request = request.map_err(|error| Cause::Unreachable(error.into()))?;
        let exchanged =
            async { self.connector.exchange(request).await.map_err(|error| Cause::Unreachable(error.into())) };
        let (status, body) = self.in_time(exchanged).await?;
        let document = serde_json::from_slice(&body).ok();
        if status.is_success() {
            return document.ok_or(Cause::Wrong("the answer is not JSON"));
        }
        Err(Cause::Refused(refusal(status, &document.unwrap_or_default())))
    }
}

/// The status, and of a problem of the API its name, limit and claim.
fn refusal(status: StatusCode, document: &Value) -> String {
    let is_name = |word: &&str| {
        let mut bytes = word.bytes();
        word.len() <= 40 && bytes.all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte))
    };
    let problem = document["type"].as_str().and_then(|kind| kind.strip_prefix(PREFIX));
    let members = ["limit", "claim"].map(|member| document[member].as_str().filter(|_| problem.is_some()));
    let words = [problem, members[0], members[1]].into_iter().flatten().filter(is_name);
    words.fold(status.as_u16().to_string(), |line, word| format!("{line} {word}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_names_the_problem_and_repeats_nothing_else() {
        let told = |status, document| refusal(StatusCode::from_u16(status).expect("a status"), &document);
        let problem = |name: &str| json!({ "type": format!("{PREFIX}{name}"), "detail": "+15005550006" });
        assert_eq!(told(422, problem("phone-number-invalid")), "422 phone-number-invalid");
        assert_eq!(told(422, problem("+15005550006")), "422");
        let mut limit = problem("send-limit");
        limit["limit"] = json!("subject-long");
        assert_eq!(told(429, limit), "429 send-limit subject-long");
        assert_eq!(told(401, json!({ "message": "Unauthorized", "claim": "sub" })), "401");
        assert_eq!(told(502, Value::Null), "502");
    }
}
