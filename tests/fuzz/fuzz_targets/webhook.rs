//! A webhook as anybody could send it: it is read only if the provider signed it.
#![no_main]
#![allow(clippy::panic, reason = "a panic is how a target reports a fault")]

use std::sync::LazyLock;

use fuzz::event::Message;
use fuzz::functions::{BASE_URL, Functions, SIGNING_TOKEN};
use libfuzzer_sys::{Corpus, fuzz_target};
use platform::callback::sign;
use platform::request::MAX_BODY;
use sha2::{Digest as _, Sha256};

const SIGNATURE: &str = "x-twilio-signature";
static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some(message) = Message::read(input) else { return Corpus::Reject };
    if message.path.contains('#') || message.query.contains('#') {
        return Corpus::Reject; // HTTP requests have no fragment
    }
    let Some(taken) = is_taken(&message) else { return Corpus::Reject };
    let genuine = [signature(&message, ""), signature(&message, ":443")].map(Some);
    let is_read = message.body.len() <= MAX_BODY && !is_coded(&message);
    let body_fits = is_read && (!is_json(&message) || has_digest(&message));
    assert_eq!(taken, body_fits && genuine.contains(&message.headers.get(SIGNATURE).cloned()), "as received");

    let signed = signed(&message);
    assert_eq!(is_taken(&signed), Some(body_fits), "signed");
    if is_json(&message) && !message.query.contains("bodySHA256") {
        let query = format!("{}&bodySHA256={}", message.query, digest(&message.body));
        let bound = self::signed(&Message { query, ..message.clone() });
        assert_eq!(is_taken(&bound), Some(is_read), "signed together with its digest");
        refuses_what_was_changed(&bound);
    }
    refuses_what_was_changed(&signed);
    Corpus::Keep
});

/// Whether the function accepts it as the provider's. Then it finds no such call, or no call in the path.
fn is_taken(message: &Message) -> Option<bool> {
    match FUNCTIONS.callback(message.request()?).status().as_u16() {
        200 | 204 | 404 => Some(true),
        403 | 413 | 415 => Some(false),
        status => panic!("{status}"),
    }
}

fn refuses_what_was_changed(signed: &Message) {
    let changes: [fn(&mut Message); 5] = [
        |message| message.query.push_str("&a=1"),
        |message| message.path.push('a'),
        |message| message.body.extend_from_slice(b"&Digits=%23&another=1"),
        |message| message.headers.entry(SIGNATURE.to_owned()).or_default().push_str(",a"),
        |message| drop(message.headers.remove(SIGNATURE)),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut other = signed.clone();
        change(&mut other);
        let says_the_same = other.body != signed.body && !is_json(signed) && form(&other) == form(signed);
        if !says_the_same {
            assert_ne!(is_taken(&other), Some(true), "change {index}");
        }
    }
}

fn signed(message: &Message) -> Message {
    let mut signed = message.clone();
    signed.headers.insert(SIGNATURE.to_owned(), signature(message, ""));
    signed
}

fn signature(message: &Message, port: &str) -> String {
    let query = if message.query.is_empty() { String::new() } else { format!("?{}", message.query) };
    sign(SIGNING_TOKEN, &format!("{BASE_URL}{port}{}{query}", message.path), &form(message))
}

/// The part of the body that is signed: a form's pairs without duplicates, and nothing of JSON.
fn form(message: &Message) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(&message.body).into_owned();
    let mut form: Vec<_> = if is_json(message) { Vec::new() } else { pairs.collect() };
    form.sort();
    form.dedup();
    form
}

fn is_json(message: &Message) -> bool {
    let value = message.headers.get("content-type").filter(|value| value.is_ascii());
    value.is_some_and(|value| {
        value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    })
}

fn is_coded(message: &Message) -> bool {
    message.headers.get("content-encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"))
}

fn has_digest(message: &Message) -> bool {
    let claimed = form_urlencoded::parse(message.query.as_bytes()).find(|(name, _)| name == "bodySHA256");
    claimed.is_some_and(|(_, claimed)| claimed == digest(&message.body))
}

fn digest(body: &[u8]) -> String {
    let digits = Sha256::digest(body).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}
