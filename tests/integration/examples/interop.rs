//! Our webhook signatures, so that programs in other languages can compare theirs.
//!
//! Reads one JSON object per line and answers each with one:
//! `{"op": "sign", "token", "url", "form": [[key, value], ...]}` with `{"signature"}`, and
//! `{"op": "verify", "token", "previous"?, "url", "form", "signature"}` with `{"valid"}`.

use std::error::Error;
use std::io::{Write as _, stdin, stdout};

use platform::callback::{SigningTokens, sign};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lines() {
        let answer = answer(&serde_json::from_str(&line?)?)?;
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

fn answer(question: &Value) -> Result<Value, Box<dyn Error>> {
    let (token, url, form) = (text(question, "token")?, text(question, "url")?, form(question)?);
    match text(question, "op")? {
        "sign" => Ok(json!({ "signature": sign(token, url, &form) })),
        "verify" => {
            let previous = question["previous"].as_str().map(str::to_owned);
            let tokens = SigningTokens::new(token.to_owned(), previous);
            Ok(json!({ "valid": tokens.verify(url, &form, text(question, "signature")?) }))
        }
        unknown => Err(format!("{unknown} is neither sign nor verify").into()),
    }
}

fn text<'a>(question: &'a Value, name: &str) -> Result<&'a str, Box<dyn Error>> {
    Ok(question[name].as_str().ok_or_else(|| format!("{name} must be a string"))?)
}

fn form(question: &Value) -> Result<Vec<(String, String)>, serde_json::Error> {
    serde_json::from_value(question["form"].clone())
}
