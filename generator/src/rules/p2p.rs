//! Where and from when people can use an app, and for what amounts.

use crate::dates::day_of;

/// Days of Wero's start: Germany 2024-07-02 (European Payments Initiative), France 2024-10-02 (the same; first banks in
/// September), Belgium autumn 2024 (the month is our assumption).
const WERO: [(&str, i32); 3] =
    [("DE", day_of(2024, 7, 2)), ("FR", day_of(2024, 10, 2)), ("BE", day_of(2024, 11, 1))];

/// Days within which those who will use Wero have begun to (assumption).
const WERO_SPREAD: u64 = 360;

/// From when a person of a country who will use Wero does so; `None` where there is none.
pub fn wero_from(country: &str, bits: u64) -> Option<i32> {
    let (_, start) = WERO.iter().find(|(name, _)| *name == country)?;
    Some(start + (bits % WERO_SPREAD) as i32)
}

/// Bizum's amounts in cents: 0.50 to 1,000 EUR a payment (same at all banks since May 2023; before, some differed).
///
/// Its further limits (2,000 EUR a day, 5,000 EUR sent and 60 payments received a month) are left out: they need counts
/// over a customer's other payments, and hardly anyone here comes near them.
pub const BIZUM: std::ops::RangeInclusive<i64> = 50..=100_000;
