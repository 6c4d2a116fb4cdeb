//! Who is on a payment's other end: usual payees come back, as a pure function of the customer and the payee's rank.

use schemas::payment::{Party, PartyType};

use crate::customers::country;
use crate::dates::Zone;
use crate::flows::FlowSpec;
use crate::mix::Rail;
use crate::parties::{Identity, Trade};
use crate::profile::Side;
use crate::random::{Stream, hash, unit};
use crate::text::Put;

/// How often the usual counterparties of a customer in one flow are met, the first most often.
const USUAL: [(u32, u64); 12] = [
    (320, 0),
    (180, 1),
    (125, 2),
    (95, 3),
    (70, 4),
    (55, 5),
    (45, 6),
    (35, 7),
    (27, 8),
    (20, 9),
    (15, 10),
    (13, 11),
];

/// The other end of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Counterparty {
    pub identity: Identity,
    /// Whether the two deal with each other regularly.
    pub is_usual: bool,
    pub is_foreign: bool,
}

impl Counterparty {
    /// The counterparty of a key: its country lies abroad for the part `foreign` of the keys.
    pub fn of_key(key: u64, spec: &FlowSpec, zone: Zone, home: &'static str, foreign: f64) -> Self {
        let is_foreign = unit(hash(key, 0xf0)) < foreign;
        let country = if is_foreign {
            abroad(zone, key)
        } else if spec.rail == Rail::Sepa && unit(hash(key, 0xe0)) < 0.12 {
            country(Zone::CentralEurope, key)
        } else {
            home
        };
        let kind = match spec.flow.to {
            Side::Person => PartyType::Individual,
            Side::Business => PartyType::Business,
            Side::Merchant => PartyType::Merchant,
            Side::Bank => PartyType::FinancialInstitution,
        };
        let trade = match spec.name.as_str() {
            "rent" | "standing_order" => Trade::Landlord,
            "household" | "bill" | "invoice" | "services" => Trade::Utility,
            _ => Trade::Industry,
        };
        Self { identity: Identity { key, country, kind, trade }, is_usual: false, is_foreign }
    }

    /// Writes the party with its id: the kind and twelve digits of the key.
    pub fn put(&self, party: &mut Party) {
        self.identity.put(party);
        self.put_id(&mut party.party_id);
    }

    pub fn put_id(&self, out: &mut String) {
        out.begin(16);
        out.push_str(match self.identity.kind {
            PartyType::Individual => "PRSN",
            PartyType::Merchant => "MRCH",
            PartyType::FinancialInstitution => "BANK",
            _ => "BIZN",
        });
        out.number(self.identity.key % 1_000_000_000_000, 12);
    }
}

/// The key of a customer's counterparty in a flow, and whether it is a usual one.
pub fn draw_key(customer: u64, flow: u64, habit: f64, choice: &mut Stream) -> (u64, bool) {
    let base = hash(customer, flow);
    if choice.chance(habit) {
        let rank = choice.weighted(&USUAL);
        (hash(base, rank), true)
    } else {
        (hash(base, choice.bits()), false)
    }
}

fn abroad(zone: Zone, key: u64) -> &'static str {
    const AMERICAN: [(u32, &str); 8] =
        [(22, "CA"), (20, "GB"), (16, "MX"), (14, "DE"), (10, "JP"), (8, "FR"), (6, "CH"), (4, "IE")];
    const EUROPEAN: [(u32, &str); 4] = [(36, "GB"), (34, "US"), (20, "CH"), (10, "JP")];
    const BRITISH: [(u32, &str); 6] = [(40, "US"), (18, "DE"), (16, "FR"), (10, "IE"), (8, "CH"), (8, "JP")];
    let mut choice = Stream::new(key, 0xab);
    match zone {
        Zone::London => choice.weighted(&BRITISH),
        Zone::CentralEurope | Zone::WesternEurope => choice.weighted(&EUROPEAN),
        _ => choice.weighted(&AMERICAN),
    }
}

/// The currency of a country.
pub fn currency_of(country: &str) -> &'static str {
    match country {
        "US" => "USD",
        "GB" => "GBP",
        "JP" => "JPY",
        "CH" => "CHF",
        "CA" => "CAD",
        "MX" => "MXN",
        _ => "EUR",
    }
}
