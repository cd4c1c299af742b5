//! Whole runs against a scripted login and API: one that succeeds, and one for everything that may go wrong at each step.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use canary::account::Account;
use canary::client::Client;
use canary::{Api, App, Failed};
use domain::time::Timestamp;
use platform::run::chain;
use platform::secrets::{Secret, SecretError, SecretSource};
use platform::telemetry;
use serde_json::{Value, json};
use signing::Key;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const NUMBER: &str = "+15005550006";
const CODE: &str = "424242";
/// What no line may show, besides the tokens.
const PASSWORD: &str = "the-canarys-password";
const START: &str = "POST /v1/challenge";
const PROVE: &str = "POST /v1/challenge/code";
const DISCOVERY: &str = "GET /.well-known/openid-configuration";
const KEYS: &str = "GET /.well-known/jwks.json";
const LOGIN: &str = "POST /login";

#[derive(Clone)]
enum Reply {
    Json(u16, Value),
    Text(&'static str),
    Never,
}

struct Asked {
    route: String,
    head: String,
    body: String,
}

/// A login and an API on one address, with a reply for each route.
struct World {
    url: String,
    replies: BTreeMap<&'static str, Reply>,
    secret: Result<Value, &'static str>,
    asked: Arc<Mutex<Vec<Asked>>>,
    listener: TcpListener,
}

impl World {
    /// In which all is well.
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let first_factor = Key::of(0).jwt("JWT", "k", &json!({ "sub": "canary", "jti": "login-1" }));
        let secret = json!({
            "tokenUrl": format!("{url}/login"), "headers": { "X-Client": PASSWORD },
            "body": { "password": PASSWORD }, "tokenAt": "/tokens/0", "phoneNumber": NUMBER, "code": CODE,
        });
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/.well-known/jwks.json") });
        let replies = BTreeMap::from([
            (LOGIN, Reply::Json(200, json!({ "tokens": [first_factor] }))),
            (START, Reply::Json(201, json!({ "state": "pending" }))),
            (DISCOVERY, Reply::Json(200, discovery)),
            (KEYS, Reply::Json(200, json!({ "keys": [Key::of(0).jwk("k")] }))),
        ]);
        let world = Self { url, replies, secret: Ok(secret), asked: Arc::default(), listener };
        let result = world.result(&json!({}));
        world.with(PROVE, approved(&result))
    }

    fn with(mut self, route: &'static str, reply: Reply) -> Self {
        self.replies.insert(route, reply);
        self
    }

    /// A result whose claims differ by `changes`.
    fn result(&self, changes: &Value) -> String {
        Key::of(0).token(&json!({ "alg": "RS256", "typ": "mfa-result+jwt", "kid": "k" }), &self.claims(changes))
    }

