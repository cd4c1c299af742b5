//! The subject's item.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::identity::{Reservation, SessionId};
use domain::phone::Line;
use domain::ports::StoreError;
use domain::subject::{Binding, Subject};

use super::item::{Reader, Word as _, number, parse_number};
use super::key::Item;
use crate::encoding::{base64url, from_base64url};

pub(super) fn read(item: &Item) -> Result<Subject, StoreError> {
    let reader = Reader(item);
    Ok(Subject {
        version: reader.number("version")?,
        binding: if reader.has("phone") { Some(binding(&reader)?) } else { None },
        failures: reader.maybe_number("failures")?.unwrap_or_default(),
        last_failure_at: reader.maybe_time("lastFailureAt")?,
        last_success_at: reader.maybe_time("lastSuccessAt")?,
        reserved: reservations(item)?,
        sms_sent: reader.times("smsSent")?,
        calls_placed: reader.times("callsPlaced")?,
        blocked_until: reader.maybe_time("blockedUntil")?,
        reported_number: if reader.has("reportedNumber") { Some(reader.digest("reportedNumber")?) } else { None },
        denied_version: reader.maybe_number("deniedVersion")?,
        locked_at: reader.maybe_time("lockedAt")?,
    })
}

fn binding(reader: &Reader<'_>) -> Result<Binding, StoreError> {
    Ok(Binding {
        number: reader.phone("phone")?,
        country: reader.country()?,
        line: reader.word("line", Line::from_word)?,
        version: reader.number("binding")?,
    })
}

fn reservations(item: &Item) -> Result<BTreeMap<Reservation, u32>, StoreError> {
    let Some(value) = item.get(RESERVED) else { return Ok(BTreeMap::new()) };
    let map = value.as_m().map_err(|_| StoreError::Unreadable(RESERVED))?;
    map.iter()
        .map(|(name, guesses)| Some((parse_reservation(name)?, parse_number(guesses)?)))
        .collect::<Option<_>>()
        .ok_or(StoreError::Unreadable(RESERVED))
}

const RESERVED: &str = "guessesReserved";

pub(super) fn reserved(reserved: &BTreeMap<Reservation, u32>) -> AttributeValue {
    let entries = reserved.iter();
    AttributeValue::M(entries.map(|(reservation, guesses)| (reservation_name(reservation), number(*guesses))).collect())
}

pub(super) fn reservation_name(reservation: &Reservation) -> String {
    format!("{}#{}", base64url(reservation.session.as_bytes()), reservation.generation)
}

fn parse_reservation(name: &str) -> Option<Reservation> {
    let (session, generation) = name.split_once('#')?;
    let session = SessionId::from_bytes(from_base64url(session)?);
    Some(Reservation { session, generation: generation.parse().ok()? })
}
