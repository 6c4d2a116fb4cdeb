//! Up to which amount a card may be held to a terminal without a PIN.
//!
//! Phones verify their holder themselves and have no limit. 50 EUR in Belgium from 2020-04-14, in France from 2020-05-11
//! and in Ireland (alertify.eu, Ulster Bank), 80 CHF in Switzerland (One): as published. All other limits and days are
//! assumptions, as is that the schemes set none in the United States.

use crate::dates::day_of;

/// Country, first day, limit in whole units of its currency; in order of the days.
const LIMITS: [(&str, i32, i64); 28] = [
    ("BE", 0, 25),
    ("BE", day_of(2020, 4, 14), 50),
    ("FR", 0, 30),
    ("FR", day_of(2020, 5, 11), 50),
    ("IE", 0, 30),
    ("IE", day_of(2020, 4, 1), 50),
    ("DE", 0, 25),
    ("DE", day_of(2020, 4, 15), 50),
    ("AT", 0, 25),
    ("AT", day_of(2020, 4, 15), 50),
    ("NL", 0, 25),
    ("NL", day_of(2020, 3, 24), 50),
    ("ES", 0, 20),
    ("ES", day_of(2020, 3, 30), 50),
    ("PT", 0, 20),
    ("PT", day_of(2020, 3, 26), 50),
    ("IT", 0, 25),
    ("IT", day_of(2021, 1, 1), 50),
    ("GB", 0, 30),
    ("GB", day_of(2020, 4, 1), 45),
    ("GB", day_of(2021, 10, 15), 100),
    ("CH", 0, 40),
    ("CH", day_of(2020, 4, 1), 80),
    ("CA", 0, 100),
    ("CA", day_of(2020, 4, 1), 250),
    ("JP", 0, 10_000),
    ("JP", day_of(2022, 10, 1), 15_000),
    ("MX", 0, 400),
];

/// The largest contactless payment without a PIN in the country on a day, in whole units of its currency; `None` where
/// there is no limit.
pub fn limit(country: &str, day: i32) -> Option<i64> {
    let held = LIMITS.iter().rev().find(|(of, from, _)| *of == country && *from <= day);
    held.map(|(.., limit)| *limit)
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
