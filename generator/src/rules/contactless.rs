//! Up to which amount a card may be held to a terminal without a PIN.
//!
//! Phones verify their holder themselves and have no limit. 50 EUR in Belgium from 2020-04-14, in France from 2020-05-11
//! and in Ireland (alertify.eu, Ulster Bank), 80 CHF in Switzerland (One): as published. All other limits and days are
//! assumptions, as is that the schemes set none in the United States.

use super::at;
use crate::dates::day_of;

const FIRST: i32 = i32::MIN;

/// The largest contactless payment without a PIN in the country on a day, in whole units of its currency; `None` where
/// there is no limit.
pub fn limit(country: &str, day: i32) -> Option<i64> {
    let rows: &[(i32, i64)] = match country {
        "BE" => const { &[(FIRST, 25), (day_of(2020, 4, 14), 50)] },
        "FR" => const { &[(FIRST, 30), (day_of(2020, 5, 11), 50)] },
        "IE" => const { &[(FIRST, 30), (day_of(2020, 4, 1), 50)] },
        "DE" | "AT" | "NL" => const { &[(FIRST, 25), (day_of(2020, 4, 15), 50)] },
        "ES" | "PT" => const { &[(FIRST, 20), (day_of(2020, 4, 1), 50)] },
        "IT" => const { &[(FIRST, 25), (day_of(2021, 1, 1), 50)] },
        "GB" => const { &[(FIRST, 30), (day_of(2020, 4, 1), 45), (day_of(2021, 10, 15), 100)] },
        "CH" => const { &[(FIRST, 40), (day_of(2020, 4, 1), 80)] },
        "CA" => const { &[(FIRST, 100), (day_of(2020, 4, 1), 250)] },
        "JP" => const { &[(FIRST, 10_000)] },
        "MX" => const { &[(FIRST, 400)] },
        _ => &[],
    };
    at(rows, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_day() {
        assert_eq!(limit("BE", day_of(2020, 4, 13)), Some(25));
        assert_eq!(limit("BE", day_of(2020, 4, 14)), Some(50));
        assert_eq!(limit("FR", day_of(2020, 5, 10)), Some(30));
        assert_eq!(limit("FR", day_of(2024, 3, 1)), Some(50));
        assert_eq!(limit("CH", day_of(2024, 3, 1)), Some(80));
        assert_eq!(limit("GB", day_of(2024, 3, 1)), Some(100));
        assert_eq!(limit("US", day_of(2024, 3, 1)), None);
    }
}
