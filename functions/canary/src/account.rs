//! What the canary signs in with: the secret's document.

use std::collections::BTreeMap;
use std::fmt;

use domain::code::Code;
use domain::phone::PhoneNumber;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use platform::secrets::{Document, document};
use platform::settings::is_protected;
use serde::Deserialize;
use serde_json::Value;

/// How to get a first-factor token, and the test number with its code.
pub struct Account {
    token_url: String,
    headers: HeaderMap,
    body: String,
    /// Where the answer has the token: a JSON Pointer (RFC 6901).
    pub token_at: String,
    pub number: PhoneNumber,
    pub code: Code,
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Account(…)")
    }
}

impl Account {
    /// The request for a first-factor token.
    pub fn token_request(&self) -> http::Result<Request<String>> {
        let mut request = Request::post(&self.token_url).body(self.body.clone())?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)] // a missing field is reported along with the others
struct Given {
    token_url: String,
    headers: BTreeMap<String, String>,
    body: Value,
    token_at: String,
    phone_number: String,
    code: String,
}

impl Document for Account {
    fn parse(text: &str) -> Result<Self, String> {
        let given: Given = document(text)?;
        let headers = headers(&given);
        let number = PhoneNumber::parse(&given.phone_number);
        let code = Code::parse(&given.code);
        let reachable = is_protected(&given.token_url) && given.token_url.parse::<http::Uri>().is_ok();
        let faults = [
            (!reachable).then_some("tokenUrl is no https URL"),
            headers.is_none().then_some("headers has a name or a value that HTTP does not allow"),
            (!given.token_at.starts_with('/')).then_some("tokenAt is no JSON Pointer, such as /access_token"),
            number.is_err().then_some("phoneNumber is no number in E.164"),
            code.is_err().then_some("code is not six digits"),
        ];
        match (headers, number, code) {
            (Some(headers), Ok(number), Ok(code)) if faults.iter().all(Option::is_none) => {
                let body = match given.body {
                    Value::String(text) => text,
                    Value::Null => String::new(),
                    json => json.to_string(),
                };
                Ok(Self { token_url: given.token_url, headers, body, token_at: given.token_at, number, code })
            }
            _ => Err(faults.into_iter().flatten().collect::<Vec<_>>().join("; ")),
        }
    }
}

/// The headers, with the content type of a body that is written as JSON.
fn headers(given: &Given) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if !matches!(given.body, Value::String(_) | Value::Null) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in &given.headers {
        headers.insert(name.parse::<HeaderName>().ok()?, value.parse().ok()?);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(changes: &Value) -> Result<Account, String> {
        let mut document = json!({
            "tokenUrl": "https://login.example.com/token", "tokenAt": "/access_token",
            "phoneNumber": "+15005550006", "code": "424242",
        });
        for (name, value) in changes.as_object().expect("an object") {
            document[name] = value.clone();
        }
        Account::parse(&document.to_string())
    }

    fn request(changes: &Value) -> Request<String> {
        with(changes).expect("an account").token_request().expect("a request")
    }

    #[test]
    fn a_text_is_sent_as_it_is_and_anything_else_as_json() {
        let form =
            request(&json!({ "body": "a=b", "headers": { "content-type": "application/x-www-form-urlencoded" } }));
        assert_eq!((form.method().as_str(), form.body().as_str()), ("POST", "a=b"));
        assert_eq!(form.headers()["content-type"], "application/x-www-form-urlencoded");
        let object = request(&json!({ "body": { "a": "b" } }));
        assert_eq!(
            (object.body().as_str(), object.headers()["content-type"].as_bytes()),
            (r#"{"a":"b"}"#, &b"application/json"[..])
        );
        let typed = request(&json!({ "body": {}, "headers": { "Content-Type": "application/x-amz-json-1.1" } }));
        assert_eq!(typed.headers().get_all("content-type").iter().collect::<Vec<_>>(), ["application/x-amz-json-1.1"]);
        assert_eq!(request(&json!({})).body(), "");
    }

    #[test]
    fn every_fault_is_named_and_no_value_repeated() {
        let wrong = json!({
            "tokenUrl": "http://login.example.com", "headers": { "a b": "secret-1" }, "tokenAt": "access_token",
            "phoneNumber": "5005550006", "code": "secret-2",
        });
        let faults = with(&wrong).expect_err("all is wrong");
        assert_eq!(faults.matches(';').count(), 4, "{faults}");
        assert!(!faults.contains("secret") && !faults.contains("5005550006"), "{faults}");
        assert_eq!(Account::parse("{}").expect_err("all is missing").matches(';').count(), 3);
        assert!(with(&json!({ "tokenURL": "" })).is_err(), "a name in another spelling would be ignored");
    }
}
