//! Writing into the message's strings without formatting machinery.

/// Appending and replacing, for strings whose buffer may be reused from another payment.
pub trait Put {
    /// Replaces the content.
    fn put(&mut self, text: &str);
    /// Replaces the content by several pieces.
    fn join(&mut self, pieces: &[&str]);
    /// Appends a number in decimal, padded with zeros to at least `width` (at most 20).
    fn number(&mut self, value: u64, width: usize);
    /// Empties the string and makes room, so that writing it in pieces allocates once.
    fn begin(&mut self, capacity: usize);
    /// Appends `len` (at most 24) characters of `alphabet`, whose size is a power of two, chosen by `bits`: the last
    /// character by the lowest bits.
    fn letters(&mut self, bits: u64, alphabet: &[u8], len: usize);
    /// Appends a date as `YYYY-MM-DD`, given as days since 1970-01-01.
    fn date(&mut self, day: i32);
}

/// Capital letters and digits, without those that are easily confused.
pub const CODE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Lower-case base 32.
pub const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
pub const HEX: &[u8] = b"0123456789abcdef";

impl Put for String {
    fn put(&mut self, text: &str) {
        self.clear();
        self.push_str(text);
    }

    fn begin(&mut self, capacity: usize) {
        self.clear();
        self.reserve(capacity);
    }

    fn join(&mut self, pieces: &[&str]) {
        self.clear();
        self.reserve(pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            self.push_str(piece);
        }
    }

    fn number(&mut self, value: u64, width: usize) {
        let mut buffer = [b'0'; 20];
        let mut at = buffer.len();
        let mut rest = value;
        while rest > 0 {
            at -= 1;
            buffer[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        push_ascii(self, &buffer[at.min(buffer.len() - width.clamp(1, 20))..]);
    }

    fn letters(&mut self, mut bits: u64, alphabet: &[u8], len: usize) {
        let mut buffer = [0; 24];
        let len = len.min(buffer.len());
        let (mask, step) = (alphabet.len() - 1, alphabet.len().trailing_zeros());
        for byte in buffer[..len].iter_mut().rev() {
            *byte = alphabet[bits as usize & mask];
            bits >>= step;
        }
        push_ascii(self, &buffer[..len]);
    }

    fn date(&mut self, day: i32) {
        let text = schemas::text::time(i64::from(day) * 86_400_000_000);
        push_ascii(self, &text[..10]);
    }
}

fn push_ascii(out: &mut String, bytes: &[u8]) {
    out.push_str(std::str::from_utf8(bytes).expect("only ASCII is written"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_never_cut() {
        let mut text = String::new();
        text.number(42, 6);
        text.push(' ');
        text.number(1_234_567, 3);
        text.push(' ');
        text.number(0, 1);
        assert_eq!(text, "000042 1234567 0");
    }

    #[test]
    fn a_date_is_written_from_its_day_number() {
        let mut text = String::new();
        text.date(19_796);
        assert_eq!(text, "2024-03-14");
    }
}
