//! IAM authorization: signs the request again with the development credentials, over the headers that
//! its caller signed, and compares the signatures.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, Uri, header};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::clock;
use crate::development::{ACCESS_KEY, ACCESS_SECRET, ACCOUNT, ORGANISATION, REGION, USER_ARN, USER_ID};

const SERVICE: &str = "execute-api";
/// How far the caller's clock may be off: the same as AWS allows.
const SKEW: Duration = Duration::from_mins(5);

/// The caller, in the form in which a function is told, if the signature is valid at `now`.
pub(crate) fn check(parts: &Parts, body: &[u8], now: Duration) -> Result<Value> {
    let claimed = Claimed::parse(text(&parts.headers, header::AUTHORIZATION.as_str())?)?;
    let date = text(&parts.headers, "x-amz-date")?;
    let time = parse_date(date)?;
    ensure!(time.abs_diff(now) <= SKEW, "the request was signed at {date}, more than five minutes from now");
    let scope = format!("{}/{REGION}/{SERVICE}/aws4_request", &date[..8]);
    ensure!(claimed.credential == format!("{ACCESS_KEY}/{scope}"), "the credential is not {ACCESS_KEY}/{scope}");
    for needed in ["host", "x-amz-date"] {
        ensure!(claimed.headers.contains(&needed), "{needed} is not signed");
    }
    let signature = signature(parts, &claimed.headers, body, UNIX_EPOCH + time)?;
    ensure!(bool::from(signature.as_bytes().ct_eq(claimed.signature.as_bytes())), "the signature does not match");
    Ok(json!({
        "accessKey": ACCESS_KEY,
        "accountId": ACCOUNT,
        "callerId": USER_ID,
        "cognitoIdentity": null,
        "principalOrgId": ORGANISATION,
        "userArn": USER_ARN,
        "userId": USER_ID,
    }))
}

/// The fields of the Authorization header.
struct Claimed<'a> {
    credential: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claimed<'a> {
    fn parse(authorization: &'a str) -> Result<Self> {
        let rest = authorization
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .context("the request is not signed with Signature Version 4")?;
        let mut fields = rest.split(',').map(str::trim);
        let mut field = |name| {
            let field = fields.next().and_then(|field| field.strip_prefix(name)?.strip_prefix('='));
            field.with_context(|| format!("{name} is missing from the Authorization header"))
        };
        Ok(Self {
            credential: field("Credential")?,
            headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }
}

fn signature(parts: &Parts, signed: &[&str], body: &[u8], time: SystemTime) -> Result<String> {
    let headers: Vec<_> = signed.iter().map(|name| Ok((*name, text(&parts.headers, name)?))).collect::<Result<_>>()?;
    let uri = format!("http://{}{}", text(&parts.headers, header::HOST.as_str())?, parts.uri);
    let request = SignableRequest::new(parts.method.as_str(), uri, headers.into_iter(), SignableBody::Bytes(body))?;
    // The caller chose which headers are signed.
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let credentials = Credentials::builder().access_key_id(ACCESS_KEY).secret_access_key(ACCESS_SECRET);
    let identity = credentials.provider_name("development").build().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(SERVICE)
        .time(time)
        .settings(settings)
        .build()?
        .into();
    Ok(sign(request, &parameters)?.into_parts().1)
}

/// The text of a header that must be there exactly once.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().with_context(|| format!("{name} is missing"))?;
    ensure!(values.next().is_none(), "{name} is there more than once");
    value.to_str().with_context(|| format!("{name} is not text"))
}

/// A time such as `20261125T102640Z`, since the epoch.
fn parse_date(date: &str) -> Result<Duration> {
    ensure!(date.len() == 16 && date.is_ascii(), "{date} is not a Signature Version 4 date");
    let [year, month, day] = [&date[..4], &date[4..6], &date[6..8]];
    let [hour, minute, second] = [&date[9..11], &date[11..13], &date[13..15]];
    let rfc3339 = format!("{year}-{month}-{day}{}{hour}:{minute}:{second}{}", &date[8..9], &date[15..]);
    let seconds = DateTime::from_str(&rfc3339, Format::DateTime)?.secs();
    Ok(Duration::from_secs(seconds.try_into().context("the date is before 1970")?))
}

/// The headers of an administrator's request without a body, signed now.
pub(crate) fn signed(method: &Method, url: &str) -> Result<HeaderMap> {
    let now = i64::try_from(clock::epoch_seconds())?;
    let date = DateTime::from_secs(now).fmt(Format::DateTime)?.replace(['-', ':'], "");
    let uri: Uri = url.parse()?;
    let host = uri.authority().context("the address has no host")?.as_str();
    let request = Request::builder().method(method).uri(uri.path()).header(header::HOST, host);
    let (mut parts, ()) = request.header("x-amz-date", &date).body(())?.into_parts();
    let authorization = authorization(&parts, &date)?;
    parts.headers.insert(header::AUTHORIZATION, authorization.parse()?);
    Ok(parts.headers)
}

