//! Entra's pages: the form that sends the browser to the external method, and how a login ended.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// A form that posts itself to `action`.
pub(crate) fn form(action: &str, fields: &HashMap<String, String>) -> String {
    let inputs = fields.iter().fold(String::new(), |mut inputs, (name, value)| {
        let _ = write!(inputs, r#"<input type="hidden" name="{}" value="{}">"#, escape(name), escape(value));
        inputs
    });
    document(
        "Verify your identity",
        &format!(
            r#"<form method="post" action="{}">{inputs}<button>Continue</button></form><script>document.forms[0].submit()</script>"#,
            escape(action)
        ),
    )
}

pub(crate) fn signed_in(claims: &Map<String, Value>) -> String {
    let rows = claims.iter().fold(String::new(), |mut rows, (name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = write!(rows, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(name), escape(&text));
        rows
    });
    let words = "Entra accepts the answer: its key, its certificate, the discovery document and every claim are right.";
    document("Signed in", &format!("<p>{words}</p><table>{rows}</table>"))
}

pub(crate) fn left(error: &str, description: &str) -> String {
    document("Not signed in", &format!("<p><code>{}</code> {}</p>", escape(error), escape(description)))
}

pub(crate) fn refused(reason: &str) -> String {
    document("Entra refuses the answer", &format!("<p>{}</p>", escape(reason)))
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><link rel=\"icon\" href=\"data:,\">\
         <style>body{{font:16px/1.5 system-ui;margin:2rem auto;max-width:40rem;padding:0 1rem}}\
         th{{text-align:left;padding-right:1rem;vertical-align:top}}td{{overflow-wrap:anywhere}}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
