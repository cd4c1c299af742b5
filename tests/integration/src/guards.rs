//! Records the condition of each outgoing write, or replaces it with a weaker one.
//!
//! `tests/mutants` sets the two switches; without them nothing is touched. `GUARDS_TOLD_TO` names a file to
//! which every conditional write is logged once, one JSON document a line, with the test that sent it.
//! `GUARDS_REPLACED` is a JSON list of pairs: a write as it was logged, and the condition to send instead.
//! An invalid condition would fail every test and prove nothing, so it ends the program.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex, OnceLock};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde_json::{Value, json};

const CONDITION: &str = "ConditionExpression";
const UPDATE: &str = "UpdateExpression";
/// The exit status that tells `tests/mutants` that its replacement is not a valid condition.
const NOT_VALID: i32 = 3;

#[derive(Debug)]
pub(crate) struct Guards {
    test: String,
    told_to: Option<String>,
}

impl Guards {
    /// The guards of the test that is running on this thread.
    pub(crate) fn here() -> Self {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        Self { test, told_to: switch("GUARDS_TOLD_TO") }
    }

    fn tell(&self, write: &Value) -> Result<(), BoxError> {
        static TOLD: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
        let Some(file) = &self.told_to else { return Ok(()) };
        let line = format!("{}\n", json!({ "test": self.test, "write": write }));
        if !TOLD.lock().expect("not poisoned").insert(line.clone()) {
            return Ok(());
        }
        Ok(OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())?)
    }
}

impl Intercept for Guards {
    fn name(&self) -> &'static str {
        "guards"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.told_to.is_none() && replacements().is_empty() {
            return Ok(());
        }
        let request = context.request_mut();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default())?;
        for (kind, write) in writes(&operation, &mut body) {
            if write.get(CONDITION).is_none() && write.get(UPDATE).is_none() {
                continue;
            }
            let sent = described(&kind, write);
            self.tell(&sent)?;
            if let Some((_, weaker)) = replacements().iter().find(|(replaced, _)| *replaced == sent) {
                write[CONDITION] = json!(weaker);
            }
        }
        let body = serde_json::to_vec(&body)?;
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = body.into();
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = String::from_utf8_lossy(context.response().body().bytes().unwrap_or_default());
        if !replacements().is_empty() && body.contains("Invalid ConditionExpression") {
            std::process::exit(NOT_VALID);
        }
        Ok(())
    }
}

/// The writes in a request: the request itself, or the members of its transaction.
pub(crate) fn writes<'a>(operation: &str, body: &'a mut Value) -> Vec<(String, &'a mut Value)> {
    if operation != "TransactWriteItems" {
        return vec![(operation.to_owned(), body)];
    }
    let members = body["TransactItems"].as_array_mut().into_iter().flatten();
    members.filter_map(Value::as_object_mut).flatten().map(|(kind, write)| (kind.clone(), write)).collect()
}

/// What distinguishes one write in the code from the others, whatever its values are.
fn described(kind: &str, write: &Value) -> Value {
    let key = write.get("Key").or(write.get("Item")).unwrap_or(&Value::Null);
    let part =
        |name: &str| key[name]["S"].as_str().unwrap_or_default().split('#').next().unwrap_or_default().to_owned();
    // Named by its request or not, it is the same write.
    let unnamed =
        |update: &str| update.replace("writtenBy = :writtenBy, ", "").replace(" SET writtenBy = :writtenBy", "");
    json!({
        "kind": kind,
        "item": format!("{}/{}", part("pk"), part("sk")),
        "update": write[UPDATE].as_str().map(unnamed),
        "condition": write[CONDITION],
    })
}

fn replacements() -> &'static [(Value, String)] {
    static REPLACED: OnceLock<Vec<(Value, String)>> = OnceLock::new();
    REPLACED.get_or_init(|| {
        let given = switch("GUARDS_REPLACED").unwrap_or_else(|| "[]".to_owned());
        serde_json::from_str(&given).expect("pairs of a write and a condition")
    })
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub(crate) fn switch(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
