//! Every word of a closed set parses to the value that it is written for.

use std::collections::BTreeSet;
use std::fmt::Debug;

use domain::administration::Action;
use domain::call::{AnsweredBy, CallState};
use domain::challenge::{Method, NumberSource};
use domain::change::Step;
use domain::channel::Channel;
use domain::delivery::{Delivery, SendFailure};
use domain::limit::Limit;
use domain::phone::Line;
use domain::policy::CallMode;
use domain::purpose::Purpose;
use domain::receipt::{Arrival, Fate};
use domain::rules::Enrolment;
use domain::status::{State, Unavailable};

fn round_trip<T: Copy + PartialEq + Debug>(all: &[T], word: fn(T) -> &'static str, parse: fn(&str) -> Option<T>) {
    let words: BTreeSet<_> = all.iter().map(|value| word(*value)).collect();
    assert_eq!(words.len(), all.len(), "one word each: {words:?}");
    for value in all {
        assert_eq!(parse(word(*value)), Some(*value));
        assert_eq!(parse(&word(*value).to_uppercase()), None, "in lower case only");
    }
    assert_eq!(parse(""), None);
}

#[test]
fn every_word_parses_to_the_value_that_it_is_written_for() {
    round_trip(&Action::ALL, Action::as_str, Action::parse);
    round_trip(&AnsweredBy::ALL, AnsweredBy::as_str, AnsweredBy::parse);
    round_trip(&Arrival::ALL, Arrival::as_str, Arrival::parse);
    round_trip(&CallMode::ALL, CallMode::as_str, CallMode::parse);
    round_trip(&CallState::ALL, CallState::as_str, CallState::parse);
    round_trip(&Channel::ALL, Channel::as_str, Channel::parse);
    round_trip(&Delivery::ALL, Delivery::as_str, Delivery::parse);
    round_trip(&Enrolment::ALL, Enrolment::as_str, Enrolment::parse);
    round_trip(&Fate::ALL, Fate::as_str, Fate::parse);
    round_trip(&Limit::ALL, Limit::as_str, Limit::parse);
    round_trip(&Line::ALL, Line::as_str, Line::parse);
    round_trip(&Method::ALL, Method::as_str, Method::parse);
    round_trip(&Purpose::ALL, Purpose::as_str, Purpose::parse);
    round_trip(&SendFailure::ALL, SendFailure::as_str, SendFailure::parse);
    round_trip(&State::ALL, State::as_str, State::parse);
    round_trip(&Step::ALL, Step::as_str, Step::parse);
    round_trip(&Unavailable::ALL, Unavailable::as_str, Unavailable::parse);
}

#[test]
fn a_number_source_is_parsed_with_its_version() {
    let sources = [
        NumberSource::Enrolled(7),
        NumberSource::Claimed,
        NumberSource::Typed,
        NumberSource::Replacing(7),
        NumberSource::Test,
    ];
    for source in sources {
        assert_eq!(NumberSource::parse(source.as_str(), Some(7)), Some(source));
    }
    assert_eq!(NumberSource::parse("enrolled", None), None);
    assert_eq!(NumberSource::parse("guessed", Some(7)), None);
}