/// The Authorization header for a request without a body, signed as a caller would.
pub(super) fn authorization(parts: &Parts, date: &str) -> Result<String> {
    let signature = signature(parts, &["host", "x-amz-date"], b"", UNIX_EPOCH + parse_date(date)?)?;
    let scope = format!("{ACCESS_KEY}/{}/{REGION}/{SERVICE}/aws4_request", &date[..8]);
    Ok(format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-25T10:26:40Z
    const NOW: Duration = Duration::from_secs(1_795_602_400);
    const SHOW: &str = "/v1/admin/subjects/YWxpY2U";
    const UNLOCK: &str = "/v1/admin/subjects/YWxpY2U/unlock?b=2&a=1";
    const SCOPE: &str = "local/20261125/us-east-1/execute-api/aws4_request";
    // Signed by botocore.
    const OF_SHOW: &str = "63d22a2e27f7b49bf8b76bc18803aa6c0864f4766ac2022db5a1549f3b07201f";
    const OF_UNLOCK: &str = "062405d8cb9d9d506bad1dcadf926dce448ced3cf1fbf988cf230f4da2712b2a";
    const OF_LAMBDA: &str = "e6e6fc7dc85e9807a7f046bd5d9e05b247dcb52465835d017f77b59f9dae476a";

    fn authorization(credential: &str, headers: &str, signature: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={headers}, Signature={signature}")
    }

    fn request(method: &str, path: &str, authorization: &str) -> Parts {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:9000");
        let request = request.header("x-amz-date", "20261125T102640Z").header("content-type", "application/json");
        let request = request.header("user-agent", "curl/8.14.1").header("authorization", authorization);
        request.body(()).unwrap().into_parts().0
    }

    fn show() -> Parts {
        request("GET", SHOW, &authorization(SCOPE, "host;x-amz-date", OF_SHOW))
    }

    #[test]
    fn a_request_signed_by_botocore_is_let_in_with_its_callers_name() {
        let caller = check(&show(), b"", NOW).unwrap();
        assert_eq!(caller["userArn"], "arn:aws:iam::123456789012:user/local");
        let unlock = request("POST", UNLOCK, &authorization(SCOPE, "content-type;host;x-amz-date", OF_UNLOCK));
        check(&unlock, br#"{"x":1}"#, NOW).unwrap();
    }

    #[test]
    fn a_signature_is_valid_for_five_minutes_either_way() {
        for (seconds, good) in [(300, true), (301, false)] {
            let seconds = Duration::from_secs(seconds);
            assert_eq!(check(&show(), b"", NOW + seconds).is_ok(), good);
            assert_eq!(check(&show(), b"", NOW.checked_sub(seconds).unwrap()).is_ok(), good);
        }
    }

    #[test]
    fn a_signed_request_cannot_be_changed() {
        let unlock = authorization(SCOPE, "content-type;host;x-amz-date", OF_UNLOCK);
        let body: &[u8] = br#"{"x":1}"#;
        assert!(check(&request("POST", UNLOCK, &unlock), b"{}", NOW).is_err(), "body");
        assert!(check(&request("GET", UNLOCK, &unlock), body, NOW).is_err(), "method");
        assert!(check(&request("POST", &UNLOCK.replace("a=1", "a=3"), &unlock), body, NOW).is_err(), "query");
        assert!(check(&request("POST", &UNLOCK.replace("YWxpY2U", "Ym9i"), &unlock), body, NOW).is_err(), "path");
        for name in ["host", "content-type", "x-amz-date"] {
            let mut changed = request("POST", UNLOCK, &unlock);
            changed
                .headers
                .insert(name, if name == "x-amz-date" { "20261125T102641Z" } else { "other" }.parse().unwrap());
            assert!(check(&changed, body, NOW).is_err(), "{name}");
        }
    }

    #[test]
    fn a_request_not_signed_for_this_api_with_the_development_key_is_refused() {
        let all = "host;x-amz-date";
        for (authorization, why) in [
            (String::new(), "not signed"),
            ("Bearer token".to_owned(), "not signed"),
            (format!("AWS4-HMAC-SHA256 Credential={SCOPE}"), "SignedHeaders is missing"),
            (authorization(&SCOPE.replace("local", "other"), all, OF_SHOW), "the credential is not"),
            (authorization(&SCOPE.replace("execute-api", "lambda"), all, OF_LAMBDA), "the credential is not"),
            (authorization(&SCOPE.replace("20261125", "20261124"), all, OF_SHOW), "the credential is not"),
            (authorization(SCOPE, "x-amz-date", OF_SHOW), "host is not signed"),
            (authorization(SCOPE, "host", OF_SHOW), "x-amz-date is not signed"),
            (authorization(SCOPE, all, ""), "the signature does not match"),
            (authorization(SCOPE, all, &OF_SHOW[..63]), "the signature does not match"),
            (authorization(SCOPE, "absent;host;x-amz-date", OF_SHOW), "absent is missing"),
        ] {
            let error = check(&request("GET", SHOW, &authorization), b"", NOW).unwrap_err();
            assert!(error.to_string().contains(why), "{authorization}: {error:#}");
        }
        let mut twice = show();
        twice.headers.append("x-amz-date", "20261125T102640Z".parse().unwrap());
        assert!(check(&twice, b"", NOW).is_err());
        let mut none = show();
        none.headers.remove("authorization");
        assert!(check(&none, b"", NOW).is_err());
    }

    #[test]
    fn a_malformed_date_is_refused_and_breaks_nothing() {
        for date in ["", "2026", "2026-11-25T10:26", "20261125T102640+", "ü0261125T10264Z", "20261325T102640Z"] {
            assert!(parse_date(date).is_err(), "{date:?}");
        }
    }
}
