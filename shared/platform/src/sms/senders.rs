//! What messages are sent from, by country. Carriers refuse or replace a sender that isn't their country's own.
//!
//! One setting says it all, in entries with spaces between them: `US=+18005550100 GB=EXAMPLE *=pool-0123`. India also
//! registers each text: `IN=EXMPLE,entity:1101,code:1107,change:1107,notice:1107`.

use std::collections::BTreeMap;

use domain::channel::Channel;
use domain::phone::{Country, Reach};

use super::identity::{Identity, Registration};
use crate::settings::SmsProvider;

/// The senders of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Senders {
    own: BTreeMap<Country, Sender>,
    /// For countries that have none of their own.
    others: Option<Sender>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) identity: Identity,
    pub(super) registration: Option<Registration>,
}

/// What else senders have to fit. A setting that is itself wrong isn't compared with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) provider: Option<SmsProvider>,
    pub(super) reach: Option<&'a Reach>,
    pub(super) has_configuration_set: bool,
}

const INDIA: &str = "IN";

/// Where carriers support no sender id at all, as AWS documents it (Supported countries, End User Messaging, 2026).
const NO_SENDER_ID: [&str; 17] =
    ["AR", "BR", "BS", "CA", "CL", "CN", "CO", "CR", "DO", "EC", "KY", "PE", "PY", "SV", "US", "UY", "VE"];

impl Senders {
    /// Parses the setting, or says everything that is wrong with it.
    pub(super) fn parse(text: &str, around: Surroundings<'_>) -> Result<Self, String> {
        let (mut senders, mut faults) = (Self::default(), Vec::new());
        for entry in text.split_ascii_whitespace() {
            match senders.add(entry) {
                Ok((country, sender)) => faults.extend(sender.faults(country, around)),
                Err(fault) => faults.push(format!("{entry} {fault}")),
            }
        }
        if faults.is_empty() { Ok(senders) } else { Err(format!("has faults: {}", faults.join(", "))) }
    }

    /// Adds an entry, and returns it with its country, if it has one.
    fn add(&mut self, entry: &str) -> Result<(Option<Country>, &Sender), &'static str> {
        let (place, sender) = entry.split_once('=').ok_or("is not a country, = and a sender")?;
        let sender = Sender::parse(sender)?;
        if place == "*" {
            let first = self.others.is_none();
            return first.then(|| (None, &*self.others.insert(sender))).ok_or("is the second entry of *");
        }
        let country = Country::parse(place).ok().filter(|country| country.is_known() && country.as_str() == place);
        let country = country.ok_or("does not begin with the code of a country, such as US")?;
        if self.own.contains_key(&country) {
            return Err("is the second entry of its country");
        }
        Ok((Some(country), self.own.entry(country).or_insert(sender)))
    }

    /// What to send from to `country`. `None` leaves the choice to AWS.
    pub(super) fn of(&self, country: Country) -> Option<&Sender> {
        self.own.get(&country).or_else(|| self.others.as_ref().filter(|others| others.may_serve(country)))
    }

    /// Whether texts to `country` must be the registered ones.
    pub(super) fn registers(&self, country: Country) -> bool {
        self.of(country).is_some_and(|sender| sender.registration.is_some())
    }
}

