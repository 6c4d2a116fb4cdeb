//! What the contract says of its fields, for those who show them without it.

use crate::PROTO;

/// The comment at the end of a field's line in the contract, without line breaks; `None` where it has none.
pub fn comment(message: &str, field: &str) -> Option<&'static str> {
    let opening = format!("message {message} {{");
    let lines = PROTO.lines().map(str::trim).skip_while(|line| *line != opening);
    let mut body = lines.skip(1).take_while(|line| *line != "}");
    let declared = body.find(|line| is_declaration(line, field))?;
    declared.split_once("//").map(|(_, comment)| comment.trim())
}

/// Whether a line is `TYPE field = NUMBER;`.
fn is_declaration(line: &str, field: &str) -> bool {
    let mut words = line.split_whitespace();
    words.nth(1) == Some(field) && words.next() == Some("=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fields_comment_is_found_in_its_own_message() {
        assert_eq!(comment("Sepa", "charge_bearer"), Some("SLEV"));
        assert_eq!(comment("Wire", "charge_bearer"), Some("DEBT, CRED, SHAR, SLEV"));
        assert_eq!(comment("Card", "network"), None);
        assert_eq!(comment("Card", "no_such_field"), None);
        assert_eq!(comment("NoSuchMessage", "network"), None);
    }
}
