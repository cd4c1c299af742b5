//! What the phone hears, as TwiML. Everything spoken is escaped: a brand that looks like markup is read
//! out, not interpreted.

use std::borrow::Cow;
use std::io::Result;

use domain::code::Code;
use domain::locale::{Locale, Phrases};
use domain::purpose::Purpose;
use domain::script::Script;
use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::{BLOCK, FOUR_DIGITS, KEYS};

type Xml = Writer<Vec<u8>>;

/// How many times the call reads out its code.
const TIMES: usize = 3;

/// Renders `script` of a call for `purpose`. Pressed keys are posted to `action`, and interrupt whatever
/// is being said.
#[must_use]
pub fn twiml(script: Script<'_>, purpose: Purpose, locale: Locale, brand: &str, action: &str) -> String {
    let voice = Voice { locale, phrases: locale.phrases(purpose), brand };
    let mut xml = Writer::new(Vec::new());
    // Writing to memory cannot fail; if it did, the empty response would end the call.
    let written = xml.create_element("Response").write_inner_content(|response| {
        match input(script) {
            None => voice.say(response, &voice.last_words(script))?,
            Some(input) => {
                // A provider may go on to the next element when only `#` is pressed, so each prompt is one of these.
                for _ in 0..input.prompts() {
                    let gather = response.create_element("Gather").with_attribute(("input", "dtmf"));
                    let gather = gather.with_attributes(input.attributes());
                    let gather = gather.with_attributes([("timeout", "10"), ("method", "POST"), ("action", action)]);
                    gather.write_inner_content(|gather| voice.ask(gather, script))?;
                }
                voice.say(response, &voice.last_words(script))?;
            }
        }
        response.create_element("Hangup").write_empty()?;
        Ok(())
    });
    match written {
        Ok(_) => String::from_utf8(xml.into_inner()).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// What a script listens for. `actionOnEmptyResult` is never set: it would make silence look like an entry.
enum Input {
    /// One key, which may be `#`. By default a lone `#` would end the input and be lost.
    Key,
    /// Digits, ended by `#`, which is not included. Asked for this many times.
    Digits { prompts: u32 },
}

impl Input {
    fn attributes(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Key => vec![("finishOnKey", ""), ("numDigits", "1")],
            Self::Digits { .. } => vec![("finishOnKey", "#")],
        }
    }

    const fn prompts(&self) -> u32 {
        match self {
            Self::Key => 1,
            Self::Digits { prompts } => *prompts,
        }
    }
}

const fn input(script: Script<'_>) -> Option<Input> {
    match script {
        Script::Prompt
        | Script::PromptAgain
        | Script::CannotApprove
        | Script::TooLate
        | Script::CodeEntered
        | Script::Reported { .. }
        | Script::SpeakCode(_)
        | Script::SaidOnce => Some(Input::Key),
        Script::EnterDigits => Some(Input::Digits { prompts: 1 }),
        Script::EnterFourDigits { prompts, .. } => Some(Input::Digits { prompts }),
        Script::WrongDigits | Script::Approved | Script::Blocked | Script::Denied | Script::UseCode | Script::Over => {
            None
        }
    }
}

/// The last part of the address that a script's keys are posted to: it tells what was asked for.
#[must_use]
pub const fn keys_go_to(script: Script<'_>) -> &'static str {
    match script {
        Script::EnterFourDigits { .. } => FOUR_DIGITS,
        Script::Reported { .. } => BLOCK,
        _ => KEYS,
    }
}

struct Voice<'a> {
    locale: Locale,
    phrases: &'static Phrases,
    brand: &'a str,
}

impl Voice<'_> {
    /// What is said while waiting for a key.
    fn ask(&self, xml: &mut Xml, script: Script<'_>) -> Result<()> {
        let Self { locale, phrases, brand } = self;
        match script {
            Script::PromptAgain => self.say(xml, &format!("{} {}", phrases.wrong_key, phrases.prompt)),
            Script::EnterDigits | Script::EnterFourDigits { reports: true, .. } => {
                self.say(xml, &format!("{brand}. {} {}", phrases.enter_digits, phrases.or_zero_and_pound))
            }
            Script::EnterFourDigits { reports: false, .. } => {
                self.say(xml, &format!("{brand}. {}", phrases.enter_digits))
            }
            Script::SpeakCode(code) => self.say_code(xml, code),
            Script::SaidOnce => self.say(xml, phrases.said_once),
            Script::CannotApprove => self.say(xml, &format!("{brand}. {}", locale.cannot_approve_change())),
            Script::TooLate => self.say(xml, &format!("{brand}. {}", phrases.too_late)),
            Script::CodeEntered => self.say(xml, &format!("{brand}. {}", phrases.code_entered)),
            Script::Reported { in_time, for_a_day } => {
                let told = if in_time { phrases.stopped } else { phrases.not_in_time };
                let offer = if for_a_day { phrases.block_for_day } else { phrases.block_for_now };
                self.say(xml, &format!("{told} {offer}"))
            }
            _ => self.say(xml, &format!("{brand}. {}", phrases.prompt)),
        }
    }

    /// What is said before the call ends.
    fn last_words(&self, script: Script<'_>) -> Cow<'static, str> {
        let phrases = self.phrases;
        Cow::Borrowed(match script {
            Script::WrongDigits => phrases.wrong_digits,
            Script::SpeakCode(_)
            | Script::SaidOnce
            | Script::CannotApprove
            | Script::TooLate
            | Script::CodeEntered
            | Script::EnterFourDigits { .. } => phrases.goodbye,
            Script::Approved => phrases.approved,
            Script::Reported { .. } => phrases.change_password,
            Script::Blocked => return format!("{} {}", phrases.blocked, phrases.change_password).into(),
            Script::Denied => return format!("{} {}", phrases.stopped, phrases.change_password).into(),
            Script::UseCode => phrases.use_code,
            Script::Prompt | Script::PromptAgain | Script::EnterDigits | Script::Over => phrases.over,
        })
    }

    /// Says the code several times, digit by digit, with time to write it down.
    fn say_code(&self, xml: &mut Xml, code: &Code) -> Result<()> {
        let Self { phrases, brand, .. } = self;
        // A full stop makes the voice pause; a comma would turn some digits into decimals.
        let digits: String = code.expose().chars().flat_map(|digit| [' ', digit, '.']).collect();
        self.say(xml, &format!("{brand}."))?;
        for _ in 0..TIMES {
            self.say(xml, &format!("{}{digits}", phrases.code_is))?;
            xml.create_element("Pause").with_attribute(("length", "1")).write_empty()?;
        }
        self.say(xml, phrases.code_ends)
    }

    fn say(&self, xml: &mut Xml, words: &str) -> Result<()> {
        let say = xml.create_element("Say").with_attribute(("language", self.phrases.language));
        say.write_text_content(BytesText::new(words)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTION: &str = "https://h/v1/calls/c/t/digits";

    fn gather(xml: &str) -> &str {
        let start = xml.find("<Gather").unwrap_or(0);
        &xml[start..xml.find("</Gather>").unwrap_or(start)]
    }

    #[test]
    fn the_prompt_listens_for_a_lone_pound() {
        let xml = twiml(Script::Prompt, Purpose::Login, Locale::En, "Example", ACTION);
        assert!(xml.starts_with(
            r#"<Response><Gather input="dtmf" finishOnKey="" numDigits="1" timeout="10" method="POST" action="https://h/v1/calls/c/t/digits"><Say language="en-US">Example. To finish signing in, press the pound key."#
        ), "{xml}");
        assert!(xml.ends_with("<Hangup/></Response>"));
        assert!(!xml.contains("actionOnEmptyResult"));
    }

    /// A provider may skip an entry that is only `#`: the next prompt then follows at once.
    #[test]
    fn four_digits_are_asked_for_as_often_as_is_left_and_zero_is_offered_only_to_a_human() {
        for (prompts, times, reports) in [(3, 3, true), (1, 1, true), (2, 2, false)] {
            let script = Script::EnterFourDigits { prompts, reports };
            let xml = twiml(script, Purpose::Login, Locale::En, "Example", ACTION);
            assert_eq!(xml.matches(r##"<Gather input="dtmf" finishOnKey="#" timeout="10""##).count(), times);
            assert_eq!(xml.matches("enter the digits on your screen").count(), times);
            assert_eq!(xml.contains("press zero, then the pound key"), reports, "{xml}");
            assert!(xml.ends_with("Goodbye.</Say><Hangup/></Response>"), "{xml}");
            assert_eq!(keys_go_to(script), "four-digits");
        }
    }

    #[test]
    fn after_a_report_zero_is_asked_for_again_at_an_address_of_its_own() {
        for (in_time, for_a_day, words) in [
            (true, true, "We stopped this sign-in. To block all sign-ins for 24 hours, press zero again."),
            (true, false, "We stopped this sign-in. To block all sign-ins for now, press zero again."),
            (
                false,
                true,
                "This sign-in had already gone through. To block all sign-ins for 24 hours, press zero again.",
            ),
        ] {
            let script = Script::Reported { in_time, for_a_day };
            let xml = twiml(script, Purpose::Login, Locale::En, "Example", ACTION);
            assert!(xml.starts_with(r#"<Response><Gather input="dtmf" finishOnKey="" numDigits="1""#), "{xml}");
            assert!(gather(&xml).contains(words), "{xml}");
            assert_eq!(keys_go_to(script), "block");
        }
    }

    #[test]
    fn digits_are_ended_by_the_pound_key() {
        assert_eq!(
            twiml(Script::EnterDigits, Purpose::Login, Locale::En, "Example", ACTION),
            r##"<Response><Gather input="dtmf" finishOnKey="#" timeout="10" method="POST" action="https://h/v1/calls/c/t/digits"><Say language="en-US">Example. To finish signing in, enter the digits on your screen, then press the pound key. If you are not signing in, press zero, then the pound key.</Say></Gather><Say language="en-US">This call is no longer needed. Goodbye.</Say><Hangup/></Response>"##
        );
    }

    /// Each of them accepts the fraud key, and says so.
    #[test]
    fn where_nothing_approves_a_lone_key_is_still_listened_for() {
        for (script, purpose, words) in [
            (Script::TooLate, Purpose::Login, "to confirm this sign-in"),
            (Script::TooLate, Purpose::Change, "to confirm this change of your"),
            (
                Script::CannotApprove,
                Purpose::Change,
                "changing the phone number of your account. You cannot confirm that",
            ),
        ] {
            let xml = twiml(script, purpose, Locale::En, "Example", ACTION);
            let listens = r#"<Response><Gather input="dtmf" finishOnKey="" numDigits="1" timeout="10" method="POST" action="https://h/v1/calls/c/t/digits"><Say language="en-US">Example. "#;
            assert!(xml.starts_with(listens), "{xml}");
            assert!(gather(&xml).contains(words) && gather(&xml).contains("press zero"), "{xml}");
            assert!(!xml.contains("pound"), "{xml}");
        }
    }

    #[test]
    fn a_code_is_said_three_times_digit_by_digit_while_a_key_is_listened_for() {
        let code = Code::parse("047110").expect("six digits");
        let digits = " 0. 4. 7. 1. 1. 0.";
        let once = |code_is: &str, language: &str| {
            format!(r#"<Say language="{language}">{code_is}{digits}</Say><Pause length="1"/>"#)
        };
        for locale in Locale::ALL {
            let xml = twiml(Script::SpeakCode(&code), Purpose::Login, locale, "Example", ACTION);
            let Phrases { code_is, language, .. } = locale.phrases(Purpose::Login);
            let said = once(code_is, language);
            assert_eq!(gather(&xml).matches(&said).count(), 3, "{xml}");
            assert!(xml.starts_with(r#"<Response><Gather input="dtmf" finishOnKey="" numDigits="1""#), "{xml}");
            assert_eq!(xml.matches(digits).count(), 3, "nothing is said outside of what can be interrupted: {xml}");
            assert!(!xml.contains("047110"));
        }
    }

    #[test]
    fn a_call_to_change_the_number_is_given_its_own_words() {
        let code = Code::parse("123456").expect("six digits");
        for script in [
            Script::TooLate,
            Script::EnterDigits,
            Script::SpeakCode(&code),
            Script::SaidOnce,
            Script::CodeEntered,
            Script::Denied,
        ] {
            for locale in Locale::ALL {
                let change = twiml(script, Purpose::Change, locale, "Example", ACTION);
                assert_ne!(change, twiml(script, Purpose::Login, locale, "Example", ACTION));
            }
            let english = twiml(script, Purpose::Change, Locale::En, "Example", ACTION);
            assert!(english.contains("phone number") && !english.contains("sign"), "{english}");
        }
    }

    #[test]
    fn markup_in_the_brand_stays_text() {
        let code = Code::parse("123456").expect("six digits");
        for script in
            [Script::Prompt, Script::CannotApprove, Script::TooLate, Script::EnterDigits, Script::SpeakCode(&code)]
        {
            let xml = twiml(
                script,
                Purpose::Login,
                Locale::En,
                r#""><Dial>+19005550000</Dial>"#,
                "https://h/?a=1&b=\"><Dial>",
            );
            assert!(!xml.contains("<Dial>"), "{xml}");
            assert!(xml.contains("&lt;Dial&gt;+19005550000"), "{xml}");
        }
    }

    #[test]
    fn a_script_listens_only_while_there_is_something_to_key_and_every_script_ends_the_call() {
        let code = Code::parse("123456").expect("six digits");
        let asks = [
            Script::Prompt,
            Script::PromptAgain,
            Script::CannotApprove,
            Script::TooLate,
            Script::EnterDigits,
            Script::SpeakCode(&code),
            Script::SaidOnce,
            Script::CodeEntered,
            Script::Reported { in_time: true, for_a_day: true },
        ];
        let tells =
            [Script::WrongDigits, Script::Approved, Script::Blocked, Script::Denied, Script::UseCode, Script::Over];
        for (script, listens) in asks.map(|script| (script, 1)).into_iter().chain(tells.map(|script| (script, 0))) {
            for locale in Locale::ALL {
                let xml = twiml(script, Purpose::Login, locale, "Example", "https://h");
                assert_eq!(xml.matches("<Gather").count(), listens, "{xml}");
                assert!(xml.ends_with("</Say><Hangup/></Response>"), "{xml}");
            }
        }
    }

    #[test]
    fn what_is_said_last_follows_from_the_script() {
        let phrases = Locale::En.phrases(Purpose::Login);
        for (script, words) in [
            (Script::Prompt, phrases.over),
            (Script::SaidOnce, phrases.goodbye),
            (Script::CannotApprove, phrases.goodbye),
            (Script::TooLate, phrases.goodbye),
            (Script::WrongDigits, phrases.wrong_digits),
            (Script::Approved, phrases.approved),
            (Script::CodeEntered, phrases.goodbye),
            (Script::Reported { in_time: true, for_a_day: true }, phrases.change_password),
            (Script::Blocked, phrases.change_password),
            (Script::Denied, phrases.change_password),
            (Script::UseCode, phrases.use_code),
            (Script::Over, phrases.over),
        ] {
            let xml = twiml(script, Purpose::Login, Locale::En, "Example", "https://h");
            assert!(xml.ends_with(&format!("{words}</Say><Hangup/></Response>")), "{xml}");
        }
    }
}
