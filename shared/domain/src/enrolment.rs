//! Whether a login adds a number, and whether one may be typed: one answer for a start, for the status and for the page.

use crate::challenge::Challenge;
use crate::change::{self, Step};
use crate::purpose::Purpose;
use crate::request::Login;
use crate::rules::{Enrolment, Rules};
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::time::Timestamp;

/// Which numbers may be typed at a login of an account without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// Any that the deployment reaches.
    Open,
    /// The same, because an administrator has opened enrolment for this account until this time.
    OpenUntil(Timestamp),
    /// None but the deployment's test numbers for this account, which are never enrolled.
    TestNumbers,
    Closed,
}

impl Typing {
    /// The deployment and the login must both allow it. If one of them does not, only an administrator does.
    #[must_use]
    pub fn of(rules: &Rules, login: &Login<'_>, subject: &Subject, now: Timestamp) -> Self {
        if rules.enrolment == Enrolment::SelfService && login.enrolment == Enrolment::SelfService {
            return Self::Open;
        }
        match subject.enrolment_open(now) {
            Some(until) => Self::OpenUntil(until),
            None if may_be_test(rules, login, now) => Self::TestNumbers,
            None => Self::Closed,
        }
    }
}

/// Where a login is closed to typed numbers, that includes test numbers: whoever knows a password may know those too.
pub(crate) fn takes_test_numbers(login: &Login<'_>) -> bool {
    login.enrolment == Enrolment::SelfService
}

fn may_be_test(rules: &Rules, login: &Login<'_>, now: Timestamp) -> bool {
    let is_meant = |number| rules.test_number(number, login.sub, now).is_some();
    takes_test_numbers(login) && rules.test_numbers.iter().any(|test| is_meant(&test.number))
}

/// Whether a number has to be typed, and none may be.
#[must_use]
pub fn is_closed(rules: &Rules, stored: &Snapshot, login: &Login<'_>, now: Timestamp) -> bool {
    let is_missing = login.purpose == Purpose::Login && stored.subject.binding.is_none() && login.claimed.is_none();
    is_missing && Typing::of(rules, login, &stored.subject, now) == Typing::Closed
}

/// Whether the account would get a number that it has not had. The form that an enrolled one has today is none.
#[must_use]
pub fn adds_a_number(stored: &Snapshot, own: Option<&Challenge>, purpose: Purpose, now: Timestamp) -> bool {
    let binding = stored.subject.binding.as_ref();
    match purpose {
        Purpose::Login => binding.is_none(),
        Purpose::Change => change::step(binding, own, now) == Step::NewNumber,
    }
}
