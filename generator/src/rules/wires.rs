//! Rules of the systems that wires settle in.

use super::{ALWAYS, Table};
use crate::dates::{Banking, Zone, day_of};

/// What a customer's transfer through Fedwire is called: business function `CTR` until the service moved to ISO 20022 on
/// 14 July 2025, local instrument `CTRC` since (TBB, Fedwire FAQ; codes as in moov-io/wire20022).
pub const FEDWIRE_INSTRUMENT: Table<&str, 2> = [(ALWAYS, "CTR"), (day_of(2025, 7, 14), "CTRC")];

/// A system that settles wires: `cut_off` is when it takes customers' payments last, in minutes from its midnight.
#[derive(Debug)]
pub struct System {
    pub name: &'static str,
    /// With the time zone by which it counts days.
    pub cycle: &'static str,
    pub zone: Zone,
    pub banking: Banking,
    pub cut_off: Table<i64, 2>,
}

/// Third parties' payments until 18:45 since 8 March 2021, 18:00 before (Federal Reserve Financial Services, announcement
/// of 2020-10-02).
pub const FEDWIRE: System = System {
    name: "FEDWIRE",
    cycle: "FEDWIRE America/New_York",
    zone: Zone::Eastern,
    banking: Banking::Fed,
    cut_off: [(ALWAYS, 18 * 60), (day_of(2021, 3, 8), 18 * 60 + 45)],
};

/// Closes at 18:00 (The Clearing House); the participants' hour before is our assumption. CHIPS keeps the Fed's holidays.
pub const CHIPS: System = System {
    name: "CHIPS",
    cycle: "CHIPS America/New_York",
    zone: Zone::Eastern,
    banking: Banking::Fed,
    cut_off: [(ALWAYS, 17 * 60); 2],
};

/// Customers' payments until 17:00 (ECB, TARGET guide).
pub const T2: System = System {
    name: "T2",
    cycle: "T2 Europe/Berlin",
    zone: Zone::CentralEurope,
    banking: Banking::Target,
    cut_off: [(ALWAYS, 17 * 60); 2],
};

/// Customers' payments until 17:40 since the day was made longer on 20 June 2016 (Bank of England; our assumption).
pub const CHAPS: System = System {
    name: "CHAPS",
    cycle: "CHAPS Europe/London",
    zone: Zone::London,
    banking: Banking::Chaps,
    cut_off: [(ALWAYS, 16 * 60), (day_of(2016, 6, 20), 17 * 60 + 40)],
};

/// Where a currency's wires settle in the end.
#[derive(Debug)]
pub struct Currency {
    pub code: &'static str,
    /// The system of its central bank, with the time zone by which it counts days.
    pub cycle: &'static str,
    /// `None` where the holidays are not known here: then only the sender's count.
    pub banking: Option<Banking>,
    /// A country whose banks keep accounts in it.
    pub country: &'static str,
}

const CURRENCIES: [Currency; 7] = [
    Currency { code: "USD", cycle: FEDWIRE.cycle, banking: Some(Banking::Fed), country: "US" },
    Currency { code: "EUR", cycle: T2.cycle, banking: Some(Banking::Target), country: "DE" },
    Currency { code: "GBP", cycle: CHAPS.cycle, banking: Some(Banking::Chaps), country: "GB" },
    Currency { code: "JPY", cycle: "BOJ_NET Asia/Tokyo", banking: None, country: "JP" },
    Currency { code: "CHF", cycle: "SIC Europe/Zurich", banking: None, country: "CH" },
    Currency { code: "CAD", cycle: "LYNX America/Toronto", banking: None, country: "CA" },
    Currency { code: "MXN", cycle: "SPEI America/Mexico_City", banking: None, country: "MX" },
];

/// The rules of a currency; those of the dollar for one that is not here.
pub fn currency(code: &str) -> &'static Currency {
    CURRENCIES.iter().find(|currency| currency.code == code).unwrap_or(&CURRENCIES[0])
}
