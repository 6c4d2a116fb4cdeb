//! SEPA creditor identifiers.

use super::{Buffer, MAX_IBAN, luhn, mod97};
use crate::text::Put;

/// Replaces `out` by a SEPA creditor identifier (EPC262-08): country, check digits that leave out the business code
/// `ZZZ`, and a national part of the country's length and form.
///
/// The parts are nobody's as far as that can be said: tax numbers of kinds and offices that do not exist (Spain, Italy),
/// register numbers with beginnings that the registers have not used (Belgium, the Netherlands), and elsewhere numbers
/// far above those given out, which count up.
pub fn put_creditor_id(country: &str, bits: u64, out: &mut String) {
    let mut national = Buffer { bytes: [0; MAX_IBAN], len: 0 };
    match country {
        // The national number of issuer has six characters.
        "FR" => {
            national.push(b"Z");
            national.number(bits % 100_000, 5);
        }
        // A company's tax number; no kind of company has the letter T.
        "ES" => {
            national.push(b"T");
            national.number(bits % 100_000_000, 8);
        }
        // A company's tax number in sixteen characters; 000 is no office's code.
        "IT" => {
            national.number(bits % 10_000_000, 12);
            national.number(0, 3);
            let check = luhn(&national.written()[5..]);
            national.number(check, 1);
        }
        // Trade register and establishment.
        "NL" => {
            national.number(bits % 1_000_000, 8);
            national.number(0, 4);
        }
        // A company number begins with 0 or 1.
        "BE" => national.number(9_000_000_000 + bits % 1_000_000_000, 10),
        "IE" | "PT" => national.number(900_000 + bits % 100_000, 6),
        // A sponsoring bank's letters, which begin with ZZ as no bank's do.
        "GB" => {
            national.push(b"SDDZZLN");
            national.number(bits % 100_000_000_000_000, 14);
        }
        // Germany, Austria, Switzerland: eleven digits.
        _ => national.number(9_990_000_000 + bits % 10_000_000, 11),
    }
    let rest = mod97(mod97(0, national.written()), country.as_bytes()) * 100 % 97;
    out.begin(7 + national.len);
    out.push_str(country);
    out.number(98 - rest, 2);
    out.push_str("ZZZ");
    out.push_str(std::str::from_utf8(national.written()).expect("digits and letters are ASCII"));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples of EPC262-08, which all have `ZZZ`: without it they are checked as IBANs are.
    #[test]
    fn the_check_is_that_of_the_published_examples() {
        for example in ["DE98ZZZ09999999999", "AT61ZZZ01234567890", "ES59ZZZX1234567L"] {
            let rest = mod97(mod97(0, &example.as_bytes()[7..]), &example.as_bytes()[..4]);
            assert_eq!(rest, 1, "{example}");
        }
        let mut out = String::from("left over");
        for country in ["DE", "FR", "ES", "IT", "NL", "BE", "IE", "PT", "GB"] {
            for bits in [0, 1, 987_654_321_987_654_321, u64::MAX] {
                put_creditor_id(country, bits, &mut out);
                assert_eq!(mod97(mod97(0, &out.as_bytes()[7..]), &out.as_bytes()[..4]), 1, "{out}");
            }
        }
    }
}
