//! Records of 94 characters, and their fields. Pure.

/// Characters in a record.
pub const LENGTH: usize = 94;
/// Records in a block.
pub const BLOCK: u64 = 10;

/// A record in the making: its fields, one behind the other.
#[derive(Clone, Debug)]
pub struct Record(String);

impl Record {
    pub fn of_type(number: u64) -> Self {
        Self(String::with_capacity(LENGTH)).number(number, 1)
    }

    /// An alphameric field: from the left, with spaces to its width; what is longer is cut, and what is not printable
    /// ASCII becomes a space.
    pub fn text(mut self, value: &str, width: usize) -> Self {
        let letters = value.chars().map(|letter| if matches!(letter, ' '..='~') { letter } else { ' ' });
        self.0.extend(letters.chain(std::iter::repeat(' ')).take(width));
        self
    }

    /// A numeric field: from the right, with zeros to its width. Of what is longer the last digits are written.
    pub fn number(mut self, value: u64, width: usize) -> Self {
        let digits = format!("{value:0width$}");
        self.0.push_str(&digits[digits.len() - width..]);
        self
    }

    /// Spaces up to so many characters.
    pub fn to(self, length: usize) -> Self {
        let missing = length.saturating_sub(self.0.len());
        self.text("", missing)
    }

    /// The whole record, filled up with spaces.
    pub fn line(self) -> String {
        let Self(line) = self.to(LENGTH);
        debug_assert_eq!(line.len(), LENGTH, "{line}");
        line
    }
}

/// The digit that makes an ABA routing number of eight digits, weighted 3-7-1, a multiple of ten.
pub fn check_digit(eight: u64) -> u64 {
    let (mut rest, mut sum) = (eight, 0);
    for weight in [7, 3, 1, 7, 3, 1, 7, 3] {
        sum += rest % 10 * weight;
        rest /= 10;
    }
    (10 - sum % 10) % 10
}

/// A date, `YYYY-MM-DD`, as `YYMMDD`.
pub fn short_date(date: &str) -> String {
    date.bytes().filter(u8::is_ascii_digit).skip(2).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_width_whatever_their_value() {
        let line = Record::of_type(6).text("J\u{f6}rg \u{1b}X", 8).number(42, 5).number(1_234_567, 3).line();
        assert_eq!(line.trim_end(), "6J rg  X 00042567");
        assert_eq!(line.len(), LENGTH);
        assert_eq!(short_date("2024-03-14"), "240314");
    }

    #[test]
    fn the_check_digit_is_that_of_published_routing_numbers() {
        // Federal Reserve Bank of Atlanta (FedACH), JPMorgan Chase, Bank of America.
        for number in [61_000_146, 21_000_021, 26_009_593] {
            assert_eq!(check_digit(number / 10), number % 10, "{number}");
        }
    }
}
