//! What the operations of End User Messaging take: the members and constraints of the service model (2022-03-31).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::super::charge::Charge;
use super::super::message::{Feedback, Message, Provider};
use super::refusal::{Fault, Refusal};
use crate::development::VOICE_FROM;

const MESSAGE_TYPES: [&str; 2] = ["TRANSACTIONAL", "PROMOTIONAL"];
const COUNTRY_PARAMETERS: [&str; 2] = ["IN_TEMPLATE_ID", "IN_ENTITY_ID"];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendTextMessage {
    destination_phone_number: Option<String>,
    origination_identity: Option<String>,
    message_body: Option<String>,
    message_type: Option<String>,
    keyword: Option<String>,
    configuration_set_name: Option<String>,
    max_price: Option<String>,
    time_to_live: Option<i64>,
    context: Option<BTreeMap<String, String>>,
    destination_country_parameters: Option<BTreeMap<String, String>>,
    protect_configuration_id: Option<String>,
    message_feedback_enabled: Option<bool>,
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// A member that may be missing, with its name.
type Member<'a> = (&'static str, Option<&'a str>);

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, member: &'static str, must: impl Into<String>) {
        self.0.push(Fault { member, message: format!("Member must {}", must.into()) });
    }

    fn require(&mut self, (member, value): Member) {
        if value.is_none() {
            self.add(member, "not be null");
        }
    }

    fn text(&mut self, (member, value): Member, length: RangeInclusive<usize>, fits: fn(&str) -> bool) {
        let Some(value) = value else { return };
        if !length.contains(&value.chars().count()) {
            self.add(member, format!("have a length from {} to {}", length.start(), length.end()));
        } else if !fits(value) {
            self.add(member, "satisfy its pattern");
        }
    }

    fn word(&mut self, (member, value): Member, words: &[&str]) {
        if value.is_some_and(|value| !words.contains(&value)) {
            self.add(member, format!("be one of {}", words.join(", ")));
        }
    }

    fn count(&mut self, member: &'static str, map: Option<&BTreeMap<String, String>>, most: usize) {
        if map.is_some_and(|map| map.len() > most) {
            self.add(member, format!("have at most {most} entries"));
        }
    }

    fn none(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::invalid(&self.0)) }
    }
}

impl SendTextMessage {
    pub(super) fn parse(body: &str) -> Result<Self, Refusal> {
        let input: Self = serde_json::from_str(body).map_err(|error| Refusal::unreadable(&error))?;
        input.faults().none()?;
        Ok(input)
    }

    fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        let to = ("DestinationPhoneNumber", self.destination_phone_number.as_deref());
        faults.require(to);
        faults.text(to, 1..=20, is_number);
        faults.text(("OriginationIdentity", self.origination_identity.as_deref()), 1..=256, |text| {
            text.chars().all(|one| is_of_name(one) || one == '+')
        });
        faults.text(("MessageBody", self.message_body.as_deref()), 1..=1600, |text| !text.trim().is_empty());
        faults.word(("MessageType", self.message_type.as_deref()), &MESSAGE_TYPES);
        faults.text(("Keyword", self.keyword.as_deref()), 1..=30, |text| {
            text.chars().all(|one| one == ' ' || !one.is_whitespace())
        });
        let named = |text: &str| text.chars().all(is_of_name);
        faults.text(("ConfigurationSetName", self.configuration_set_name.as_deref()), 1..=256, named);
        faults.text(("ProtectConfigurationId", self.protect_configuration_id.as_deref()), 1..=256, named);
        faults.text(("MaxPrice", self.max_price.as_deref()), 2..=8, is_price);
        if self.time_to_live.is_some_and(|seconds| !(5..=259_200).contains(&seconds)) {
            faults.add("TimeToLive", "be from 5 to 259200");
        }
        self.check_maps(&mut faults);
        faults
    }

    fn check_maps(&self, faults: &mut Faults) {
        let solid = |text: &str| !text.contains(char::is_whitespace);
        faults.count("Context", self.context.as_ref(), 5);
        for (key, value) in self.context.iter().flatten() {
            faults.text(("Context", Some(key)), 1..=100, solid);
            faults.text(("Context", Some(value)), 1..=800, |text| text.trim() == text);
        }
        faults.count("DestinationCountryParameters", self.destination_country_parameters.as_ref(), 10);
        for (key, value) in self.destination_country_parameters.iter().flatten() {
            faults.word(("DestinationCountryParameters", Some(key)), &COUNTRY_PARAMETERS);
            faults.text(("DestinationCountryParameters", Some(value)), 1..=64, solid);
        }
    }

    /// The message, if it costs no more than it may.
    pub(super) fn into_message(self) -> Result<Message, Refusal> {
        let attributes = self.attributes();
        let to = self.destination_phone_number.unwrap_or_default();
        let to = if to.starts_with('+') { to } else { format!("+{to}") };
        let message = Message::new(Provider::EndUserMessaging, to, self.message_body.unwrap_or_default());
        let charge = Charge::of(&message.text);
        if self.max_price.as_deref().is_some_and(|most| charge.exceeds(most)) {
            return Err(Refusal::too_expensive(charge.price));
        }
        Ok(Message {
            from: Some(sender(self.origination_identity.as_deref())),
            attributes,
            context: self.context.unwrap_or_default(),
            feedback: self.message_feedback_enabled.filter(|enabled| *enabled).map(|_| Feedback::Awaited),
            ..message
        })
    }

    /// The members that say how it is sent, by name.
    fn attributes(&self) -> BTreeMap<String, String> {
        let given = [
            ("OriginationIdentity", self.origination_identity.clone()),
            ("MessageType", self.message_type.clone()),
            ("Keyword", self.keyword.clone()),
            ("ConfigurationSetName", self.configuration_set_name.clone()),
            ("ProtectConfigurationId", self.protect_configuration_id.clone()),
            ("MaxPrice", self.max_price.clone()),
            ("TimeToLive", self.time_to_live.map(|seconds| seconds.to_string())),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        given.chain(self.destination_country_parameters.clone().unwrap_or_default()).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FeedbackInput {
    message_id: Option<String>,
    message_feedback_status: Option<String>,
}

/// What the product can say of a message, and what it then counts as.
const FEEDBACK: [(&str, Feedback); 2] = [("RECEIVED", Feedback::Received), ("FAILED", Feedback::Failed)];

pub(super) struct PutMessageFeedback {
    pub(super) message_id: String,
    pub(super) status: &'static str,
    pub(super) feedback: Feedback,
}

impl PutMessageFeedback {
    pub(super) fn parse(body: &str) -> Result<Self, Refusal> {
        let input: FeedbackInput = serde_json::from_str(body).map_err(|error| Refusal::unreadable(&error))?;
        let mut faults = Faults::default();
        let id = ("MessageId", input.message_id.as_deref());
        let status = ("MessageFeedbackStatus", input.message_feedback_status.as_deref());
        faults.require(id);
        faults.text(id, 1..=64, |text| text.chars().all(is_of_name));
        faults.require(status);
        faults.word(status, &FEEDBACK.map(|(name, _)| name));
        let meant = FEEDBACK.into_iter().find(|(name, _)| status.1 == Some(name));
        match (input.message_id, meant) {
            (Some(message_id), Some((status, feedback))) if faults.0.is_empty() => {
                Ok(Self { message_id, status, feedback })
            }
            _ => Err(Refusal::invalid(&faults.0)),
        }
    }
}

/// `\+?[1-9][0-9]{1,18}`
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (2..=19).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `[0-9]{0,2}\.[0-9]{1,5}`
fn is_price(text: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(whole, part)| {
        is_digits(whole) && is_digits(part) && whole.len() <= 2 && (1..=5).contains(&part.len())
    })
}

/// `[A-Za-z0-9_:/-]`
fn is_of_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || "_:/-".contains(one)
}

/// What the phone shows: the number or sender id that was named. Of a pool, an ARN or nothing, AWS chooses a number.
fn sender(identity: Option<&str>) -> String {
    let is_sender_id = |identity: &str| {
        identity.len() <= 11 && identity.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !is_number(identity)
    };
    let is_shown = |identity: &&str| identity.starts_with('+') || is_sender_id(identity);
    identity.filter(is_shown).unwrap_or(VOICE_FROM).to_owned()
}
