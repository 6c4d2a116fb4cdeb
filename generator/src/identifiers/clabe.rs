//! Mexican account numbers.

use crate::text::Put;

/// The first bank code used here. Banco de Mexico's participants have codes up to 903.
const BANKS: u64 = 980;

/// Replaces `out` by a CLABE (Banco de Mexico, Circular 14/2017): bank of three digits, town of three, account of eleven,
/// and the check digit that weights of 3, 7 and 1 give.
pub fn put_clabe(bank: u64, account: u64, out: &mut String) {
    let town = account / 100_000_000_000 % 1_000;
    out.begin(18);
    out.number((BANKS + bank % 20) % 1_000, 3);
    out.number(town, 3);
    out.number(account % 100_000_000_000, 11);
    let weighted = out.bytes().zip([3, 7, 1].into_iter().cycle());
    let sum: u64 = weighted.map(|(digit, weight)| u64::from(digit - b'0') * weight % 10).sum();
    out.number((10 - sum % 10) % 10, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_follows_from_the_weights() {
        let mut out = String::from("left over");
        put_clabe(0, 0, &mut out);
        // 9 * 3 + 8 * 7 + 0 * 1: 7 + 6 + 0, and 7 to the next ten.
        assert_eq!(out, "980000000000000007");
        // The published example 032180000118359719 with 7 + 6 + 3 in place of 0 + 1 + 2: 13 more, so 3 less.
        put_clabe(3, 18_000_011_835_971, &mut out);
        assert_eq!(out, "983180000118359716");
    }
}
