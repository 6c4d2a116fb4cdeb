//! Texts of others inside of HTML and SVG.

use service::escape::escape;

/// As text and as an attribute's value in double quotes.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in plain(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// With nothing in it that acts. XML has no place for U+FFFE and U+FFFF, whatever way they are written.
pub(crate) fn plain(text: &str) -> String {
    escape(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        assert_eq!(
            markup("<script>\"a\" & 'b'\u{1b}\n"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\\u001b\\n"
        );
        assert_eq!(markup("\u{ffff}ä"), "\u{fffd}ä");
    }
}
