//! An HTTP server that records its requests and gives scripted responses, good or bad.
//!
//! It runs on its own threads, so it keeps going while the test's runtime is blocked, as a provider does
//! while Lambda has frozen the process.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What happens to a connection after a response.
#[derive(Clone, Copy)]
enum Then {
    Keep,
    Close,
    Stall,
}

/// How to respond to a request, once all of it has been read.
#[derive(Clone)]
pub(crate) struct Reply {
    head: String,
    body: String,
    then: Then,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n\r\n", body.len());
        Self { head, body: body.to_owned(), then: Then::Keep }
    }

    /// Sends nothing at all.
    pub(crate) const fn nothing() -> Self {
        Self { head: String::new(), body: String::new(), then: Then::Close }
    }

    /// Sends something that is not HTTP.
    pub(crate) fn garbage() -> Self {
        Self { head: "SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned(), ..Self::nothing() }
    }

    /// Sends only half of the announced body, then closes the connection.
    pub(crate) fn halved(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self.closing()
    }

    pub(crate) const fn closing(mut self) -> Self {
        self.then = Then::Close;
        self
    }

    pub(crate) const fn stalling(mut self) -> Self {
        self.then = Then::Stall;
        self
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Which connection it came on.
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The value of the header `name`, which must occur exactly once.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.head.lines().filter_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "one {name}");
        value
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

pub(crate) struct Stub {
    authority: String,
    requests: Arc<Mutex<Vec<Request>>>,
    closed: Receiver<()>,
}

impl Stub {
    /// Responds to requests as `script` says, in order and regardless of the connection. The last entry is
    /// used for all further requests.
    pub(crate) fn start(script: impl Into<Vec<Reply>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let authority = listener.local_addr().expect("a bound address").to_string();
        let requests = Arc::default();
        let (closing, closed) = channel();
        let script = Script { replies: script.into(), requests: Arc::clone(&requests), closing };
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                let script = script.clone();
                thread::spawn(move || script.serve(connection, stream));
            }
        });
        Self { authority, requests, closed }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// An address for clients that use TLS, which this server does not speak.
    pub(crate) fn https_url(&self) -> String {
        format!("https://{}", self.authority)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn only_request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "exactly one request: {requests:#?}");
        requests.remove(0)
    }

    /// Blocks the whole runtime until the server has closed a connection. No client can notice meanwhile, as
    /// if the process had been frozen.
    pub(crate) fn freeze_until_closed(&self) {
        self.closed.recv().expect("the server goes on");
    }
}

/// An address on which nothing listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("a bound address"))
}

#[derive(Clone)]
struct Script {
    replies: Vec<Reply>,
    requests: Arc<Mutex<Vec<Request>>>,
    closing: Sender<()>,
}

impl Script {
    fn serve(&self, connection: usize, mut stream: TcpStream) {
        while let Some(request) = read(connection, &mut stream) {
            let reply = self.reply(request);
            let sent = stream.write_all(reply.head.as_bytes()).and_then(|()| stream.write_all(reply.body.as_bytes()));
            match reply.then {
                Then::Keep if sent.is_ok() => {}
                Then::Keep | Then::Close => break,
                Then::Stall => drop(stream.read(&mut [0])), // returns when the client has given up
            }
        }
        drop(stream);
        let _ = self.closing.send(()); // the test may be over
    }

    fn reply(&self, request: Request) -> Reply {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = requests.len().min(self.replies.len() - 1);
        requests.push(request);
        self.replies[turn].clone()
    }
}

/// The next request on a connection, or `None` if it is closed or does not carry HTTP.
fn read(connection: usize, stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some((head, body)) = str::from_utf8(&bytes).ok().and_then(|text| text.split_once("\r\n\r\n")) else {
            continue;
        };
        let mut request = Request { connection, head: head.to_owned(), body: String::new() };
        if body.len() >= request.header("content-length").parse().unwrap_or(0) {
            body.clone_into(&mut request.body);
            return Some(request);
        }
    }
}
