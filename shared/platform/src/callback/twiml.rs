//! What the phone hears, as TwiML. Everything spoken is text to the writer: a brand that looks like
//! markup is read out, not obeyed.

use domain::locale::{Locale, Phrases};
use domain::script::Script;
use quick_xml::Writer;
use quick_xml::events::BytesText;

/// Renders `script`. `action` is where a key pressed goes.
///
/// `finishOnKey=""` with one digit, since by default a lone `#` would end the input and be lost; and
/// never `actionOnEmptyResult`, since silence would then look like `#`.
#[must_use]
pub fn twiml(script: Script, locale: Locale, brand: &str, action: &str) -> String {
    let phrases = locale.phrases();
    let mut xml = Writer::new(Vec::new());
    // Writing to memory cannot fail; if it did, an empty answer ends the call.
    let written = xml.create_element("Response").write_inner_content(|response| {
        if script.listens() {
            let gather = response.create_element("Gather").with_attributes([
                ("input", "dtmf"),
                ("finishOnKey", ""),
                ("numDigits", "1"),
                ("timeout", "10"),
                ("method", "POST"),
                ("action", action),
            ]);
            gather.write_inner_content(|gather| {
                say(gather, phrases, &introduction(script, phrases, brand))?;
                Ok(())
            })?;
            say(response, phrases, phrases.over)?;
        } else {
            say(response, phrases, script.words(phrases))?;
        }
        response.create_element("Hangup").write_empty()?;
        Ok(())
    });
    match written {
        Ok(_) => String::from_utf8(xml.into_inner()).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

fn introduction(script: Script, phrases: &Phrases, brand: &str) -> String {
    match script {
        Script::PromptAgain => format!("{} {}", phrases.wrong_key, phrases.prompt),
        _ => format!("{brand}. {}", phrases.prompt),
    }
}

fn say(xml: &mut Writer<Vec<u8>>, phrases: &Phrases, words: &str) -> std::io::Result<()> {
    let say = xml.create_element("Say").with_attribute(("language", phrases.language));
    say.write_text_content(BytesText::new(words)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_listens_for_a_lone_pound() {
        let xml = twiml(Script::Prompt, Locale::En, "Example", "https://h/v1/calls/c/t/digits");
        assert!(xml.starts_with(
            r#"<Response><Gather input="dtmf" finishOnKey="" numDigits="1" timeout="10" method="POST" action="https://h/v1/calls/c/t/digits"><Say language="en-US">Example. To finish signing in, press the pound key."#
        ), "{xml}");
        assert!(xml.ends_with("<Hangup/></Response>"));
        assert!(!xml.contains("actionOnEmptyResult"));
    }

    #[test]
    fn markup_in_the_brand_stays_text() {
        let xml = twiml(Script::Prompt, Locale::En, r#""><Dial>+19005550000</Dial>"#, "https://h/?a=1&b=\"><Dial>");
        assert!(!xml.contains("<Dial>"), "{xml}");
        assert_eq!(xml.matches("<Say").count(), 2);
    }

    #[test]
    fn only_a_prompt_listens_and_every_script_ends_the_call() {
        for script in [Script::Approved, Script::Denied, Script::UseCode, Script::Over] {
            for locale in Locale::ALL {
                let xml = twiml(script, locale, "Example", "https://h");
                assert!(!xml.contains("<Gather") && xml.ends_with("<Hangup/></Response>"), "{xml}");
                assert!(xml.contains(script.words(locale.phrases())) || xml.contains("&apos;"), "{xml}");
            }
        }
    }
}
