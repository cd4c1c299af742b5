//! The subject's item.

use std::collections::BTreeMap;

use domain::identity::{Reservation, SessionId};
use domain::subject::{Binding, NumberBlock, Subject};
use domain::time::Timestamp;

use super::attribute::{
    BINDING, BLOCKED_UNTIL, CALLS_PLACED, COUNTRY, DENIED_VERSION, FAILURES, GUESSES_RESERVED, LAST_FAILURE_AT,
    LAST_SUCCESS_AT, LINE, LOCKED_AT, OPENING, PHONE, REFUSED_CALL_AT, REFUSED_CALL_SESSION, REPORTED_AT,
    REPORTED_NUMBER, REPORTED_NUMBER_UNTIL, SMS_SENT, UNTIL, VERSION,
};
use super::reader::{Reader, Unreadable};
use super::value::{Stored as _, Value};
use crate::encoding::{base64url, from_base64url};

pub fn read<V: Value>(item: Reader<'_, V>) -> Result<Subject, Unreadable> {
    Ok(Subject {
        version: item.require(VERSION)?,
        binding: binding(item)?,
        failures: item.get_or_default(FAILURES)?,
        last_failure_at: item.get(LAST_FAILURE_AT)?,
        last_success_at: item.get(LAST_SUCCESS_AT)?,
        reserved: reserved(item)?,
        sms_sent: item.get_or_default(SMS_SENT)?,
        calls_placed: item.get_or_default(CALLS_PLACED)?,
        refused_call: refused_call(item)?,
        reported_at: item.get(REPORTED_AT)?,
        blocked_until: item.get(BLOCKED_UNTIL)?,
        reported_number: reported_number(item)?,
        denied_version: item.get(DENIED_VERSION)?,
        locked_at: item.get(LOCKED_AT)?,
        enrolment_open_until: opening(item)?.map(|opening| opening.require(UNTIL)).transpose()?,
    })
}

pub fn binding<V: Value>(item: Reader<'_, V>) -> Result<Option<Binding>, Unreadable> {
    let Some(number) = item.get(PHONE)? else { return Ok(None) };
    let (country, line, version) = (item.require(COUNTRY)?, item.require(LINE)?, item.require(BINDING)?);
    Ok(Some(Binding { number, country, line, version }))
}

pub fn opening<V: Value>(item: Reader<'_, V>) -> Result<Option<Reader<'_, V>>, Unreadable> {
    Ok(item.map(OPENING)?.map(Reader))
}

fn refused_call<V: Value>(item: Reader<'_, V>) -> Result<Option<(SessionId, Timestamp)>, Unreadable> {
    let Some(session) = item.get(REFUSED_CALL_SESSION)? else { return Ok(None) };
    Ok(Some((SessionId::from_bytes(session), item.require(REFUSED_CALL_AT)?)))
}

/// Versions before the first report of two stored no end of its own: it was the subject's.
fn reported_number<V: Value>(item: Reader<'_, V>) -> Result<Option<NumberBlock>, Unreadable> {
    let until = item.get(REPORTED_NUMBER_UNTIL)?.or(item.get(BLOCKED_UNTIL)?);
    Ok(item.get(REPORTED_NUMBER)?.zip(until).map(|(number, until)| NumberBlock { number, until }))
}

fn reserved<V: Value>(item: Reader<'_, V>) -> Result<BTreeMap<Reservation, u32>, Unreadable> {
    let Some(reserved) = item.map(GUESSES_RESERVED)? else { return Ok(BTreeMap::new()) };
    let read = |(name, guesses): (&String, &V)| Some((parse_reservation(name)?, u32::read(guesses)?));
    reserved.iter().map(read).collect::<Option<_>>().ok_or(Unreadable(GUESSES_RESERVED.name))
}

/// The name of a reservation in the map.
#[must_use]
pub fn reservation_name(reservation: &Reservation) -> String {
    format!("{}#{}", base64url(reservation.session.as_bytes()), reservation.generation)
}

fn parse_reservation(name: &str) -> Option<Reservation> {
    let (session, generation) = name.split_once('#')?;
    let session = SessionId::from_bytes(from_base64url(session)?);
    Some(Reservation { session, generation: generation.parse().ok()? })
}
