//! International bank account numbers (ISO 13616) with the countries' own check digits.

use super::{Buffer, MAX_IBAN, mod97};
use crate::text::Put;

/// Whether accounts of the country have IBANs that [`put_iban`] can make.
pub fn has_iban(country: &str) -> bool {
    matches!(country, "DE" | "FR" | "IT" | "ES" | "NL" | "BE" | "AT" | "IE" | "PT" | "GB" | "CH")
}

/// Replaces `out` by an IBAN of the country for account number `account` at bank `bank` (0 to 9); `code` is the bank's
/// four letters.
///
/// National check digits are valid where the country has them. Bank codes lie in ranges that are not given out: Germany
/// and Austria number theirs from 1 to 8 in front, France and Switzerland not from 00, Spain, Italy, Belgium and
/// Portugal not the codes used here; the letters of the Dutch, Irish and British codes begin with `ZZ`, which no bank
/// has.
pub fn put_iban(country: &str, bank: u64, code: &str, account: u64, out: &mut String) {
    let mut bban = Buffer { bytes: [0; MAX_IBAN], len: 0 };
    let branch = account / 10_000_000_000 % 1_000;
    match country {
        "DE" => {
            bban.number(99_000_000 + bank * 1_000 + branch, 8);
            bban.number(account, 10);
        }
        "AT" => {
            bban.number(99_000 + bank, 5);
            bban.number(account, 11);
        }
        "FR" => french(&mut bban, bank, branch, account),
        "IT" => italian(&mut bban, bank, branch, account),
        "ES" => spanish(&mut bban, bank, branch, account),
        "BE" => {
            let body = (990 + bank) * 10_000_000 + account % 10_000_000;
            bban.number(body, 10);
            bban.number((body + 96) % 97 + 1, 2);
        }
        "PT" => {
            bban.number(9_990 + bank, 4);
            bban.number(branch, 4);
            bban.number(account, 11);
            let check = 98 - mod97(0, bban.written()) * 100 % 97;
            bban.number(check, 2);
        }
        "NL" => {
            bban.push(code.as_bytes());
            bban.number(eleven_proof(account % 100_000_000), 10);
        }
        "CH" => {
            bban.number(bank + 1, 5);
            bban.number(account, 12);
        }
        // Ireland and the United Kingdom: bank letters, sort code, eight digits.
        _ => {
            bban.push(code.as_bytes());
            bban.number(branch, 6);
            bban.number(account, 8);
        }
    }
    let rest = mod97(mod97(0, bban.written()), country.as_bytes()) * 100 % 97;
    out.begin(MAX_IBAN);
    out.push_str(country);
    out.number(98 - rest, 2);
    out.push_str(std::str::from_utf8(bban.written()).expect("digits and letters are ASCII"));
}

/// Bank, branch, account of eleven, and the key that makes the whole a multiple of 97.
fn french(bban: &mut Buffer, bank: u64, branch: u64, account: u64) {
    let account = account % 100_000_000_000;
    bban.number(bank, 5);
    bban.number(branch, 5);
    bban.number(account, 11);
    bban.number(97 - (89 * bank + 15 * branch + 3 * account) % 97, 2);
}

/// The control letter CIN, then ABI, CAB and an account of twelve digits.
fn italian(bban: &mut Buffer, bank: u64, branch: u64, account: u64) {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let mut body = Buffer { bytes: [0; MAX_IBAN], len: 0 };
    body.number(99_900 + bank, 5);
    body.number(branch, 5);
    body.number(account, 12);
    let sum: u32 = (body.written().iter().enumerate())
        .map(|(place, byte)| match byte - b'0' {
            digit if place % 2 == 0 => ODD[usize::from(digit)],
            digit => u32::from(digit),
        })
        .sum();
    bban.push(&[b'A' + (sum % 26) as u8]);
    bban.push(body.written());
}

/// Bank, branch, two control digits (weighted sums modulo eleven) and an account of ten.
fn spanish(bban: &mut Buffer, bank: u64, branch: u64, account: u64) {
    const WEIGHTS: [u64; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let control = |number: u64| {
        let mut rest = number;
        let mut sum = 0;
        for weight in WEIGHTS.iter().rev() {
            sum += rest % 10 * weight;
            rest /= 10;
        }
        match 11 - sum % 11 {
            10 => 1,
            11 => 0,
            digit => digit,
        }
    };
    let (bank, account) = (5_990 + bank, account % 10_000_000_000);
    bban.number(bank, 4);
    bban.number(branch, 4);
    bban.number(control(bank * 10_000 + branch) * 10 + control(account), 2);
    bban.number(account, 10);
}

/// A Dutch account of ten digits whose weighted sum (10 down to 1) is a multiple of eleven, made from eight.
fn eleven_proof(eight: u64) -> u64 {
    // The ninth digit has weight 2 and the tenth weight 1; with the ninth 0 or 1 one of the two always completes the
    // sum.
    let mut rest = eight;
    let mut sum = 0;
    for weight in 3..=10 {
        sum += rest % 10 * weight;
        rest /= 10;
    }
    let missing = (11 - sum % 11) % 11;
    if missing < 10 { eight * 100 + missing } else { eight * 100 + 18 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_has_its_countrys_length_and_leaves_one() {
        let lengths = [
            ("DE", 22),
            ("FR", 27),
            ("IT", 27),
            ("ES", 24),
            ("NL", 18),
            ("BE", 16),
            ("AT", 20),
            ("IE", 22),
            ("PT", 25),
            ("GB", 22),
            ("CH", 21),
        ];
        for (country, len) in lengths {
            for account in [0, 7, 1_234_567_890_123, 987_654_321_098_765, u64::MAX] {
                let iban = {
                    let mut out = String::from("left over");
                    put_iban(country, 4, "ZZKB", account, &mut out);
                    out
                };
                assert_eq!(iban.len(), len, "{iban}");
                assert_eq!(mod97(mod97(0, &iban.as_bytes()[4..]), &iban.as_bytes()[..4]), 1, "{iban}");
            }
        }
    }
}
