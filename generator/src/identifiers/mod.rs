//! Identifiers with valid check digits, in ranges that belong to nobody.

mod clabe;
mod creditor;
mod iban;

use crate::random::mix;
use crate::text::{CODE, Put};

pub use clabe::put_clabe;
pub use creditor::put_creditor_id;
pub use iban::{has_iban, put_iban};

/// Most characters that an IBAN has (ISO 13616).
const MAX_IBAN: usize = 34;

/// Characters being assembled.
struct Buffer {
    bytes: [u8; MAX_IBAN],
    len: usize,
}

impl Buffer {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn number(&mut self, value: u64, width: usize) {
        let mut rest = value;
        for byte in self.bytes[self.len..self.len + width].iter_mut().rev() {
            *byte = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.len += width;
    }

    fn written(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// ISO 7064 MOD 97-10: the remainder of the characters read as a number, letters as 10 to 35.
fn mod97(start: u64, bytes: &[u8]) -> u64 {
    // Divided only when the next two digits might not fit.
    const FULL: u64 = u64::MAX / 1_000;
    let rest = bytes.iter().fold(start, |rest, byte| {
        let rest = if rest > FULL { rest % 97 } else { rest };
        match byte {
            b'0'..=b'9' => rest * 10 + u64::from(byte - b'0'),
            _ => rest * 100 + u64::from(byte - b'A' + 10),
        }
    });
    rest % 97
}

/// Replaces `out` by an ABA routing number: `prefix` (four digits, the routing symbol), then `bank` (four digits) and
/// the check digit that makes 3-7-1 weights a multiple of ten.
pub fn put_aba(prefix: u64, bank: u64, out: &mut String) {
    out.begin(9);
    out.number(aba(prefix, bank), 9);
}

/// The number that [`put_aba`] writes.
pub const fn aba(prefix: u64, bank: u64) -> u64 {
    let body = prefix % 10_000 * 10_000 + bank % 10_000;
    let mut rest = body;
    let mut sum = 0;
    let weights = [7, 3, 1, 7, 3, 1, 7, 3];
    let mut at = 0;
    while at < weights.len() {
        sum += rest % 10 * weights[at];
        rest /= 10;
        at += 1;
    }
    body * 10 + (10 - sum % 10) % 10
}

/// Appends the digit that makes the digits of `out` from `start` on pass Luhn's test (ISO/IEC 7812-1).
pub fn push_luhn(out: &mut String, start: usize) {
    let check = luhn(&out.as_bytes()[start..]);
    out.number(check, 1);
}

/// The digit that makes digits pass Luhn's test when it follows them.
fn luhn(digits: &[u8]) -> u64 {
    let doubled = |(place, byte): (usize, &u8)| match (place % 2, u64::from(byte - b'0')) {
        (0, digit @ 5..) => digit * 2 - 9,
        (0, digit) => digit * 2,
        (_, digit) => digit,
    };
    let sum: u64 = digits.iter().rev().enumerate().map(doubled).sum();
    (10 - sum % 10) % 10
}

/// Replaces `out` by a Legal Entity Identifier (ISO 17442): the prefix `ZZZZ`, which no local operating unit has (GLEIF
/// gives out numbers), `00`, twelve characters and two check digits.
pub fn put_lei(mut bits: u64, out: &mut String) {
    out.begin(20);
    loop {
        out.put("ZZZZ00");
        out.letters(bits, CODE, 12);
        let check = 98 - mod97(0, out.as_bytes()) * 100 % 97;
        // ISO 7064 writes these remainders as 97 and 98, some implementations as 00 and 01: such numbers are not used.
        if check < 97 {
            out.number(check, 2);
            return;
        }
        bits = mix(bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::from("left over");
        write(&mut out);
        out
    }

    #[test]
    fn check_digits_agree_with_published_examples() {
        assert_eq!(text(|out| put_aba(210, 2, out)), "021000021");
        let mut number = String::from("7992739871");
        push_luhn(&mut number, 0);
        assert_eq!(number, "79927398713");
        assert_eq!(mod97(0, b"3214282912345698765432161182"), 1);
    }
}
