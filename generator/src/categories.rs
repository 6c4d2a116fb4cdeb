//! Merchant categories with their shares and amounts, and the shops in them.

use crate::random::{hash, scale};

/// A kind of shop, by its ISO 18245 merchant category code.
#[derive(Debug)]
pub struct Category {
    pub mcc: u16,
    /// Share of the payments and typical amount against the mean: in shops, online, on business trips.
    in_store: (u32, f64),
    online: (u32, f64),
    business: (u32, f64),
    subscription: u32,
}

const fn category_of(
    mcc: u16,
    in_store: (u32, f64),
    online: (u32, f64),
    business: (u32, f64),
    subscription: u32,
) -> Category {
    Category { mcc, in_store, online, business, subscription }
}

const NONE: (u32, f64) = (0, 0.0);

/// Shares and factors are assumptions.
static CATEGORIES: [Category; 28] = [
    category_of(5411, (260, 0.95), (60, 1.1), NONE, 0), // Grocery
    category_of(5812, (140, 1.1), NONE, (120, 0.45), 0), // Restaurant
    category_of(5814, (190, 0.36), (110, 0.5), (40, 0.12), 0), // Diner
    category_of(5541, (120, 1.0), NONE, (90, 0.35), 0), // Fuel
    category_of(5912, (60, 0.62), (20, 0.6), NONE, 0),  // Pharmacy
    category_of(5311, (40, 1.7), (50, 1.1), NONE, 0),   // Department Store
    category_of(5651, (40, 1.6), (140, 1.1), NONE, 0),  // Clothing
    category_of(5200, (36, 2.4), (50, 1.8), (60, 1.1), 0), // Home Supply
    category_of(4111, (60, 0.16), (20, 0.3), (30, 0.1), 0), // Transit
    category_of(4121, (14, 0.6), (60, 0.35), (80, 0.15), 0), // Taxi
    category_of(7230, (16, 1.4), NONE, NONE, 0),        // Hair and Beauty
    category_of(8099, (14, 2.8), (10, 1.8), NONE, 0),   // Clinic
    category_of(5942, (10, 0.7), (30, 0.5), NONE, 0),   // Books
    category_of(5399, NONE, (220, 0.75), (60, 0.7), 0), // Marketplace
    category_of(5732, (12, 3.2), (60, 2.6), (60, 1.8), 0), // Electronics
    category_of(4722, NONE, (16, 6.0), (40, 2.6), 0),   // Travel
    category_of(4511, NONE, (14, 5.4), (70, 3.1), 0),   // Airways
    category_of(7011, (8, 5.2), (20, 4.4), (90, 2.2), 0), // Hotel
    category_of(7922, NONE, (20, 1.9), NONE, 0),        // Tickets
    category_of(5815, NONE, (60, 0.25), NONE, 300),     // Media
    category_of(5816, NONE, (50, 0.3), NONE, 80),       // Games
    category_of(5817, NONE, (50, 0.2), NONE, 160),      // Apps
    category_of(4899, NONE, (10, 0.4), NONE, 280),      // Streaming
    category_of(5968, NONE, (6, 0.6), NONE, 90),        // Box Club
    category_of(7997, NONE, (6, 0.7), NONE, 90),        // Gym
    category_of(7372, NONE, (10, 1.4), (120, 1.4), 0),  // Software
    category_of(5943, NONE, (6, 0.9), (90, 0.5), 0),    // Office Supply
    category_of(5085, NONE, NONE, (50, 1.9), 0),        // Industrial Supply
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
