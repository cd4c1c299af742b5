//! A server that plays Entra's part: its discovery document and its keys, or what an attacker would put there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const DISCOVERY: &str = "/common/v2.0/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/common/discovery/v2.0/keys";

#[derive(Clone)]
pub(crate) enum Reply {
    Json(Value),
    Text(String),
    Status(u16),
    /// This many bytes, with a length that says so.
    Bytes(usize),
    /// Bytes without an end.
    Endless,
    Redirect(String),
    Never,
}

#[derive(Clone, Default)]
pub(crate) struct Entra {
    pub(crate) url: String,
    replies: Arc<Mutex<BTreeMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Entra {
    pub(crate) async fn start(keys: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let entra = Self { url, ..Self::default() };
        let document =
            json!({ "issuer": format!("{}/{{tenantid}}/v2.0", entra.url), "jwks_uri": format!("{}{KEYS}", entra.url) });
        entra.replies(DISCOVERY, Reply::Json(document));
        entra.replies(KEYS, Reply::Json(keys.clone()));
        tokio::spawn(serve(listener, entra.clone()));
        entra
    }

    pub(crate) fn replies(&self, path: &str, reply: Reply) {
        self.replies.lock().expect("not poisoned").insert(path.to_owned(), reply);
    }

    /// The paths that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

async fn serve(listener: TcpListener, entra: Entra) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        tokio::spawn(answer(stream, entra.clone()));
    }
}

/// Answers until the client goes away.
async fn answer(mut stream: TcpStream, entra: Entra) -> Option<()> {
    loop {
        let path = path(&mut stream).await?;
        let reply = entra.replies.lock().expect("not poisoned").get(&path).cloned().unwrap_or(Reply::Status(404));
        entra.asked.lock().expect("not poisoned").push(path);
        let (status, header, body) = match reply {
            Reply::Json(document) => (200, String::new(), document.to_string()),
            Reply::Text(text) => (200, String::new(), text),
            Reply::Status(status) => (status, String::new(), "{}".to_owned()),
            Reply::Bytes(count) => (200, String::new(), " ".repeat(count)),
            Reply::Redirect(to) => (302, format!("location: {to}\r\n"), String::new()),
            Reply::Never => std::future::pending().await,
            Reply::Endless => return endless(stream).await,
        };
        let head = format!("HTTP/1.1 {status} Status\r\n{header}content-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await.ok()?;
    }
}

async fn endless(mut stream: TcpStream) -> Option<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.ok()?;
    loop {
        stream.write_all(b"400\r\n").await.ok()?;
        stream.write_all(&[b' '; 0x400]).await.ok()?;
        stream.write_all(b"\r\n").await.ok()?;
    }
}

async fn path(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&bytes).split(' ').nth(1)?.to_owned())
}
