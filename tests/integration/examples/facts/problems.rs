//! Each problem as a client sees it: status, members, headers.

use std::time::Duration;

use domain::limit::Limit;
use domain::phone::{Country, PhoneRefusal};
use domain::quota::SendLimit;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use lambda_http::Body;
use platform::problem::Problem;
use serde_json::{Map, Value, json};

const NOW: Timestamp = Timestamp::from_unix(1_795_600_000);
const LATER: Timestamp = Timestamp::from_unix(1_795_600_090);
const LIMIT: SendLimit =
    SendLimit { limit: Limit::SubjectShort, quota: 5, window: Duration::from_mins(10), retry_at: LATER };

/// One example for each pattern. A problem without an example does not compile: the patterns are those of a `match`.
macro_rules! examples {
    ($($pattern:pat => $example:expr),+ $(,)?) => {{
        const fn has_an_example(problem: &Problem) {
            match problem {
                $($pattern => ()),+
            }
        }
        let examples = vec![$($example),+];
        examples.iter().for_each(has_an_example);
        examples
    }};
}

fn examples() -> Vec<Problem> {
    examples! {
        Problem::Unauthenticated(_) => Problem::Unauthenticated("sub"),
        Problem::SessionMissing => Problem::SessionMissing,
        Problem::AuthenticationTooOld => Problem::AuthenticationTooOld,
        Problem::MalformedJson => Problem::MalformedJson,
        Problem::InvalidField { .. } => Problem::invalid_field("channel", "must be sms or call"),
        Problem::BodyTooLarge => Problem::BodyTooLarge,
        Problem::UnsupportedMediaType => Problem::UnsupportedMediaType,
        Problem::Refused(Refusal::NumberRequired) => Problem::Refused(Refusal::NumberRequired),
        Problem::Refused(Refusal::Number(PhoneRefusal::Invalid)) => refused_number(PhoneRefusal::Invalid),
        Problem::Refused(Refusal::Number(PhoneRefusal::Ambiguous { .. })) => {
            refused_number(PhoneRefusal::Ambiguous { national: country("US"), international: country("BE") })
        },
        Problem::Refused(Refusal::Number(PhoneRefusal::Type)) => refused_number(PhoneRefusal::Type),
        Problem::Refused(Refusal::Number(PhoneRefusal::Country(_))) => refused_number(PhoneRefusal::Country(country("PR"))),
        Problem::Refused(Refusal::Number(PhoneRefusal::Unavailable)) => refused_number(PhoneRefusal::Unavailable),
        Problem::Refused(Refusal::NumberKnown) => Problem::Refused(Refusal::NumberKnown),
        Problem::Refused(Refusal::NumberOutdated) => Problem::Refused(Refusal::NumberOutdated),
        Problem::Refused(Refusal::ProofRequired) => Problem::Refused(Refusal::ProofRequired),
        Problem::Refused(Refusal::NothingToChange) => Problem::Refused(Refusal::NothingToChange),
        Problem::Refused(Refusal::EnrolmentClosed) => Problem::Refused(Refusal::EnrolmentClosed),
        Problem::Refused(Refusal::ChannelUnavailable) => Problem::Refused(Refusal::ChannelUnavailable),
        Problem::Refused(Refusal::ChannelPaused(_)) => Problem::Refused(Refusal::ChannelPaused(LATER)),
        Problem::Refused(Refusal::EnrolmentPaused(_)) => Problem::Refused(Refusal::EnrolmentPaused(LATER)),
        Problem::Refused(Refusal::Denied) => Problem::Refused(Refusal::Denied),
        Problem::Refused(Refusal::Blocked(_)) => Problem::Refused(Refusal::Blocked(LATER)),
        Problem::Refused(Refusal::Locked) => Problem::Refused(Refusal::Locked),
        Problem::Refused(Refusal::TooManyFailures(_)) => Problem::Refused(Refusal::TooManyFailures(LATER)),
        Problem::Refused(Refusal::SendLimit(_)) => Problem::Refused(Refusal::SendLimit(LIMIT)),
        Problem::Refused(Refusal::MalformedCode) => Problem::Refused(Refusal::MalformedCode),
        Problem::Refused(Refusal::WrongCode { .. }) => Problem::Refused(Refusal::WrongCode { attempts_left: 3 }),
        Problem::Refused(Refusal::Closed) => Problem::Refused(Refusal::Closed),
        Problem::NumberOptedOut => Problem::NumberOptedOut,
        Problem::DeliveryFailed => Problem::DeliveryFailed,
        Problem::TemporarilyUnavailable => Problem::TemporarilyUnavailable,
        Problem::SignatureInvalid => Problem::SignatureInvalid,
        Problem::EdgeRequired => Problem::EdgeRequired,
        Problem::CallerUnknown => Problem::CallerUnknown,
        Problem::TooManySwitches => Problem::TooManySwitches,
        Problem::PhoneEnrolled => Problem::PhoneEnrolled,
        Problem::SubjectUnknown => Problem::SubjectUnknown,
        Problem::NotFound => Problem::NotFound,
        Problem::Internal => Problem::Internal,
    }
}

fn country(code: &str) -> Country {
    Country::parse(code).unwrap_or(Country::NONE)
}

const fn refused_number(refusal: PhoneRefusal) -> Problem {
    Problem::Refused(Refusal::Number(refusal))
}

pub(crate) fn rendered() -> Vec<Value> {
    examples().iter().map(render).collect()
}

fn render(problem: &Problem) -> Value {
    let response = problem.response(NOW);
    let headers: Map<_, _> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()))
        .collect();
    let document: Value = match response.body() {
        Body::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Value::Null,
    };
    json!({ "name": problem.name(), "status": response.status().as_u16(), "headers": headers, "document": document })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_problem_has_its_status_document_and_headers() {
        let text: String = rendered().iter().map(line).collect();
        assert_eq!(text, include_str!("problems.txt"));
    }

    #[test]
    fn every_problem_has_a_name_of_its_own() {
        let names: BTreeSet<_> = examples().iter().map(Problem::name).collect();
        assert_eq!(names.len(), examples().len());
    }

    /// One line of `problems.txt`, without what is the same for all problems.
    fn line(problem: &Value) -> String {
        let (name, status, headers) = (&problem["name"], &problem["status"], &problem["headers"]);
        let name = name.as_str().expect("a name");
        let mut members = problem["document"].as_object().expect("a document").clone();
        assert_eq!(members.remove("type"), Some(json!(format!("urn:alliance-mfa:problem:{name}"))));
        assert_eq!(members.remove("title"), Some(json!(name.replace('-', " "))));
        assert_eq!(members.remove("status").as_ref(), Some(status));
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["cache-control"], "no-store");
        let shown = ["retry-after", "ratelimit", "ratelimit-policy"];
        let shown = shown.iter().filter_map(|name| Some(format!(" {name}: {}", headers[name].as_str()?)));
        format!("{status} {name} {}{}\n", Value::Object(members), shown.collect::<String>())
    }
}
