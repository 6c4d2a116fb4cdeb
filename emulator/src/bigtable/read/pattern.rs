//! Regular expressions of filters: RE2 over bytes, matching the whole input.

use regex::bytes::{Regex, RegexBuilder};
use tonic::Status;

/// Compiles a filter's expression. `INVALID_ARGUMENT` if it is malformed.
pub fn compile(pattern: &[u8]) -> Result<Regex, Status> {
    RegexBuilder::new(&format!(r"\A(?:{})\z", translate(pattern))).unicode(false).octal(true).build().map_err(
        |error| Status::invalid_argument(format!("filter expression {}: {error}", pattern.escape_ascii())),
    )
}

/// Rewrites what RE2 has and the regex crate lacks: `\C` for any byte, `\Q...\E` for literals, bytes that are not
/// UTF-8.
fn translate(pattern: &[u8]) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail.first()) {
            (b'\\', Some(b'C')) => {
                out.push_str("(?s:.)");
                rest = &tail[1..];
            }
            (b'\\', Some(b'Q')) => rest = translate_literal(&tail[1..], &mut out),
            (b'\\', Some(&escaped)) => {
                out.push('\\');
                push_byte(escaped, &mut out);
                rest = &tail[1..];
            }
            _ => push_byte(byte, &mut out),
        }
    }
    out
}

/// Escapes up to `\E` and returns what follows it.
fn translate_literal<'a>(bytes: &'a [u8], out: &mut String) -> &'a [u8] {
    let end = bytes.windows(2).position(|pair| pair == br"\E").unwrap_or(bytes.len());
    for &byte in &bytes[..end] {
        if byte.is_ascii() {
            out.push_str(&regex::escape(char::from(byte).encode_utf8(&mut [0; 4])));
        } else {
            push_byte(byte, out);
        }
    }
    bytes.get(end + 2..).unwrap_or_default()
}

fn push_byte(byte: u8, out: &mut String) {
    use std::fmt::Write;
    if byte.is_ascii() {
        out.push(char::from(byte));
    } else {
        // Writing to a string cannot fail.
        let _ = write!(out, r"\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &[u8], input: &[u8]) -> bool {
        compile(pattern).unwrap().is_match(input)
    }

    #[test]
    fn the_whole_input_must_match() {
        assert!(matches(b"a|bc", b"bc"));
        assert!(!matches(b"a|bc", b"bcd"));
        assert!(!matches(b"b", b"abc"));
    }

    #[test]
    fn a_dot_is_not_a_line_feed_but_any_byte_is() {
        assert!(!matches(b"a.b", b"a\nb"));
        assert!(matches(br"a\Cb", b"a\nb"));
        assert!(matches(br"\C*", b"\xff\x00\n"));
        assert!(matches(b"a.b", b"a\xffb"));
    }

    #[test]
    fn bytes_and_literals_match_themselves() {
        assert!(matches(b"\xff\x80", b"\xff\x80"));
        assert!(matches(br"\Qa.b\E+", b"a.bb"));
        assert!(!matches(br"\Qa.b\E", b"axb"));
        assert!(matches("caf\u{e9}".as_bytes(), "caf\u{e9}".as_bytes()));
        assert!(matches(br"\x00\123", b"\x00S"));
    }

    #[test]
    fn an_expression_that_is_none_is_refused() {
        assert!(compile(b"a(").is_err());
        assert!(compile(br"a\").is_err());
    }
}
