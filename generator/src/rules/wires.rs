//! Rules of the systems that wires settle in.

use crate::dates::{Banking, Zone, day_of};

/// What a customer's transfer through Fedwire is called: local instrument `CTRC` since the service moved to ISO 20022 on 14
/// July 2025; before that the business function `CTR` (TBB, Fedwire FAQ; codes as in moov-io/wire20022).
pub const FEDWIRE_INSTRUMENT: [(i32, &str); 1] = [(day_of(2025, 7, 14), "CTRC")];

/// A system that settles wires the day they are made: the calendars keep to the hours in which it takes them.
#[derive(Debug)]
pub struct System {
    pub name: &'static str,
    /// With the time zone by which it counts days.
    pub cycle: &'static str,
    pub zone: Zone,
    pub banking: Banking,
}

pub const FEDWIRE: System =
    System { name: "FEDWIRE", cycle: "FEDWIRE America/New_York", zone: Zone::Eastern, banking: Banking::Fed };

/// CHIPS keeps the Fed's holidays.
pub const CHIPS: System =
    System { name: "CHIPS", cycle: "CHIPS America/New_York", zone: Zone::Eastern, banking: Banking::Fed };

pub const T2: System =
    System { name: "T2", cycle: "T2 Europe/Berlin", zone: Zone::CentralEurope, banking: Banking::Target };

pub const CHAPS: System =
    System { name: "CHAPS", cycle: "CHAPS Europe/London", zone: Zone::London, banking: Banking::Chaps };

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
