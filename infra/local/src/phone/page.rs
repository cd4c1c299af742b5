//! The page that shows the phone beside a hosted login, and the page to which a login page opened by
//! redirect returns. Their content security policy is as strict as the product's: nothing inline, nothing
//! from other origins, and no frame but the login page.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::Phone;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, content type and content of each file the pages load.
const FILES: [(&str, &str, &str); 13] = [
    ("page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("phone.css", "text/css; charset=utf-8", include_str!("page/phone.css")),
    ("timeline.css", "text/css; charset=utf-8", include_str!("page/timeline.css")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("common.js", SCRIPT, include_str!("page/common.js")),
    ("live.js", SCRIPT, include_str!("page/live.js")),
    ("desk.js", SCRIPT, include_str!("page/desk.js")),
    ("tries.js", SCRIPT, include_str!("page/tries.js")),
    ("preview.js", SCRIPT, include_str!("page/preview.js")),
    ("timeline.js", SCRIPT, include_str!("page/timeline.js")),
    ("phone.js", SCRIPT, include_str!("page/phone.js")),
    ("sound.js", SCRIPT, include_str!("page/sound.js")),
    ("signed-in.js", SCRIPT, include_str!("page/signed-in.js")),
];

/// `GET /`. The login page knows this page by 127.0.0.1 and talks to no other host name.
pub(crate) async fn index(State(phone): State<Arc<Phone>>, headers: HeaderMap) -> Response {
    if headers.get(header::HOST).is_some_and(|host| host.as_bytes().starts_with(b"localhost")) {
        return Redirect::temporary(&format!("http://127.0.0.1:{}/", phone.port)).into_response();
    }
    phone.document(include_str!("page/index.html"))
}

/// `GET /signed-in`, the redirect URI.
pub(crate) async fn signed_in(State(phone): State<Arc<Phone>>) -> Response {
    phone.document(include_str!("page/signed-in.html"))
}

/// `GET /page/{file}`.
pub(crate) async fn file(Path(name): Path<String>) -> Response {
    let Some((_, kind, content)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-store")], *content).into_response()
}

impl Phone {
    fn document(&self, html: &'static str) -> Response {
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             frame-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
            self.backend.gateway()
        );
        let headers = [
            (header::CONTENT_TYPE, HTML.to_owned()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        (headers, html).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::{Surroundings, start};

    #[test]
    fn the_pages_files_are_exactly_those_that_they_name() {
        let sources = [include_str!("page/index.html"), include_str!("page/signed-in.html")];
        let sources = sources.into_iter().chain(FILES.map(|(.., content)| content));
        let mut named: Vec<&str> = sources
            .flat_map(|source| source.split(['"', '\'']))
            .filter_map(|word| word.strip_prefix("/page/").or_else(|| word.strip_prefix("./")))
            .collect();
        named.sort_unstable();
        named.dedup();
        let mut there = FILES.map(|(name, ..)| name);
        there.sort_unstable();
        assert_eq!(named, there);
    }

    #[tokio::test]
    async fn a_page_runs_only_its_own_files_and_frames_only_the_login_page() {
        let http = reqwest::Client::new();
        let phone =
            start(http.clone(), 0, Surroundings { gateway: "http://127.0.0.1:4001".into(), ..Surroundings::default() })
                .await
                .unwrap();
        for path in ["/", "/signed-in"] {
            let answer = http.get(format!("{phone}{path}")).send().await.unwrap();
            let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            for directive in [
                "default-src 'none'",
                "script-src 'self'",
                "frame-src http://127.0.0.1:4001;",
                "frame-ancestors 'none'",
            ] {
                assert!(policy.contains(directive), "{path}: {policy}");
            }
        }
    }

    #[tokio::test]
    async fn localhost_is_redirected_to_the_address_that_the_login_page_knows() {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let phone = start(http.clone(), 0, Surroundings::default()).await.unwrap();
        let answer = http.get(phone.replace("127.0.0.1", "localhost")).send().await.unwrap();
        assert_eq!(answer.headers()[header::LOCATION], format!("{phone}/"));
    }
}
