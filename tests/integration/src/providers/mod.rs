//! The adapters against servers that misbehave: a stub that records what it is sent and answers as told.

mod secrets;
mod signer;
mod sms;
mod voice;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::{Credentials, Region};
use platform::aws::{Roots, connector, defaults};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How the stub answers each request.
#[derive(Clone)]
enum Behaviour {
    Answer(u16, String),
    Stall,
    HangUp,
}

/// A request as it came over the wire.
#[derive(Clone, Debug, Default)]
struct Recorded {
    head: String,
    body: String,
}

impl Recorded {
    fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    fn field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

struct Stub {
    url: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Stub {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behaviour.clone(), Arc::clone(&seen)));
            }
        });
        Self { url, requests }
    }

    async fn answering(status: u16, body: &str) -> Self {
        Self::start(Behaviour::Answer(status, body.to_owned())).await
    }

    fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().expect("nobody panicked").clone()
    }

    fn only_request(&self) -> Recorded {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "exactly one request");
        requests.remove(0)
    }

    async fn aws(&self) -> aws_config::SdkConfig {
        aws(&self.url).await
    }
}

/// The product's own client settings, aimed at `endpoint`.
async fn aws(endpoint: &str) -> aws_config::SdkConfig {
    defaults(&connector(Roots::Amazon).expect("usable roots"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .load()
        .await
}

/// An address where nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("a bound address"))
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, seen: Arc<Mutex<Vec<Recorded>>>) {
    let Some(request) = read(&mut stream).await else { return };
    seen.lock().expect("nobody panicked").push(request);
    match behaviour {
        Behaviour::Answer(status, body) => {
            let length = body.len();
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await; // a client that gave up is a case, too
        }
        Behaviour::Stall => tokio::time::sleep(Duration::from_mins(1)).await,
        Behaviour::HangUp => {}
    }
}

async fn read(stream: &mut TcpStream) -> Option<Recorded> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(Recorded { head: head.to_owned(), body: body.to_owned() });
        }
    }
}