impl Sender {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = text.split(',');
        let identity = Identity::parse(parts.next().unwrap_or_default())?;
        let mut parts = parts.peekable();
        let registration = parts.peek().is_some().then(|| Registration::parse(parts)).transpose()?;
        Ok(Self { identity, registration })
    }

    /// Whether it may be used where nothing was chosen: a sender id only if the country supports one, and India only
    /// with registrations.
    fn may_serve(&self, country: Country) -> bool {
        let name = matches!(self.identity, Identity::SenderId(_));
        !name || (country.as_str() != INDIA && !NO_SENDER_ID.contains(&country.as_str()))
    }

    /// Why it can't be what `country` gets its messages from, or all countries without one of their own.
    fn faults(&self, country: Option<Country>, around: Surroundings<'_>) -> Vec<String> {
        let identity = self.identity.as_str();
        let place = country.as_ref().map_or("*", Country::as_str);
        let sends = |reach: &Reach, country| {
            reach.countries().any(|(other, channels)| other == country && channels.contains(&Channel::Sms))
        };
        let unreached = country.zip(around.reach).is_some_and(|(country, reach)| !sends(reach, country));
        let is_name = matches!(self.identity, Identity::SenderId(_));
        let is_pool = matches!(self.identity, Identity::Pool(_));
        let is_local = matches!(self.identity, Identity::Number(_) | Identity::ShortCode(_));
        let foreign = country.is_some_and(|country| !self.identity.may_be_of(country));
        let registers = self.registration.is_some();
        [
            (unreached, format!("{place} gets no SMS by ALLOWED_COUNTRIES")),
            (is_local && country.is_none(), format!("{identity} belongs to one country, so it can't be for *")),
            (foreign, format!("{identity} can't be a number or short code of {place}")),
            (is_name && NO_SENDER_ID.contains(&place), format!("{place} supports no sender ids such as {identity}")),
            (is_name && place == INDIA && !registers, format!("{identity} needs its registrations in India")),
            (registers && place != INDIA, format!("{place} has no registrations: only India has")),
            (
                is_pool && around.provider == Some(SmsProvider::Sns),
                format!("{identity} is a pool, which SNS can't use"),
            ),
            (
                is_pool && around.provider == Some(SmsProvider::EndUserMessaging) && !around.has_configuration_set,
                format!("{identity} is a pool, which needs SMS_CONFIGURATION_SET"),
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, fault)| wrong.then_some(fault))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::Template;
    use super::*;

    const EVERYTHING: &str =
        "US=+18005550100 CA=24273 GB=EXAMPLE IN=EXMPLE,notice:4,entity:1,code:2,change:3 *=pool-0123";

    fn country(code: &str) -> Country {
        Country::parse(code).expect("a country")
    }

    fn reach(codes: &str) -> Reach {
        Reach::by_every_channel(codes.split(' ').map(country))
    }

    fn parse(text: &str) -> Result<Senders, String> {
        let reach = reach("US CA GB GG IN JM JP KZ RU DE CN");
        let provider = Some(SmsProvider::EndUserMessaging);
        Senders::parse(text, Surroundings { provider, reach: Some(&reach), has_configuration_set: true })
    }

    fn refusal(text: &str) -> String {
        parse(text).expect_err(text)
    }

    fn used(senders: &Senders, code: &str) -> Option<String> {
        senders.of(country(code)).map(|sender| sender.identity.as_str().to_owned())
    }

    #[test]
    fn each_country_has_its_own_sender_and_the_others_share_one() {
        let senders = parse(EVERYTHING).expect("right");
        for (code, sender) in
            [("US", "+18005550100"), ("CA", "24273"), ("GB", "EXAMPLE"), ("IN", "EXMPLE"), ("DE", "pool-0123")]
        {
            assert_eq!(used(&senders, code).as_deref(), Some(sender), "{code}");
        }
        assert_eq!(used(&parse("US=+18005550100").expect("right"), "GB"), None);
        assert_eq!(parse(" "), Ok(Senders::default()));
    }

    #[test]
    fn india_has_a_registration_for_each_text() {
        let senders = parse(EVERYTHING).expect("right");
        let registration =
            senders.of(country("IN")).and_then(|sender| sender.registration.clone()).expect("registered");
        let texts = [Template::Code, Template::Change, Template::Notice].map(|text| registration.template(text));
        assert_eq!((registration.entity.as_str(), texts), ("1", ["2", "3", "4"]));
        assert!(senders.registers(country("IN")) && !senders.registers(country("GB")));
    }

    #[test]
    fn a_sender_id_for_all_is_left_out_where_it_would_be_refused() {
        let senders = parse("*=EXAMPLE").expect("right");
        assert_eq!(used(&senders, "GB").as_deref(), Some("EXAMPLE"));
        for without in ["US", "CA", "CN", "IN"] {
            assert_eq!(used(&senders, without), None, "{without}");
        }
    }

    #[test]
    fn a_number_must_be_one_of_its_country() {
        for right in [
            "US=+12125550100",
            "CA=+16045550100",
            "US=+18005550100",
            "CA=+18005550100",
            "JM=+18765550100",
            "GB=+447860064321",
            "GG=+447781064321",
            "KZ=+77012345678",
            "RU=+79161234567",
            "JP=+819012345678",
        ] {
            assert!(parse(right).is_ok(), "{right}: {:?}", parse(right));
        }
        for wrong in [
            "GB=+18005550100",
            "US=+447860064321",
            "CA=+12125550100",
            "US=+16045550100",
            "US=+18765550100",
            "JM=+12125550100",
            "DE=+4312345678",
            "GB=+4412",
            "CA=4273",
            "US=1234567",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(refusal("GB=+18005550100"), "has faults: +18005550100 can't be a number or short code of GB");
    }

    #[test]
    fn a_sender_id_has_a_form_and_a_country_that_supports_it() {
        for right in ["GB=A", "GB=Alliance-MF", "GB=4ever", "DE=EXAMPLE12345"] {
            assert_eq!(parse(right).is_ok(), right != "DE=EXAMPLE12345", "{right}");
        }
        for wrong in
            ["GB=", "GB=12", "GB=123456789", "GB=-", "GB=Ex_mple", "GB=Bänk", "US=EXAMPLE", "CN=EXAMPLE", "CA=EX"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pool_is_an_id_or_an_arn_and_needs_end_user_messaging_and_its_set() {
        let reach = reach("US");
        let parse = |text: &str, provider, has_configuration_set| {
            Senders::parse(text, Surroundings { provider: Some(provider), reach: Some(&reach), has_configuration_set })
        };
        let arn = "arn:aws:sms-voice:us-east-1:123456789012:pool/pool-0123";
        for pool in ["pool-0123", arn] {
            let text = format!("*={pool}");
            assert!(parse(&text, SmsProvider::EndUserMessaging, true).is_ok());
            let sns = parse(&text, SmsProvider::Sns, true).expect_err("no pools");
            assert_eq!(sns, format!("has faults: {pool} is a pool, which SNS can't use"));
            let bare = parse(&text, SmsProvider::EndUserMessaging, false).expect_err("no set");
            assert_eq!(bare, format!("has faults: {pool} is a pool, which needs SMS_CONFIGURATION_SET"));
        }
        for other in
            ["*=arn:aws:sns:us-east-1:123456789012:pool/pool-0123", "*=arn:aws:sms-voice:x:1:phone-number/phone-1"]
        {
            assert!(parse(other, SmsProvider::EndUserMessaging, true).is_err(), "{other}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let said = refusal(
            "US=EXAMPLE GB=+18005550100 GB=EXAMPLE XX=EXAMPLE us=24273 FR=EXAMPLE IN=EXMPLE IN JP=EX,entity:1 \
             DE=EX,entity:1,code:2,change:3,notice:4 *=24273 *=EXAMPLE",
        );
        assert_eq!(
            said,
            "has faults: US supports no sender ids such as EXAMPLE, +18005550100 can't be a number or short code of GB, \
             GB=EXAMPLE is the second entry of its country, \
             XX=EXAMPLE does not begin with the code of a country, such as US, \
             us=24273 does not begin with the code of a country, such as US, \
             FR gets no SMS by ALLOWED_COUNTRIES, EXMPLE needs its registrations in India, \
             IN is not a country, = and a sender, \
             JP=EX,entity:1 lacks a registration: it needs entity, code, change and notice, \
             DE has no registrations: only India has, 24273 belongs to one country, so it can't be for *, \
             *=EXAMPLE is the second entry of *"
        );
    }

    #[test]
    fn a_registration_is_complete_and_said_once() {
        for wrong in [
            "IN=EXMPLE,",
            "IN=EXMPLE,entity:1,code:2,change:3",
            "IN=EXMPLE,entity:1,code:2,change:3,notice:",
            "IN=EXMPLE,entity:1,code:2,code:3,change:3,notice:4",
            "IN=EXMPLE,entity:1,code:2,change:3,notice:4,other:5",
            "IN=EXMPLE,entity:1,code:2,change:3,notice:4_",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_country_must_get_messages_at_all() {
        let calls = Reach::new([(country("GB"), [Channel::Call].into())].into());
        let around =
            Surroundings { provider: Some(SmsProvider::Sns), reach: Some(&calls), has_configuration_set: false };
        let said = Senders::parse("GB=EXAMPLE", around).expect_err("only calls");
        assert_eq!(said, "has faults: GB gets no SMS by ALLOWED_COUNTRIES");
    }
}
