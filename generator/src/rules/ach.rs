//! Nacha's rules whose day matters.

use crate::dates::day_of;

/// Wage credits must be described as `PAYROLL`, consumers' online purchases of goods as `PURCHASE`: entries from
/// 2026-03-20 (Nacha, "Company Entry Descriptions").
pub const DESCRIPTIONS_PRESCRIBED: i32 = day_of(2026, 3, 20);

/// R11 got its meaning, an entry that is not as authorised; until then R10 covered it (Nacha, "Differentiating
/// Unauthorized Return Reasons").
pub const R11_FROM: i32 = day_of(2020, 4, 1);

/// Largest same-day entry in cents (Nacha, "Same Day ACH", its phases).
pub const SAME_DAY_CAP: [(i32, i64); 3] =
    [(day_of(2016, 9, 23), 2_500_000), (day_of(2020, 3, 20), 10_000_000), (day_of(2022, 3, 18), 100_000_000)];

/// From when debits may be same-day entries, a year after credits (Nacha, "Same Day ACH", phase 2).
pub const SAME_DAY_DEBITS_FROM: i32 = day_of(2017, 9, 15);

/// A same-day window, in minutes of the Eastern day.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub from: i32,
    /// Until when the operator takes the file.
    pub deadline: i64,
    pub settlement: i64,
}

/// The windows of a day: 10:30, 14:45, 16:45; settlement 13:00, 17:00, 18:00 (`FedACH` processing schedule).
pub const WINDOWS: [Window; 3] = [
    Window { from: day_of(2016, 9, 23), deadline: 10 * 60 + 30, settlement: 13 * 60 },
    Window { from: day_of(2016, 9, 23), deadline: 14 * 60 + 45, settlement: 17 * 60 },
    Window { from: day_of(2021, 3, 19), deadline: 16 * 60 + 45, settlement: 18 * 60 },
];
