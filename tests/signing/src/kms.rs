//! The two operations of KMS that functions call, over HTTP on the loopback interface.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Key;

/// Starts a KMS with these keys, by their ARNs, and returns its address. It runs until the program ends.
#[must_use]
pub fn kms(keys: impl Into<Arc<[(&'static str, &'static Key)]>>) -> String {
    let keys = keys.into();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let keys = Arc::clone(&keys);
            thread::spawn(move || serve(&keys, BufReader::new(stream)));
        }
    });
    format!("http://{address}")
}

/// Answers one request after another, until the client closes the connection.
fn serve(keys: &[(&str, &Key)], mut stream: BufReader<TcpStream>) -> Option<()> {
    loop {
        let (operation, asked) = request(&mut stream)?;
        let key = keys.iter().find(|(arn, _)| asked["KeyId"] == *arn);
        let (status, answer) = match (operation.as_str(), key) {
            ("trentservice.sign", Some((arn, key))) => (200, signed(arn, key, &asked)),
            ("trentservice.getpublickey", Some((arn, key))) => {
                (200, json!({ "KeyId": arn, "PublicKey": STANDARD.encode(key.spki()) }))
            }
            (_, None) => (400, json!({ "__type": "NotFoundException" })),
            _ => (400, json!({ "__type": "UnsupportedOperationException" })),
        };
        let body = answer.to_string();
        write!(stream.get_mut(), "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
    }
}

fn signed(arn: &str, key: &Key, asked: &Value) -> Value {
    let rs256 = asked["SigningAlgorithm"] == "RSASSA_PKCS1_V1_5_SHA_256" && asked["MessageType"] == "DIGEST";
    let digest = asked["Message"].as_str().and_then(|text| STANDARD.decode(text).ok()).filter(|_| rs256);
    let signature = key.sign_digest(&digest.expect("a digest to sign with RS256"));
    json!({ "KeyId": arn, "Signature": STANDARD.encode(signature) })
}

/// The operation and the body of the next request.
fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        match line.split_once(": ") {
            Some(("x-amz-target", value)) => value.clone_into(&mut operation),
            Some(("content-length", value)) => length = value.parse().ok()?,
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((operation, serde_json::from_slice(&body).ok()?))
}
