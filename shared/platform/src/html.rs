//! Text in HTML pages, which would otherwise be markup.

/// Text in an element or an attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_an_attribute_or_begins_an_element() {
        assert_eq!(escape(r#"<a href='x'>"&amp;ü"#), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;ü");
    }
}