    fn claims(&self, changes: &Value) -> Value {
        let mut claims = json!({
            "iss": self.url, "aud": "login", "sub": "canary", "txn": "login-1", "exp": NOW.as_unix() + 300,
            "acr": "urn:alliance-mfa:acr:test-number",
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
    }

    /// A canary in this world, which serves until the test ends.
    fn canary(self) -> App<Fixed> {
        let Self { url, replies, secret, asked, listener } = self;
        tokio::spawn(serve(listener, replies, asked));
        App {
            account: Secret::<Account, _>::on_demand(Fixed(secret), "arn:canary".to_owned()),
            api: Api { base_url: url, audience: "login".to_owned(), session_claim: "jti".to_owned() },
            client: Client::new(Duration::from_secs(2)),
        }
    }

    /// Runs the canary once: the step that fails and its cause, or nothing.
    async fn run(self) -> Result<(), (&'static str, String)> {
        let outcome = self.canary().sign_in(NOW).await;
        outcome.map_err(|Failed { step, cause }| (step.as_str(), chain(&cause)))
    }

    async fn fails(self) -> (&'static str, String) {
        self.run().await.expect_err("a step fails")
    }
}

struct Fixed(Result<Value, &'static str>);

impl SecretSource for Fixed {
    async fn read(&self, id: &str) -> Result<String, SecretError> {
        let unavailable = |why: &&'static str| SecretError::Unavailable(id.to_owned(), (*why).into());
        self.0.as_ref().map(Value::to_string).map_err(unavailable)
    }
}

async fn serve(listener: TcpListener, replies: BTreeMap<&'static str, Reply>, asked: Arc<Mutex<Vec<Asked>>>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        tokio::spawn(answer(stream, replies.clone(), Arc::clone(&asked)));
    }
}

async fn answer(mut stream: TcpStream, replies: BTreeMap<&'static str, Reply>, asked: Arc<Mutex<Vec<Asked>>>) {
    while let Some(request) = read(&mut stream).await {
        let reply = replies.get(request.route.as_str()).cloned().unwrap_or(Reply::Json(404, Value::Null));
        asked.lock().expect("not poisoned").push(request);
        let (status, body) = match reply {
            Reply::Json(status, document) => (status, document.to_string()),
            Reply::Text(text) => (200, text.to_owned()),
            Reply::Never => std::future::pending().await,
        };
        let answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.expect("the canary listens");
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let route = head.lines().next().and_then(|line| line.strip_suffix(" HTTP/1.1")).unwrap_or_default();
                return Some(Asked { route: route.to_owned(), head: head.to_owned(), body: body.to_owned() });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn approved(result: &str) -> Reply {
    Reply::Json(200, json!({ "state": "approved", "resultToken": result }))
}

fn problem(status: u16, name: &str) -> Reply {
    Reply::Json(status, json!({ "type": format!("urn:alliance-mfa:problem:{name}"), "limit": "subject-long" }))
}

#[tokio::test]
async fn it_signs_in_as_a_browser_and_a_backend_do() {
    let world = World::new().await;
    let asked = Arc::clone(&world.asked);
    world.run().await.expect("a sign-in");
    let asked = asked.lock().expect("not poisoned");
    let routes: Vec<_> = asked.iter().map(|request| request.route.as_str()).collect();
    assert_eq!(routes, [LOGIN, START, PROVE, DISCOVERY, KEYS]);
    let body = |at: usize| serde_json::from_str::<Value>(&asked[at].body).expect("JSON");
    assert_eq!(body(0), json!({ "password": PASSWORD }));
    assert!(asked[0].head.to_ascii_lowercase().contains(&format!("x-client: {PASSWORD}")));
    assert_eq!(body(1), json!({ "channel": "sms", "phoneNumber": NUMBER }));
    assert_eq!(body(2), json!({ "code": CODE }));
    for (at, request) in asked.iter().enumerate() {
        let bearer = request.head.to_ascii_lowercase().contains("authorization: bearer ey");
        assert_eq!(bearer, [1, 2].contains(&at), "only the API's guarded routes get the token: {}", request.route);
    }
}

#[tokio::test]
async fn a_challenge_that_still_runs_is_no_obstacle() {
    let running = Reply::Json(200, json!({ "state": "pending" }));
    World::new().await.with(START, running).run().await.expect("a sign-in");
}

#[tokio::test]
async fn without_its_secret_it_fails_at_that() {
    let mut world = World::new().await;
    world.secret = Err("denied");
    assert_eq!(world.fails().await, ("secret", "the secret arn:canary cannot be read: denied".to_owned()));
    let mut world = World::new().await;
    world.secret = Ok(json!({ "code": CODE }));
    let (step, cause) = world.fails().await;
    assert!(step == "secret" && cause.contains("tokenUrl is no https URL; tokenAt"), "{cause}");
}

#[tokio::test]
async fn every_refusal_ends_the_run_at_its_step_with_what_was_answered() {
    for (route, reply, step, cause) in [
        (LOGIN, Reply::Json(403, json!({ "error": PASSWORD })), "first-factor", "403"),
        (LOGIN, Reply::Json(302, json!({})), "first-factor", "302"),
        (LOGIN, Reply::Text("<html>"), "first-factor", "the answer is not JSON"),
        (LOGIN, Reply::Json(200, json!({ "token": "a" })), "first-factor", "the answer has no token at tokenAt"),
        (LOGIN, Reply::Json(200, json!({ "tokens": ["opaque"] })), "first-factor", "the token is no JWT"),
        (START, Reply::Json(401, json!({ "message": "Unauthorized" })), "start", "401"),
        (START, Reply::Json(429, json!({ "message": "Too Many Requests" })), "start", "429"),
        (START, problem(429, "send-limit"), "start", "429 send-limit subject-long"),
        (START, problem(422, "phone-number-invalid"), "start", "422 phone-number-invalid subject-long"),
        (
            START,
            Reply::Json(200, json!({ "state": "approved" })),
            "start",
            "the challenge was approved before: the login handed out a used token",
        ),
        (START, Reply::Json(200, json!({ "state": "denied" })), "start", "the challenge is not pending"),
        (START, Reply::Json(200, json!([])), "start", "the challenge is not pending"),
        (START, Reply::Text("It works!"), "start", "the answer is not JSON"),
        (PROVE, problem(422, "wrong-code"), "code", "422 wrong-code subject-long"),
        (PROVE, Reply::Json(503, Value::Null), "code", "503"),
        (PROVE, Reply::Json(200, json!({ "state": "approved" })), "code", "the answer has no resultToken"),
        (DISCOVERY, Reply::Json(500, Value::Null), "keys", "500"),
        (
            DISCOVERY,
            Reply::Json(200, json!({ "issuer": "https://elsewhere.example" })),
            "keys",
            "the discovery document's issuer is not PublicBaseUrl",
        ),
        (KEYS, Reply::Json(404, Value::Null), "keys", "404"),
        (KEYS, Reply::Json(200, json!({ "keys": [] })), "result", "the result's key is not published"),
    ] {
        let failed = World::new().await.with(route, reply).fails().await;
        assert_eq!(failed, (step, cause.to_owned()), "{route}");
    }
}

#[tokio::test]
async fn a_result_that_a_backend_refuses_fails_the_run() {
    for (changes, cause) in [
        (json!({ "iss": "https://elsewhere.example" }), "the result's iss is not PublicBaseUrl"),
        (json!({ "aud": "another-backend" }), "the result's aud is not ResultAudience"),
        (json!({ "exp": NOW.as_unix() }), "the result has expired"),
        (json!({ "sub": "alice" }), "the result is of another account"),
        (json!({ "txn": "login-2" }), "the result is of another login"),
        (json!({ "acr": "urn:alliance-mfa:acr:phone" }), "the result is not of a test number"),
    ] {
        let world = World::new().await;
        let result = world.result(&changes);
        assert_eq!(world.with(PROVE, approved(&result)).fails().await, ("result", cause.to_owned()));
    }
    let header = json!({ "alg": "RS256", "typ": "mfa-result+jwt", "kid": "k" });
    for (name, value, cause) in [
        ("alg", "none", "the result's alg is not RS256"),
        ("typ", "JWT", "the result's typ is another"),
        ("kid", "another", "the result's key is not published"),
    ] {
        let (world, mut header) = (World::new().await, header.clone());
        header[name] = json!(value);
        let result = Key::of(0).token(&header, &world.claims(&json!({})));
        assert_eq!(world.with(PROVE, approved(&result)).fails().await, ("result", cause.to_owned()));
    }
    let world = World::new().await;
    let forged = Key::of(1).token(&header, &world.claims(&json!({})));
    let failed = world.with(PROVE, approved(&forged)).fails().await;
    assert_eq!(failed, ("result", "the result's signature does not verify".to_owned()));
    let failed = World::new().await.with(PROVE, approved("opaque")).fails().await;
    assert_eq!(failed, ("result", "the result is no JWT".to_owned()));
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_the_run_in_time() {
    for (route, step) in [(LOGIN, "first-factor"), (START, "start"), (KEYS, "keys")] {
        let failed = World::new().await.with(route, Reply::Never).fails().await;
        assert_eq!(failed, (step, "no answer within 2s".to_owned()));
    }
    let mut world = World::new().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    if let Ok(secret) = &mut world.secret {
        secret["tokenUrl"] = json!(format!("http://{closed}/login"));
    }
    let (step, cause) = world.fails().await;
    assert!(step == "first-factor" && cause.starts_with("no connection"), "{cause}");
}

/// Whoever can write the discovery document could otherwise vouch for results of his own, and have any address asked.
#[tokio::test]
async fn keys_of_another_address_are_neither_taken_nor_asked_for() {
    for elsewhere in
        ["{}.elsewhere.example/keys", "{}@elsewhere.example/keys", "http://127.0.0.1:9001/invocation/next", "keys"]
    {
        let world = World::new().await;
        let keys = elsewhere.replace("{}", &world.url);
        let discovery = json!({ "issuer": world.url, "jwks_uri": keys });
        let failed = world.with(DISCOVERY, Reply::Json(200, discovery)).fails().await;
        assert_eq!(failed, ("keys", "the keys are not at PublicBaseUrl".to_owned()), "{elsewhere}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_line_of_a_failed_run_has_its_step_and_cause_and_no_secret() {
    let log = Log::default();
    let out = log.clone();
    let subscriber = telemetry::subscriber(tracing::Level::TRACE, move || out.clone());
    // For all threads: a subscriber of this one alone may miss a line that another thread came across first.
    tracing::subscriber::set_global_default(subscriber).expect("the first");
    let world = World::new().await.with(PROVE, problem(422, "wrong-code"));
    world.canary().run(NOW).await.expect("a run never fails the function");
    let text = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let line = lines.find(|line| line["message"] == "not signed in").expect("the line");
    assert_eq!(line["level"], "ERROR");
    assert_eq!([&line["function"], &line["step"]], ["canary", "code"]);
    assert_eq!(line["cause"], "422 wrong-code subject-long");
    assert!(line["elapsed_ms"].is_u64());
    for secret in [PASSWORD, CODE, &NUMBER[1..], "eyJ"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}
