//! `FedNow` beside The Clearing House's RTP network: its part of the payments, and its limit.

use crate::dates::day_of;

/// `FedNow`'s part of all instant payments by quarter, in ten-thousandths, from its start on.
///
/// Number of its payments (Federal Reserve, `FedNow` quarterly statistics, as told by American Banker, `PaymentsJournal`
/// and Payments Dive) over those of both networks (The Clearing House, RTP quarterly figures).
pub const FEDNOW_SHARE: [(i32, u64); 8] = [
    // Assumption: the Reserve Banks gave values only.
    (day_of(2023, 7, 20), 2),
    (day_of(2024, 1, 1), 10),
    // Assumption: between its neighbours.
    (day_of(2024, 4, 1), 25),
    // 336,487 against 87 million.
    (day_of(2024, 7, 1), 39),
    // 1.3 million in the quarter after, 43 % more than here; RTP: assumption.
    (day_of(2024, 10, 1), 95),
    (day_of(2025, 1, 1), 130),
    // 2.1 million against 107 million.
    (day_of(2025, 4, 1), 193),
    // Assumption: 2.73 million in the first quarter of 2026, while RTP has grown too.
    (day_of(2025, 7, 1), 200),
];

/// `FedNow`'s limit in cents: 1 million USD since 2025-06-24 (FRB Services, press release of that day), 500,000 before
/// (at choice: 100,000 unless a bank asked for more, which is left out), 10 million since November 2025 (FRB Services,
/// 2025-09; the day is our assumption).
pub const FEDNOW_CAP: [(i32, i64); 3] = [
    (day_of(2023, 7, 20), 50_000_000),
    (day_of(2025, 6, 24), 100_000_000),
    (day_of(2025, 11, 1), 1_000_000_000),
];
