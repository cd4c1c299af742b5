//! The user's identity, taken only from the claims that API Gateway's JWT authorizer has verified.
//! API Gateway turns every claim into a string. They are parsed strictly: a claim that cannot be parsed
//! fails the request rather than being ignored.

use std::collections::HashMap;
use std::time::Duration;

use domain::identity::{ChallengeKey, SessionId, SubjectId};
use domain::phone::{Dialled, PhoneNumber};
use domain::purpose::Purpose;
use domain::request::Login;
use domain::rules::Enrolment;
use domain::time::Timestamp;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use crate::browser::{self, Browser};
use crate::problem::Problem;

/// How to find the login session in the claims.
#[derive(Clone, Debug)]
pub struct SessionRule {
    /// The claim that names the session. `jti` is new for each login; any other claim may stay the same
    /// across logins, so it is combined with `auth_time`.
    pub claim: String,
    /// How long ago the first factor may have been given.
    pub max_age: Duration,
}

/// Who passed the first factor, when and how.
#[derive(Clone, Debug)]
pub struct FirstFactor {
    /// The key of this login session's challenge.
    pub key: ChallengeKey,
    /// The first factor's `sub`.
    pub sub: String,
    /// The session claim's value: the login's id, which the result token carries as `txn`.
    pub txn: String,
    /// The methods of the first factor (RFC 8176).
    pub amr: Vec<String>,
    /// When the first factor was passed.
    pub auth_time: Timestamp,
    /// How long the challenge must be kept: an hour longer than this login can last.
    pub keep_until: Timestamp,
    /// The phone number that the first factor vouches for.
    pub phone: Option<PhoneNumber>,
    /// Whether this login may add a number that is typed, as far as the first factor says.
    pub enrolment: Enrolment,
}

impl FirstFactor {
    /// Reads the claims of `request`.
    pub fn of(request: &Request, rule: &SessionRule, now: Timestamp) -> Result<Self, Problem> {
        let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
            return Err(Problem::Unauthenticated("authorizer"));
        };
        let jwt = context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
        let claims = Claims(&jwt.ok_or(Problem::Unauthenticated("authorizer"))?.claims);
        claims.names_the_browser_of(request)?;
        claims.first_factor(rule, now)
    }

    /// The login that asks, for `purpose`.
    #[must_use]
    pub fn login(&self, purpose: Purpose) -> Login<'_> {
        let Self { sub, phone, enrolment, .. } = self;
        Login { key: self.challenge_for(purpose), purpose, sub, claimed: phone.as_ref(), enrolment: *enrolment }
    }

    /// The key of the challenge for `purpose`. A number change has a challenge of its own.
    #[must_use]
    pub fn challenge_for(&self, purpose: Purpose) -> ChallengeKey {
        match purpose {
            Purpose::Login => self.key,
            Purpose::Change => ChallengeKey { session: self.key.session.to_change(), ..self.key },
        }
    }
}

struct Claims<'a>(&'a HashMap<String, String>);

/// How far two machines' clocks may differ.
const SKEW: Duration = Duration::from_mins(1);
const MEMORY: Duration = Duration::from_hours(1);

