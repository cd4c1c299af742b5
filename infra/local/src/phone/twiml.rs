//! The part of TwiML that a call here may use: `Say Play Pause Gather Redirect Hangup`. What the provider
//! would reject (no XML, a different root, an unknown verb) is an error here too.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use roxmltree::{Document, Node};

/// One instruction for the call.
#[derive(Debug, PartialEq)]
pub(crate) enum Verb {
    Say { text: String, language: Option<String> },
    Play(String),
    Pause(Duration),
    Gather(Gather),
    Redirect(String),
    Hangup,
}

/// Plays its prompts while it collects keys.
#[derive(Debug, PartialEq)]
pub(crate) struct Gather {
    pub(crate) action: Option<String>,
    pub(crate) finish_on_key: Option<char>,
    pub(crate) num_digits: Option<usize>,
    pub(crate) timeout: Duration,
    pub(crate) prompts: Vec<Verb>,
}

pub(crate) fn parse(xml: &str) -> Result<Vec<Verb>> {
    let document = Document::parse(xml).context("the answer is not XML")?;
    let root = document.root_element();
    let name = root.tag_name().name();
    ensure!(name == "Response", "the root element is {name}, not Response");
    verbs(root)
}

fn verbs(parent: Node) -> Result<Vec<Verb>> {
    parent.children().filter(Node::is_element).map(verb).collect()
}

fn verb(node: Node) -> Result<Verb> {
    let text = || node.text().unwrap_or_default().trim().to_owned();
    Ok(match node.tag_name().name() {
        "Say" => Verb::Say { text: text(), language: node.attribute("language").map(str::to_owned) },
        "Play" => Verb::Play(text()),
        "Pause" => Verb::Pause(seconds(node, "length", 1)?),
        "Gather" => Verb::Gather(gather(node)?),
        "Redirect" => Verb::Redirect(text()),
        "Hangup" => Verb::Hangup,
        other => bail!("the verb {other} is not supported here"),
    })
}

fn gather(node: Node) -> Result<Gather> {
    let prompts = verbs(node)?;
    let plain = |verb: &Verb| matches!(verb, Verb::Say { .. } | Verb::Play(_) | Verb::Pause(_));
    ensure!(prompts.iter().all(plain), "a Gather may contain only Say, Play and Pause");
    if let Some(input) = node.attribute("input") {
        ensure!(input == "dtmf", "Gather with input={input} is not supported here");
    }
    // By default `#` ends the input without being part of it, so a lone `#` would be lost.
    let finish_on_key = node.attribute("finishOnKey").unwrap_or("#").chars().next();
    let num_digits = node.attribute("numDigits").map(str::parse).transpose().context("numDigits")?;
    Ok(Gather {
        action: node.attribute("action").map(str::to_owned),
        finish_on_key,
        num_digits,
        timeout: seconds(node, "timeout", 5)?,
        prompts,
    })
}

fn seconds(node: Node, attribute: &'static str, default: u64) -> Result<Duration> {
    let seconds = node.attribute(attribute).map(str::parse).transpose().context(attribute)?;
    Ok(Duration::from_secs(seconds.unwrap_or(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_finish_on_key_means_no_finishing_key() {
        let script = r#"<?xml version="1.0" encoding="UTF-8"?>
            <Response>
              <Gather input="dtmf" action="/digits" method="POST" finishOnKey="" numDigits="1" timeout="10">
                <Say language="en-US">Press &quot;#&quot; &amp; wait</Say>
              </Gather>
              <Hangup/>
            </Response>"#;
        let prompt = Verb::Say { text: "Press \"#\" & wait".into(), language: Some("en-US".into()) };
        let gather = Gather {
            action: Some("/digits".into()),
            finish_on_key: None,
            num_digits: Some(1),
            timeout: Duration::from_secs(10),
            prompts: vec![prompt],
        };
        assert_eq!(parse(script).unwrap(), [Verb::Gather(gather), Verb::Hangup]);
    }

    #[test]
    fn a_gather_without_finish_on_key_ends_at_the_pound_key() {
        let script = parse("<Response><Gather/></Response>").unwrap();
        assert!(matches!(&script[..], [Verb::Gather(gather)] if gather.finish_on_key == Some('#')));
    }

    #[test]
    fn what_the_provider_rejects_is_an_error() {
        for script in ["", "hello", "<Reply/>", "<Response><Dial>+1</Dial></Response>", "<Response>"] {
            assert!(parse(script).is_err(), "{script}");
        }
    }
}
