//! The API's routes: which function serves each, and who may call it.

use std::collections::BTreeMap;

use axum::http::Method;
use percent_encoding::percent_decode_str;

/// A route, as declared in the template.
pub(crate) struct Route {
    /// Method and path template; a name in braces matches any one segment.
    pub(crate) key: &'static str,
    pub(crate) function: &'static str,
    pub(crate) guard: Guard,
}

impl Route {
    /// Whether the desk's timeline lists it: not the login page and its files, which come before any login.
    pub(crate) fn is_listed(&self) -> bool {
        self.function != "login-page"
    }
}

/// What checks a request before its function sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Nothing: the route is public, or the function checks the request itself.
    None,
    /// The JWT authorizer.
    FirstFactor,
    /// IAM authorization.
    Iam,
}

const ROUTES: [Route; 21] = [
    Route { key: "GET /", function: "login-page", guard: Guard::None },
    Route { key: "GET /assets/{version}/{file}", function: "login-page", guard: Guard::None },
    Route { key: "GET /mfa-client.js", function: "login-page", guard: Guard::None },
    Route { key: "GET /v1/challenge", function: "get-challenge", guard: Guard::FirstFactor },
    Route { key: "POST /v1/challenge", function: "start-challenge", guard: Guard::FirstFactor },
    Route { key: "POST /v1/challenge/code", function: "verify-code", guard: Guard::FirstFactor },
    Route { key: "POST /v1/calls/{challenge}/{token}/{event}", function: "call-callback", guard: Guard::None },
    Route { key: "GET /.well-known/jwks.json", function: "jwks", guard: Guard::None },
    Route { key: "GET /.well-known/openid-configuration", function: "jwks", guard: Guard::None },
    Route { key: "GET /openid/jwks.json", function: "jwks", guard: Guard::None },
    Route { key: "GET /openid/.well-known/openid-configuration", function: "jwks", guard: Guard::None },
    Route { key: "POST /authorize", function: "authorize", guard: Guard::None },
    Route { key: "POST /authorize/answer", function: "authorize", guard: Guard::None },
    Route { key: "GET /v1/admin/subjects/{subject}", function: "admin", guard: Guard::Iam },
    Route { key: "POST /v1/admin/subjects/{subject}/reset-phone", function: "admin", guard: Guard::Iam },
    Route { key: "POST /v1/admin/subjects/{subject}/unlock", function: "admin", guard: Guard::Iam },
    Route { key: "POST /v1/admin/subjects/{subject}/unblock", function: "admin", guard: Guard::Iam },
    Route { key: "POST /v1/admin/subjects/{subject}/open-enrolment", function: "admin", guard: Guard::Iam },
    Route { key: "GET /v1/admin/switches", function: "admin", guard: Guard::Iam },
    Route { key: "PUT /v1/admin/switches/{switch}", function: "admin", guard: Guard::Iam },
    Route { key: "DELETE /v1/admin/switches/{switch}", function: "admin", guard: Guard::Iam },
];

/// The route that matches a request, with its decoded path parameters.
pub(crate) struct Matched {
    pub(crate) route: &'static Route,
    pub(crate) parameters: BTreeMap<&'static str, String>,
}

pub(crate) fn find(method: &Method, path: &str) -> Option<Matched> {
    ROUTES.iter().find_map(|route| {
        let (route_method, template) = route.key.split_once(' ')?;
        let parameters = (route_method == method.as_str()).then(|| parameters(template, path))??;
        Some(Matched { route, parameters })
    })
}

pub(crate) fn function_of(key: &str) -> Option<&'static str> {
    ROUTES.iter().find(|route| route.key == key).map(|route| route.function)
}

/// The values of the template's parameters in `path`; none if the path does not match.
fn parameters(template: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    if template.split('/').count() != path.split('/').count() {
        return None;
    }
    let mut parameters = BTreeMap::new();
    for (expected, given) in template.split('/').zip(path.split('/')) {
        match expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(_) if given.is_empty() => return None,
            Some(name) => parameters.insert(name, decode(given)),
            None if expected == given => None,
            None => return None,
        };
    }
    Some(parameters)
}

/// Percent-decodes a path, as the gateway does before it passes it on.
pub(crate) fn decode(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_parameters_is_matched_and_decoded() {
        let matched = find(&Method::POST, "/v1/calls/a%2Db/token/answer").unwrap();
        assert_eq!(matched.route.function, "call-callback");
        assert_eq!(matched.parameters["challenge"], "a-b");
        assert_eq!(matched.parameters["event"], "answer");
    }

    #[test]
    fn a_wrong_method_a_longer_path_and_an_empty_segment_match_nothing() {
        for (method, path) in [
            (Method::DELETE, "/v1/challenge"),
            (Method::GET, "/v1/challenge/code"),
            (Method::GET, "/v1/challenge/"),
            (Method::POST, "/v1/calls/a//answer"),
            (Method::POST, "/v1/calls/a/b/answer/more"),
        ] {
            assert!(find(&method, path).is_none(), "{method} {path}");
        }
    }
}
