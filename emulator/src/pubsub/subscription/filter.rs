//! Subscription filters: `attributes:x`, `attributes.x = "y"`, `!=`, `hasPrefix(attributes.x, "y")` with `AND`, `OR`,
//! `NOT`, `-` and parentheses. Source: the service's page "Filter messages from a subscription". As there, `AND` and
//! `OR` do not mix without parentheses. By hand, because this grammar of a dozen rules needs no parser generator.

use crate::pubsub::message;

const MAX_BYTES: usize = 256;
/// Parentheses and negations inside one another; 256 bytes of them would not hurt, but a bound costs nothing.
const MAX_DEPTH: usize = 32;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    Has(String),
    Is(String, String),
    Prefix(String, String),
    Not(Box<Filter>),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

impl Filter {
    /// Reads a filter; the error says what was expected and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("the filter has {} bytes; at most 256 are allowed", text.len()));
        }
        let mut parser = Parser { tokens: tokens(text)?, at: 0 };
        let filter = parser.expression(0)?;
        match parser.next() {
            None => Ok(filter),
            Some(token) => {
                Err(format!("unexpected {token:?} in the filter; AND and OR mix only with parentheses"))
            }
        }
    }

    /// Whether a stored message passes the filter.
    pub fn matches(&self, message: &[u8]) -> bool {
        let attributes: Vec<(&str, &str)> = message::attributes(message).collect();
        self.passes(&attributes)
    }

    fn passes(&self, attributes: &[(&str, &str)]) -> bool {
        // Map entries may repeat on the wire; the last one counts.
        let value =
            |key: &String| attributes.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value);
        match self {
            Self::Has(key) => value(key).is_some(),
            Self::Is(key, wanted) => value(key) == Some(wanted),
            Self::Prefix(key, prefix) => value(key).is_some_and(|value| value.starts_with(prefix.as_str())),
            Self::Not(inner) => !inner.passes(attributes),
            Self::All(parts) => parts.iter().all(|part| part.passes(attributes)),
            Self::Any(parts) => parts.iter().any(|part| part.passes(attributes)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
    Unequal,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '"' => tokens.push(Token::Text(quoted(&mut chars)?)),
            '!' if chars.next_if_eq(&'=').is_some() => tokens.push(Token::Unequal),
            '=' | ':' | '.' | ',' | '(' | ')' | '-' => tokens.push(Token::Sign(c)),
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            other => return Err(format!("unexpected {other:?} in the filter")),
        }
    }
    Ok(tokens)
}

fn quoted(chars: &mut impl Iterator<Item = char>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match chars.next() {
            Some('"') => return Ok(text),
            Some('\\') => text.push(chars.next().ok_or("the filter ends within a text")?),
            Some(c) => text.push(c),
            None => return Err("the filter ends within a text".to_owned()),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn accept(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(found);
        found
    }

    fn accept_word(&mut self, word: &str) -> bool {
        self.accept(&Token::Word(word.to_owned()))
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.accept(&Token::Sign(sign)) { Ok(()) } else { Err(format!("expected {sign:?} in the filter")) }
    }

    fn expression(&mut self, depth: usize) -> Result<Filter, String> {
        let first = self.term(depth)?;
        for (word, join) in [("AND", Filter::All as fn(Vec<Filter>) -> Filter), ("OR", Filter::Any)] {
            if self.accept_word(word) {
                let mut parts = vec![first, self.term(depth)?];
                while self.accept_word(word) {
                    parts.push(self.term(depth)?);
                }
                return Ok(join(parts));
            }
        }
        Ok(first)
    }

    fn term(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > MAX_DEPTH {
            return Err("the filter is nested too deeply".to_owned());
        }
        if self.accept_word("NOT") || self.accept(&Token::Sign('-')) {
            return Ok(Filter::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.accept(&Token::Sign('(')) {
            let inner = self.expression(depth + 1)?;
            self.expect(')')?;
            return Ok(inner);
        }
        if self.accept_word("hasPrefix") {
            return self.prefix();
        }
        self.comparison()
    }

    fn prefix(&mut self) -> Result<Filter, String> {
        self.expect('(')?;
        self.attributes()?;
        self.expect('.')?;
        let key = self.key()?;
        self.expect(',')?;
        let prefix = self.text()?;
        self.expect(')')?;
        Ok(Filter::Prefix(key, prefix))
    }

    fn comparison(&mut self) -> Result<Filter, String> {
        self.attributes()?;
        if self.accept(&Token::Sign(':')) {
            return Ok(Filter::Has(self.key()?));
        }
        self.expect('.')?;
        let key = self.key()?;
        if self.accept(&Token::Unequal) {
            return Ok(Filter::Not(Box::new(Filter::Is(key, self.text()?))));
        }
        self.expect('=')?;
        Ok(Filter::Is(key, self.text()?))
    }

    fn attributes(&mut self) -> Result<(), String> {
        if self.accept_word("attributes") {
            Ok(())
        } else {
            Err("expected \"attributes\" in the filter".to_owned())
        }
    }

    fn key(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(key) | Token::Text(key)) => Ok(key),
            _ => Err("expected an attribute's key in the filter".to_owned()),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err("expected a text in double quotes in the filter".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::pubsub::PubsubMessage;
    use prost::Message;

    fn passes(filter: &str, attributes: &[(&str, &str)]) -> bool {
        let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let message = PubsubMessage { attributes, ..PubsubMessage::default() };
        Filter::parse(filter).unwrap().matches(&message.encode_to_vec())
    }

    #[test]
    fn filters_pick_messages_by_their_attributes() {
        let card = [("rail", "CARD"), ("run_id", "r-17")];
        for yes in [
            r#"attributes.rail = "CARD""#,
            "attributes:rail",
            r#"attributes:"run_id""#,
            r#"attributes.rail != "ACH""#,
            r#"attributes.none != "ACH""#,
            r#"hasPrefix(attributes.run_id, "r-")"#,
            "NOT attributes:shard AND attributes:rail",
            "-attributes:shard",
            r#"attributes.rail = "ACH" OR (attributes:run_id AND attributes.rail="CARD")"#,
        ] {
            assert!(passes(yes, &card), "{yes}");
        }
        for no in [
            r#"attributes.rail = "card""#,
            "attributes:shard",
            r#"attributes.rail != "CARD""#,
            r#"hasPrefix(attributes.run_id, "x")"#,
            r#"hasPrefix(attributes.none, "")"#,
            "NOT (attributes:rail OR attributes:shard)",
        ] {
            assert!(!passes(no, &card), "{no}");
        }
    }

    #[test]
    fn what_is_not_a_filter_is_refused() {
        for bad in [
            "",
            "rail",
            "attributes.rail",
            "attributes.rail = CARD",
            r#"attributes.rail = "CARD"#,
            "attributes:a AND attributes:b OR attributes:c",
            "(attributes:a",
            "attributes:a)",
            "attributes:a ; attributes:b",
            &"(".repeat(100),
            &format!("attributes:{}", "a".repeat(256)),
        ] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
    }
}
