//! Who may use the phone: programs on this machine, and the phone's own page. Any web page open in the
//! browser can also reach 127.0.0.1, by a cross-origin request or through a host name that it makes
//! resolve to 127.0.0.1 (DNS rebinding). Without this check it could press keys or read codes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Phone;
use super::control::problem;

/// The paths that the product itself calls, with a form as the body.
const PROVIDERS: [&str; 2] = ["/", "/2010-04-01/"];

/// Lets a request through, or says why not.
pub(crate) async fn admit(State(phone): State<Arc<Phone>>, request: Request, next: Next) -> Response {
    match refusal(phone.port, request.method(), request.uri().path(), request.headers()) {
        None => next.run(request).await,
        Some((status, error)) => problem(status, &error),
    }
}

fn refusal(port: u16, method: &Method, path: &str, headers: &HeaderMap) -> Option<(StatusCode, String)> {
    let host = text(headers, &header::HOST);
    if ![format!("127.0.0.1:{port}"), format!("localhost:{port}")].iter().any(|own| host == Some(own)) {
        return Some((StatusCode::MISDIRECTED_REQUEST, format!("this is http://127.0.0.1:{port}")));
    }
    if method.is_safe() {
        return None; // the browser hides the response from other origins
    }
    let origin = text(headers, &header::ORIGIN);
    if origin.is_some_and(|origin| origin.strip_prefix("http://") != host) {
        return Some((StatusCode::FORBIDDEN, "only the phone's own page may do this".to_owned()));
    }
    let kind = text(headers, &header::CONTENT_TYPE);
    if !is_of_provider(path) && kind.is_some_and(|kind| !kind.starts_with("application/json")) {
        return Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json".to_owned()));
    }
    None
}

fn is_of_provider(path: &str) -> bool {
    let [root, voice] = PROVIDERS;
    path == root || path.starts_with(voice)
}

/// A header as text. One that is not text becomes empty, and so matches nothing.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &Method, path: &str, headers: &[(HeaderName, &'static str)]) -> Option<u16> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        refusal(4000, method, path, &headers).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn a_foreign_host_name_that_resolves_to_loopback_is_refused() {
        for (host, refused) in [
            ("127.0.0.1:4000", None),
            ("localhost:4000", None),
            ("127.0.0.1:4001", Some(421)),
            ("rebound.example:4000", Some(421)),
            ("127.0.0.1", Some(421)),
        ] {
            assert_eq!(status(&Method::GET, "/messages", &[(header::HOST, host)]), refused, "{host}");
        }
        assert_eq!(status(&Method::GET, "/messages", &[]), Some(421));
    }

    #[test]
    fn a_page_of_another_origin_can_change_nothing() {
        for (origin, refused) in [
            ("http://127.0.0.1:4000", None),
            ("http://127.0.0.1:4001", Some(403)),
            ("http://localhost:4000", Some(403)),
            ("https://127.0.0.1:4000", Some(403)),
            ("https://evil.example", Some(403)),
            ("null", Some(403)),
        ] {
            for path in ["/calls/CA1/press", "/faults", "/desk/sign-in", "/", "/2010-04-01/Accounts/AC1/Calls.json"] {
                let headers = [(header::HOST, "127.0.0.1:4000"), (header::ORIGIN, origin)];
                assert_eq!(status(&Method::POST, path, &headers), refused, "{origin} {path}");
            }
        }
    }

    #[test]
    fn a_body_must_be_json_except_on_the_providers_paths() {
        let form = [(header::HOST, "127.0.0.1:4000"), (header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
        assert_eq!(status(&Method::POST, "/calls/CA1/hangup", &form), Some(415));
        assert_eq!(status(&Method::POST, "/", &form), None);
        assert_eq!(status(&Method::POST, "/2010-04-01/Accounts/AC1/Calls.json", &form), None);
        assert_eq!(status(&Method::POST, "/calls/CA1/hangup", &form[..1]), None);
    }
}
