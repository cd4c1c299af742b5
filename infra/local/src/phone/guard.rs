//! Who may use the phone: programs of this machine, and its own page. A page of the internet reaches
//! 127.0.0.1 from within a browser, too, so that without this it could press keys or read codes: by a
//! request across origins, or under a name of its own that it has resolve to 127.0.0.1.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Phone;
use super::control::problem;

/// Paths that the product itself calls, whose bodies are forms.
const PROVIDERS: [&str; 2] = ["/", "/2010-04-01/"];

/// Lets a request through, or answers why not.
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
        return None; // what it answers, the browser keeps from other origins
    }
    let origin = text(headers, &header::ORIGIN);
    if origin.is_some_and(|origin| origin.strip_prefix("http://") != host) {
        return Some((StatusCode::FORBIDDEN, "only the phone's own page may do this".to_owned()));
    }
    let kind = text(headers, &header::CONTENT_TYPE);
    if !is_of_provider(path) && kind.is_some_and(|kind| !kind.starts_with("application/json")) {
        return Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "a body is application/json here".to_owned()));
    }
    None
}

fn is_of_provider(path: &str) -> bool {
    let [root, voice] = PROVIDERS;
    path == root || path.starts_with(voice)
}

/// A header as text; one that is none is as good as a foreign one.
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
    fn a_name_that_somebody_else_has_resolve_to_loopback_opens_nothing() {
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
    fn a_page_of_another_origin_changes_nothing() {
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
    fn a_body_is_json_but_where_the_providers_take_forms() {
        let form = [(header::HOST, "127.0.0.1:4000"), (header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
        assert_eq!(status(&Method::POST, "/calls/CA1/hangup", &form), Some(415));
        assert_eq!(status(&Method::POST, "/", &form), None);
        assert_eq!(status(&Method::POST, "/2010-04-01/Accounts/AC1/Calls.json", &form), None);
        assert_eq!(status(&Method::POST, "/calls/CA1/hangup", &form[..1]), None);
    }
}
