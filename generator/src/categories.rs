//! Merchant categories with their shares and amounts, and the shops in them.

use crate::names::FANTASY;
use crate::random::{hash, scale};
use crate::text::Put;

/// A kind of shop, by its ISO 18245 merchant category code.
#[derive(Debug)]
pub struct Category {
    pub mcc: u16,
    label: &'static str,
    /// Share of the payments and typical amount against the mean: in shops, online, on business trips.
    in_store: (u32, f64),
    online: (u32, f64),
    business: (u32, f64),
    subscription: u32,
}

const fn category_of(
    mcc: u16,
    label: &'static str,
    in_store: (u32, f64),
    online: (u32, f64),
    business: (u32, f64),
    subscription: u32,
) -> Category {
    Category { mcc, label, in_store, online, business, subscription }
}

const NONE: (u32, f64) = (0, 0.0);

/// Shares and factors are assumptions.
static CATEGORIES: [Category; 28] = [
    category_of(5411, "Grocery", (260, 0.95), (60, 1.1), NONE, 0),
    category_of(5812, "Restaurant", (140, 1.1), NONE, (120, 0.45), 0),
    category_of(5814, "Diner", (190, 0.36), (110, 0.5), (40, 0.12), 0),
    category_of(5541, "Fuel", (120, 1.0), NONE, (90, 0.35), 0),
    category_of(5912, "Pharmacy", (60, 0.62), (20, 0.6), NONE, 0),
    category_of(5311, "Department Store", (40, 1.7), (50, 1.1), NONE, 0),
    category_of(5651, "Clothing", (40, 1.6), (140, 1.1), NONE, 0),
    category_of(5200, "Home Supply", (36, 2.4), (50, 1.8), (60, 1.1), 0),
    category_of(4111, "Transit", (60, 0.16), (20, 0.3), (30, 0.1), 0),
    category_of(4121, "Taxi", (14, 0.6), (60, 0.35), (80, 0.15), 0),
    category_of(7230, "Hair and Beauty", (16, 1.4), NONE, NONE, 0),
    category_of(8099, "Clinic", (14, 2.8), (10, 1.8), NONE, 0),
    category_of(5942, "Books", (10, 0.7), (30, 0.5), NONE, 0),
    category_of(5399, "Marketplace", NONE, (220, 0.75), (60, 0.7), 0),
    category_of(5732, "Electronics", (12, 3.2), (60, 2.6), (60, 1.8), 0),
    category_of(4722, "Travel", NONE, (16, 6.0), (40, 2.6), 0),
    category_of(4511, "Airways", NONE, (14, 5.4), (70, 3.1), 0),
    category_of(7011, "Hotel", (8, 5.2), (20, 4.4), (90, 2.2), 0),
    category_of(7922, "Tickets", NONE, (20, 1.9), NONE, 0),
    category_of(5815, "Media", NONE, (60, 0.25), NONE, 300),
    category_of(5816, "Games", NONE, (50, 0.3), NONE, 80),
    category_of(5817, "Apps", NONE, (50, 0.2), NONE, 160),
    category_of(4899, "Streaming", NONE, (10, 0.4), NONE, 280),
    category_of(5968, "Box Club", NONE, (6, 0.6), NONE, 90),
    category_of(7997, "Gym", NONE, (6, 0.7), NONE, 90),
    category_of(7372, "Software", NONE, (10, 1.4), (120, 1.4), 0),
    category_of(5943, "Office Supply", NONE, (6, 0.9), (90, 0.5), 0),
    category_of(5085, "Industrial Supply", NONE, NONE, (50, 1.9), 0),
];

impl Category {
    fn weight(&self, flow: &str) -> (u32, f64) {
        match flow {
            "online" => self.online,
            "business" => self.business,
            "subscription" => (self.subscription, 1.0),
            _ => self.in_store,
        }
    }
}

/// The categories of a flow with their shares and their factors on amounts; the mean factor is one.
pub fn of_flow(flow: &str) -> Vec<(u32, (&'static Category, f64))> {
    let all = || {
        CATEGORIES
            .iter()
            .map(|category| (category, category.weight(flow)))
            .filter(|(_, (share, _))| *share > 0)
    };
    let shares: f64 = all().map(|(_, (share, _))| f64::from(share)).sum();
    let sum: f64 = all().map(|(_, (share, factor))| f64::from(share) * factor).sum();
    all().map(|(category, (share, factor))| (share, (category, factor * shares / sum))).collect()
}

/// The key of a shop of the category: one of a few thousand, so that customers meet in shops.
pub fn merchant_key(category: &Category, bits: u64) -> u64 {
    hash(u64::from(category.mcc), scale(hash(bits, 1), 4_000))
}

/// Replaces `out` by the name of the shop with a key: `Larkfield Grocery 0231`.
pub fn put_merchant_name(category: &Category, key: u64, out: &mut String) {
    let name = FANTASY[scale(hash(key, 0xfa), FANTASY.len() as u64) as usize];
    out.begin(32);
    for piece in [name, " ", category.label, " "] {
        out.push_str(piece);
    }
    out.number(hash(key, 0xfb) % 1_000, 4);
}
