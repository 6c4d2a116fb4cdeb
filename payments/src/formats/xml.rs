//! XML with indentation, in which what has no content is not there.

use std::fmt::Write as _;

/// Elements as text. An element without content is left out, so that an empty field of a payment has none, and neither
/// has whatever would hold nothing but such fields.
#[derive(Debug, Default)]
pub struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    /// Elements that lie so many others deep.
    pub fn at(depth: usize) -> Self {
        Self { text: String::new(), depth }
    }

    pub fn into_text(self) -> String {
        self.text
    }

    /// An element with others in it.
    pub fn within(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let start = self.text.len();
        self.indent();
        let _ = writeln!(self.text, "<{name}>");
        let inner = self.text.len();
        self.depth += 1;
        content(self);
        self.depth -= 1;
        if self.text.len() == inner {
            self.text.truncate(start);
            return;
        }
        self.indent();
        let _ = writeln!(self.text, "</{name}>");
    }

    /// An element with at most so many characters of a text.
    pub fn text(&mut self, name: &str, value: &str, most: usize) {
        self.element(name, "", value, most);
    }

    /// An element with an attribute, which must need no escapes.
    pub fn with_attribute(&mut self, name: &str, attribute: (&str, &str), value: &str) {
        let attribute = format!(" {}=\"{}\"", attribute.0, attribute.1);
        self.element(name, &attribute, value, usize::MAX);
    }

    fn element(&mut self, name: &str, attribute: &str, value: &str, most: usize) {
        let cut = value.trim().char_indices().nth(most).map_or(value.trim(), |(end, _)| &value.trim()[..end]);
        let value = cut.trim_end();
        if value.is_empty() {
            return;
        }
        self.indent();
        let _ = write!(self.text, "<{name}{attribute}>");
        for letter in value.chars() {
            self.push(letter);
        }
        let _ = writeln!(self.text, "</{name}>");
    }

    fn push(&mut self, letter: char) {
        match letter {
            '&' => self.text.push_str("&amp;"),
            '<' => self.text.push_str("&lt;"),
            '>' => self.text.push_str("&gt;"),
            // XML 1.0 has no way to write the other control characters, nor U+FFFE and U+FFFF.
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => self.text.push(' '),
            letter => self.text.push(letter),
        }
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_there_and_what_is_markup_is_escaped() {
        let mut xml = Xml::at(1);
        xml.within("a", |xml| {
            xml.within("b", |xml| xml.text("c", "  ", 9));
            xml.text("d", " x<y>&\u{1}z ", 9);
            xml.text("e", "abc def", 4);
            xml.with_attribute("f", ("g", "h"), "1");
        });
        let expected = "  <a>\n    <d>x&lt;y&gt;&amp; z</d>\n    <e>abc</e>\n    <f g=\"h\">1</f>\n  </a>\n";
        assert_eq!(xml.into_text(), expected);
    }
}
