//! Each problem as a client sees it, one line per variant: status, document, headers.

use std::fmt::Write as _;
use std::time::Duration;

use domain::phone::PhoneRefusal;
use domain::quota::SendLimit;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use lambda_http::Body;
use platform::problem::Problem;

const NOW: Timestamp = Timestamp::from_unix(1_795_600_000);

#[test]
fn every_problem_has_its_status_document_and_headers() {
    let later = NOW + Duration::from_secs(90);
    let limit = SendLimit {
        limit: domain::limit::Limit::SubjectShort,
        quota: 5,
        window: Duration::from_mins(10),
        retry_at: later,
    };
    let problems = [
        Problem::Unauthenticated("sub"),
        Problem::SessionMissing,
        Problem::AuthenticationTooOld,
        Problem::MalformedJson,
        Problem::invalid_field("channel", "must be sms or call"),
        Problem::BodyTooLarge,
        Problem::UnsupportedMediaType,
        Problem::Refused(Refusal::NumberRequired),
        Problem::Refused(Refusal::Number(PhoneRefusal::Invalid)),
        Problem::Refused(Refusal::Number(PhoneRefusal::Type)),
        Problem::Refused(Refusal::Number(PhoneRefusal::Country)),
        Problem::Refused(Refusal::Number(PhoneRefusal::Unavailable)),
        Problem::Refused(Refusal::NumberKnown),
        Problem::Refused(Refusal::ProofRequired),
        Problem::Refused(Refusal::NothingToChange),
        Problem::Refused(Refusal::EnrolmentClosed),
        Problem::Refused(Refusal::ChannelUnavailable),
        Problem::Refused(Refusal::Denied),
        Problem::Refused(Refusal::Blocked(later)),
        Problem::Refused(Refusal::Locked),
        Problem::Refused(Refusal::TooManyFailures(later)),
        Problem::Refused(Refusal::SendLimit(limit)),
        Problem::Refused(Refusal::MalformedCode),
        Problem::Refused(Refusal::WrongCode { attempts_left: 3 }),
        Problem::Refused(Refusal::Closed),
        Problem::DeliveryFailed,
        Problem::TemporarilyUnavailable,
        Problem::SignatureInvalid,
        Problem::CallerUnknown,
        Problem::SubjectUnknown,
        Problem::NotFound,
        Problem::Internal,
    ];
    let mut rendered = String::new();
    for problem in problems {
        let response = problem.response(NOW);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let Body::Text(text) = response.body() else { panic!("no document") };
        let mut document: serde_json::Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(document["type"], format!("urn:alliance-mfa:problem:{}", problem.name()));
        assert_eq!(document["status"], response.status().as_u16());
        for field in ["type", "title", "status"] {
            document.as_object_mut().expect("an object").remove(field);
        }
        write!(rendered, "{} {} {document}", response.status().as_u16(), problem.name()).expect("written");
        for name in ["retry-after", "ratelimit", "ratelimit-policy"] {
            if let Some(value) = response.headers().get(name) {
                write!(rendered, " {name}: {}", value.to_str().expect("text")).expect("written");
            }
        }
        rendered.push('\n');
    }
    assert_eq!(rendered, include_str!("problems.txt"));
}