impl Claims<'_> {
    fn first_factor(&self, rule: &SessionRule, now: Timestamp) -> Result<FirstFactor, Problem> {
        let subject = SubjectId::new(self.required("iss")?, self.required("sub")?);
        let auth_time = self.time("auth_time")?;
        if auth_time > now + SKEW {
            return Err(Problem::Unauthenticated("auth_time")); // signing in again would not help
        }
        if auth_time + rule.max_age <= now {
            return Err(Problem::AuthenticationTooOld);
        }
        let expires_at = self.time("exp")?;
        let txn = self.text(&rule.claim).ok_or(Problem::SessionMissing)?;
        let outlives_a_login = rule.claim != "jti";
        let session = SessionId::new(txn, outlives_a_login.then_some(auth_time));
        Ok(FirstFactor {
            key: ChallengeKey { subject, session },
            sub: self.required("sub")?.to_owned(),
            txn: txn.to_owned(),
            amr: self.methods()?,
            auth_time,
            keep_until: expires_at.max(auth_time + rule.max_age) + MEMORY,
            phone: self.phone()?,
            enrolment: self.enrolment()?,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &'static str) -> Result<&str, Problem> {
        self.text(name).ok_or(Problem::Unauthenticated(name))
    }

    fn time(&self, name: &'static str) -> Result<Timestamp, Problem> {
        numeric_date(self.required(name)?).ok_or(Problem::Unauthenticated(name))
    }

    /// A list arrives as `[pwd mfa]`, a single value as it is.
    fn methods(&self) -> Result<Vec<String>, Problem> {
        let Some(claim) = self.text("amr") else { return Ok(Vec::new()) };
        let listed = claim.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(claim);
        let methods: Vec<_> = listed.split_ascii_whitespace().map(str::to_owned).collect();
        let plain = |method: &String| method.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/".contains(c));
        if methods.iter().all(plain) { Ok(methods) } else { Err(Problem::Unauthenticated("amr")) }
    }

    /// A token that is bound to a browser is worth nothing in another.
    fn names_the_browser_of(&self, request: &Request) -> Result<(), Problem> {
        let Some(digest) = self.0.get(browser::CLAIM) else { return Ok(()) };
        let same = Browser::of(request.headers()).is_some_and(|browser| browser.is(digest));
        if same { Ok(()) } else { Err(Problem::Unauthenticated(browser::CLAIM)) }
    }

    fn enrolment(&self) -> Result<Enrolment, Problem> {
        match self.0.get("mfa_enrolment").map(String::as_str) {
            None => Ok(Enrolment::SelfService),
            Some("closed") => Ok(Enrolment::ClaimsOnly),
            Some(_) => Err(Problem::Unauthenticated("mfa_enrolment")),
        }
    }

    /// A number counts only if the first factor has verified it. OpenID Connect allows formatting in it.
    fn phone(&self) -> Result<Option<PhoneNumber>, Problem> {
        match (self.text("phone_number"), self.text("phone_number_verified")) {
            (Some(number), Some("true")) => {
                let dialled = Dialled::parse(number).and_then(|dialled| PhoneNumber::parse(dialled.as_str()));
                dialled.map(Some).map_err(|_| Problem::Unauthenticated("phone_number"))
            }
            (_, None | Some("true" | "false")) => Ok(None),
            _ => Err(Problem::Unauthenticated("phone_number_verified")),
        }
    }
}

/// A `NumericDate` of RFC 7519: any JSON number of seconds. A fraction is legal and dropped, and whatever made the
/// claim a string may have written a large number with an exponent.
fn numeric_date(text: &str) -> Option<Timestamp> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let seconds = text.parse().ok().filter(|_| is_number)?; // else "inf" and "NaN" would parse too
    Some(Timestamp::from_unix(Duration::try_from_secs_f64(seconds).ok()?.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn read(changes: &[(&str, &str)], claim: &str) -> Result<FirstFactor, Problem> {
        let mut claims: HashMap<String, String> = [
            ("iss", "https://login.example"),
            ("sub", "alice"),
            ("jti", "login-1"),
            ("sid", "session-1"),
            ("exp", "1800000300"),
            ("auth_time", "1799999990"),
            ("amr", "[pwd kba]"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        claims.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let rule = SessionRule { claim: claim.to_owned(), max_age: Duration::from_mins(15) };
        Claims(&claims).first_factor(&rule, NOW)
    }

    #[test]
    fn stringified_claims_are_read() {
        let caller =
            read(&[("phone_number", "+14155552671"), ("phone_number_verified", "true")], "jti").expect("valid");
        assert_eq!((caller.sub.as_str(), caller.txn.as_str()), ("alice", "login-1"));
        assert_eq!(caller.amr, ["pwd", "kba"]);
        assert_eq!(caller.phone.map(|phone| phone.expose().to_owned()).as_deref(), Some("+14155552671"));
    }

    #[test]
    fn a_number_counts_only_when_verified() {
        for verified in ["false", ""] {
            let claims = [("phone_number", "+14155552671"), ("phone_number_verified", verified)];
            assert_eq!(read(&claims, "jti").expect("valid").phone, None);
        }
    }

    #[test]
    fn claims_that_cannot_be_read_refuse_the_request() {
        let unreadable: [(&[(&str, &str)], Problem); 7] = [
            (&[("sub", "")], Problem::Unauthenticated("sub")),
            (&[("iss", "")], Problem::Unauthenticated("iss")),
            (&[("exp", "soon")], Problem::Unauthenticated("exp")),
            (&[("jti", "")], Problem::SessionMissing),
            (&[("amr", "[<script>]")], Problem::Unauthenticated("amr")),
            (&[("phone_number_verified", "TRUE")], Problem::Unauthenticated("phone_number_verified")),
            (
                &[("phone_number", "4155552671"), ("phone_number_verified", "true")],
                Problem::Unauthenticated("phone_number"),
            ),
        ];
        for (changes, problem) in unreadable {
            assert_eq!(read(changes, "jti").expect_err("refused"), problem, "{changes:?}");
        }
    }

    #[test]
    fn a_login_is_closed_to_typed_numbers_by_one_word_and_any_other_refuses_the_request() {
        assert_eq!(read(&[], "jti").expect("valid").enrolment, Enrolment::SelfService);
        assert_eq!(read(&[("mfa_enrolment", "closed")], "jti").expect("valid").enrolment, Enrolment::ClaimsOnly);
        for word in ["", "open", "Closed", "closed ", "claims-only", "true"] {
            let refused = read(&[("mfa_enrolment", word)], "jti").expect_err("refused");
            assert_eq!(refused, Problem::Unauthenticated("mfa_enrolment"), "{word:?}");
        }
    }

    /// The answer to a token with this `mfa_browser` claim, in a request with these cookies.
    fn in_browser(claim: Option<&str>, cookies: &[&str]) -> Result<FirstFactor, Problem> {
        let mut claims = serde_json::json!({
            "iss": "https://login.example", "sub": "alice", "jti": "login-1", "exp": "1800000300", "auth_time": "1799999990",
        });
        claims.as_object_mut().expect("an object").extend(claim.map(|claim| ("mfa_browser".to_owned(), claim.into())));
        let event = serde_json::json!({
            "rawPath": "/v1/challenge", "headers": {}, "cookies": cookies,
            "requestContext": {
                "http": { "method": "GET" }, "timeEpoch": 0, "authorizer": { "jwt": { "claims": claims, "scopes": null } },
            },
        });
        let request = crate::event::read(&event.to_string()).expect("an event");
        FirstFactor::of(&request, &SessionRule { claim: "jti".to_owned(), max_age: Duration::from_mins(15) }, NOW)
    }

    #[test]
    fn a_token_bound_to_a_browser_is_refused_in_any_other() {
        let [own, other] = [(); 2].map(|()| Browser::draw(&mut crate::clock::random()));
        let [ours, theirs] = [&own, &other].map(|browser| {
            let cookie = browser.cookie().expect("a header");
            cookie.to_str().expect("text").split(';').next().expect("a pair").to_owned()
        });
        let bound = own.digest();
        assert!(in_browser(Some(&bound), &["a=1", &ours]).is_ok());
        for cookies in [&[][..], &[theirs.as_str()], &[&ours, &theirs], &[&ours, &ours], &["a=1"]] {
            let refused = in_browser(Some(&bound), cookies).expect_err("another browser");
            assert_eq!(refused, Problem::Unauthenticated("mfa_browser"), "{cookies:?}");
        }
        for malformed in ["", "<nil>", &bound[1..], &bound.to_uppercase(), &format!("{bound}=")] {
            let refused = in_browser(Some(malformed), &[&ours]).expect_err("malformed");
            assert_eq!(refused, Problem::Unauthenticated("mfa_browser"), "{malformed:?}");
        }
        assert!(in_browser(None, &[]).is_ok() && in_browser(None, &[&theirs]).is_ok(), "a token that is bound to none");
    }

    #[test]
    fn a_time_may_have_a_fraction_or_an_exponent() {
        for written in ["1799999990", "1799999990.5", "1799999990.0", "1.7999999905e+09", "1.79999999E9"] {
            let caller = read(&[("auth_time", written), ("exp", "1800000300.25")], "jti").expect("valid");
            assert_eq!(caller.auth_time, Timestamp::from_unix(1_799_999_990), "{written}");
        }
    }

    #[test]
    fn a_time_that_is_missing_or_no_number_refuses_the_token_and_is_named() {
        let unreadable = ["", " ", "soon", "NaN", "inf", "-1", "1e400", "<nil>", "0x6B49D1F6", "1 799", "1799999990s"];
        for (claim, text) in ["auth_time", "exp"].into_iter().flat_map(|claim| unreadable.map(|text| (claim, text))) {
            let refused = read(&[(claim, text)], "jti").expect_err("refused");
            assert_eq!(refused, Problem::Unauthenticated(claim), "{claim}: {text:?}");
        }
    }

    #[test]
    fn a_first_factor_older_than_the_limit_is_refused_and_one_from_the_future_is_a_fault_of_the_token() {
        for (auth_time, problem) in
            [("1799999100", Problem::AuthenticationTooOld), ("1800000061", Problem::Unauthenticated("auth_time"))]
        {
            assert_eq!(read(&[("auth_time", auth_time)], "jti").expect_err("refused"), problem);
        }
        for auth_time in ["1799999101", "1800000060"] {
            assert!(read(&[("auth_time", auth_time)], "jti").is_ok(), "{auth_time}");
        }
    }

    #[test]
    fn a_session_that_outlives_a_login_is_bound_to_its_time_of_authentication() {
        let session = |auth_time, claim| read(&[("auth_time", auth_time)], claim).expect("valid").key.session;
        assert_eq!(session("1799999990", "jti"), session("1799999991", "jti"));
        assert_ne!(session("1799999990", "sid"), session("1799999991", "sid"));
    }
}
