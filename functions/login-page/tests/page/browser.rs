//! Sends the function requests as the gateway does, and reads the responses as a browser does.

use domain::time::Timestamp;
use http::{HeaderMap, StatusCode};
use lambda_http::{Body, RequestExt as _};
use login_page::App;
use login_page::config::Config;
use platform::settings::Environment;
use serde_json::Value;

pub(crate) const DEPLOYMENT: [(&str, &str); 7] = [
    ("BRAND", "Example"),
    ("ALLOWED_COUNTRIES", "US,CA:sms,FR:call"),
    ("SUPPORT_URL", "https://support.example.com/sign-in"),
    ("TERMS_URL", "https://www.example.com/terms"),
    ("PRIVACY_URL", "https://www.example.com/privacy"),
    ("REDIRECT_URIS", "https://login.example.com/mfa/done,http://127.0.0.1:9000/signed-in"),
    ("FRAME_ANCESTORS", "https://login.example.com,https://www.example.com:8443"),
];

/// The page of [`DEPLOYMENT`], with some variables overridden.
pub(crate) fn deployed(otherwise: &[(&str, &str)]) -> App {
    let env: Environment = DEPLOYMENT.iter().chain(otherwise).copied().collect();
    App::new(env.read(Config::read).expect("a configuration")).expect("plain headers")
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("UTF-8")
    }

    /// What HTTP/1.1 takes for its head and body.
    pub(crate) fn on_the_wire(&self) -> usize {
        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| name.as_str().len() + value.len() + 4;
        self.headers.iter().map(line).sum::<usize>() + self.body.len()
    }

    /// The part of the page between two texts.
    pub(crate) fn between(&self, start: &str, end: &str) -> &str {
        let (_, rest) = self.text().split_once(start).unwrap_or_else(|| panic!("no {start} in {}", self.text()));
        rest.split_once(end).expect("an end").0
    }

    /// The JSON that the page's scripts read from the element `id`.
    pub(crate) fn json(&self, id: &str) -> Value {
        let json = self.between(&format!(r#"<script type="application/json" id="{id}">"#), "</script>");
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
    }

    /// The path of the page's files.
    pub(crate) fn assets(&self) -> String {
        format!("/assets/{}", self.between(r#"href="/assets/"#, "/"))
    }
}

/// Requests `path`, which may have a query.
pub(crate) fn get(app: &App, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = http::Request::get(path).body(Body::Empty).expect("a request");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: Vec<(String, Vec<String>)> =
        query.map(|(name, value)| (name.to_owned(), vec![value.replace('+', " ")])).collect();
    let request = request
        .with_raw_http_path(path)
        .with_query_string_parameters(query.into_iter().collect::<std::collections::HashMap<_, _>>());
    let (parts, body) = app.handle(&request, Timestamp::from_unix(1_795_600_000)).into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
}
