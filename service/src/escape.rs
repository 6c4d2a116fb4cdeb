//! Text that others wrote (names, ids, keys, attributes, answers of servers), made harmless to look at.
//!
//! A terminal obeys control characters, a newline begins a line that looks like one of ours, and characters that change
//! the direction of a text show another one than there is. They are written as JSON writes them, `\n` or `\u001b`, so
//! that JSON stays JSON and means the same.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::str::from_utf8;

/// Stands for a byte that is no text: alone it is a control character to some terminals.
const NO_TEXT: &str = "\u{fffd}";

/// Whether a character does something to a terminal, or to the lines or the direction of a text.
const fn acts(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// A field of a line: on one line, whatever is in it.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_but(text, |_| false)
}

/// A field of a line, of bytes that should be text.
pub fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => escape(text),
        Cow::Owned(text) => escape(&text).into_owned().into(),
    }
}

/// The text with all that acts escaped, but for what the caller needs. `spared` sees the rest of the text, from the
/// character in question on.
pub fn escape_but(text: &str, spared: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
    if text.bytes().all(is_plain) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for (at, character) in text.char_indices() {
        match character {
            _ if !acts(character) || spared(&text[at..]) => escaped.push(character),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ => write!(escaped, "\\u{:04x}", character as u32).expect("a string takes what is written"),
        }
    }
    escaped.into()
}

/// Whether a text goes on with the end of a line. A return alone would let the line be written over.
fn ends_line(rest: &str) -> bool {
    rest.starts_with('\n') || rest.starts_with("\r\n")
}

/// How words are made to stand out on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Bold,
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
}

impl Style {
    const ALL: [Self; 3] = [Self::Bold, Self::Good, Self::Bad];
    const END: &str = "\u{1b}[0m";

    const fn begin(self) -> &'static str {
        match self {
            Self::Bold => "\u{1b}[1m",
            Self::Good => "\u{1b}[1;32m",
            Self::Bad => "\u{1b}[1;31m",
        }
    }

    /// The words in this style.
    pub fn paint(self, words: &str) -> String {
        [self.begin(), words, Self::END].concat()
    }

    fn starts(rest: &str) -> bool {
        rest.starts_with(Self::END) || Self::ALL.iter().any(|style| rest.starts_with(style.begin()))
    }
}

/// A writer of lines that lets nothing through that acts, but for the ends of the lines, and colours of ours if wanted.
#[derive(Debug)]
pub struct Escaping<W> {
    out: W,
    is_coloured: bool,
    /// The beginning of a character whose rest has not come yet.
    cut: Vec<u8>,
}

impl<W: Write> Escaping<W> {
    pub fn new(out: W) -> Self {
        Self { out, is_coloured: false, cut: Vec::new() }
    }

    /// The same, that lets [`Style`]s through: text in it can be bold, and nothing else.
    #[must_use]
    pub fn coloured(self, is_coloured: bool) -> Self {
        Self { is_coloured, ..self }
    }

    fn write_bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let error = match from_utf8(bytes) {
                Ok(text) => return self.write_text(text),
                Err(error) => error,
            };
            let (text, rest) = bytes.split_at(error.valid_up_to());
            self.write_text(from_utf8(text).unwrap_or_default())?;
            let Some(wrong) = error.error_len() else {
                rest.clone_into(&mut self.cut);
                return Ok(());
            };
            self.out.write_all(NO_TEXT.as_bytes())?;
            bytes = &rest[wrong..];
        }
        Ok(())
    }

    fn write_text(&mut self, text: &str) -> io::Result<()> {
        let is_spared = |rest: &str| ends_line(rest) || self.is_coloured && Style::starts(rest);
        self.out.write_all(escape_but(text, is_spared).as_bytes())
    }
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cut.is_empty() {
            self.write_bytes(bytes)?;
            return Ok(bytes.len());
        }
        let mut whole = std::mem::take(&mut self.cut);
        whole.extend_from_slice(bytes);
        self.write_bytes(&whole)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2Jb\u{7}c\u{202e}d\ne\rf\0g\u{9b}h\u{2028}i\u{2066}\u{61c}\u{7f}\tj";

    #[test]
    fn what_acts_is_written_as_json_writes_it_and_nothing_else_is_touched() {
        let escaped = escape(HOSTILE);
        let expected = r"a\u001b[2Jb\u0007c\u202ed\ne\rf\u0000g\u009bh\u2028i\u2066\u061c\u007f\tj";
        assert_eq!(escaped, expected);
        for harmless in ["", "plain ~", "Zoë Müller", "日本語", "👩‍👩‍👧", "עברית", "C:\\x \"y\""]
        {
            assert_eq!(escape(harmless), harmless);
        }
        assert_eq!(escape_bytes(b"a\x9bb\n"), "a\u{fffd}b\\n");
    }

    #[test]
    fn of_all_sequences_only_styles_pass_and_only_where_colours_are_wanted() {
        let text = format!("{} \u{1b}[2J\u{1b}[7m\n", Style::Bad.paint("x"));
        let written = |is_coloured| {
            let mut writer = Escaping::new(Vec::new()).coloured(is_coloured);
            writer.write_all(text.as_bytes()).unwrap();
            String::from_utf8(writer.out).unwrap()
        };
        assert_eq!(written(true), "\u{1b}[1;31mx\u{1b}[0m \\u001b[2J\\u001b[7m\n");
        assert!(!written(false).contains('\u{1b}'));
    }

    #[test]
    fn a_writer_lets_only_ends_of_lines_through_however_the_bytes_are_cut() {
        let text = format!("{HOSTILE}\nß\u{ff41}👩\n");
        let expected = escape(HOSTILE).replacen("\\n", "\n", 1) + "\nß\u{ff41}👩\n";
        for step in 1..=text.len() {
            let mut writer = Escaping::new(Vec::new());
            text.as_bytes().chunks(step).for_each(|part| writer.write_all(part).unwrap());
            assert_eq!(String::from_utf8(writer.out).unwrap(), expected, "{step}");
        }
        let mut writer = Escaping::new(Vec::new());
        for part in [&b"a\xe2"[..], b"\x80", b"xy\x9b\xc3", b"\xa4,\r\n\xf0"] {
            writer.write_all(part).unwrap();
        }
        assert_eq!(writer.out, "a\u{fffd}xy\u{fffd}ä,\r\n".as_bytes());
    }
}
