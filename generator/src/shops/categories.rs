//! What shops sell: merchant categories with their shares, amounts, opening hours and number.

/// A kind of shop, by its ISO 18245 merchant category code.
#[derive(Debug)]
pub struct Category {
    pub mcc: u16,
    /// Share of the payments and typical amount against the mean: in shops, online, on business trips, as subscription.
    parts: [Part; 4],
    /// Spread of the amounts against the flow's: a factor on its sigma.
    pub spread: f64,
    /// No charge is above it: what a tank, a table or a trolley holds, in USD.
    pub most: f64,
    opening: Opening,
    /// How many inhabitants there are to a shop.
    inhabitants: u32,
}

type Part = (u32, f64);

/// When shops take payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Always,
    /// Bakeries, snack bars, corner shops.
    Early,
    Shop,
    Office,
    Meals,
    Bar,
}

const NONE: Part = (0, 0.0);

/// Shares, factors, spreads, limits and numbers are assumptions.
static CATEGORIES: [Category; 29] = [
    of(5411, [(260, 0.95), (60, 1.1), NONE, NONE], (0.95, 900.0), Opening::Early, 30_000), // Grocery
    of(5812, [(140, 1.1), NONE, (120, 0.45), NONE], (0.75, 900.0), Opening::Meals, 20_000), // Restaurant
    of(5814, [(170, 0.36), (110, 0.5), (40, 0.12), NONE], (0.65, 150.0), Opening::Early, 20_000), // Diner
    of(5813, [(20, 0.6), NONE, NONE, NONE], (0.75, 400.0), Opening::Bar, 60_000),          // Bar
    of(5541, [(120, 1.0), NONE, (90, 0.28), NONE], (0.5, 200.0), Opening::Always, 50_000), // Fuel
    of(5912, [(60, 0.62), (20, 0.6), NONE, NONE], (0.85, 500.0), Opening::Shop, 50_000),   // Pharmacy
    of(5311, [(40, 1.7), (50, 1.1), NONE, NONE], (0.9, 3_000.0), Opening::Shop, 250_000),  // Department Store
    of(5651, [(40, 1.6), (140, 1.1), NONE, NONE], (0.85, 2_500.0), Opening::Shop, 60_000), // Clothing
    of(5200, [(36, 2.4), (50, 1.8), (60, 1.1), NONE], (1.05, 8_000.0), Opening::Shop, 120_000), // Home Supply
    of(4111, [(60, 0.16), (20, 0.3), (30, 0.1), NONE], (0.8, 120.0), Opening::Always, 500_000), // Transit
    of(4121, [(14, 0.6), (60, 0.35), (80, 0.15), NONE], (0.65, 250.0), Opening::Always, 80_000), // Taxi
    of(7230, [(16, 1.4), NONE, NONE, NONE], (0.65, 500.0), Opening::Office, 40_000),       // Hair and Beauty
    of(8099, [(14, 2.8), (10, 1.8), NONE, NONE], (1.1, 10_000.0), Opening::Office, 100_000), // Clinic
    of(5942, [(10, 0.7), (30, 0.5), NONE, NONE], (0.8, 400.0), Opening::Shop, 150_000),    // Books
    of(5399, [NONE, (220, 0.75), (60, 0.7), NONE], (1.05, 5_000.0), Opening::Always, 1),   // Marketplace
    of(5732, [(12, 3.2), (60, 2.6), (60, 1.8), NONE], (1.05, 8_000.0), Opening::Shop, 150_000), // Electronics
    of(4722, [NONE, (16, 6.0), (40, 2.6), NONE], (0.9, 20_000.0), Opening::Always, 1),     // Travel
    of(4511, [NONE, (14, 5.4), (70, 3.1), NONE], (0.8, 20_000.0), Opening::Always, 1),     // Airways
    of(7011, [(8, 5.2), (20, 4.4), (90, 2.2), NONE], (0.8, 15_000.0), Opening::Always, 50_000), // Hotel
    of(7922, [NONE, (20, 1.9), NONE, NONE], (0.8, 2_000.0), Opening::Always, 1),           // Tickets
    of(5815, [NONE, (60, 0.25), NONE, (300, 1.0)], (0.7, 200.0), Opening::Always, 1),      // Media
    of(5816, [NONE, (50, 0.3), NONE, (80, 1.0)], (0.8, 250.0), Opening::Always, 1),        // Games
    of(5817, [NONE, (50, 0.2), NONE, (160, 1.0)], (0.8, 200.0), Opening::Always, 1),       // Apps
    of(4899, [NONE, (10, 0.4), NONE, (280, 1.0)], (0.5, 150.0), Opening::Always, 1),       // Streaming
    of(5968, [NONE, (6, 0.6), NONE, (90, 1.0)], (0.6, 300.0), Opening::Always, 1),         // Box Club
    of(7997, [NONE, (6, 0.7), NONE, (90, 1.0)], (0.6, 400.0), Opening::Always, 1),         // Gym
    of(7372, [NONE, (10, 1.4), (120, 1.4), NONE], (1.05, 25_000.0), Opening::Always, 1),   // Software
    of(5943, [NONE, (6, 0.9), (90, 0.5), NONE], (0.9, 4_000.0), Opening::Office, 150_000), // Office Supply
    of(5085, [NONE, NONE, (50, 1.9), NONE], (1.1, 40_000.0), Opening::Office, 250_000), // Industrial Supply
];

const fn of(
    mcc: u16,
    parts: [Part; 4],
    (spread, most): (f64, f64),
    opening: Opening,
    inhabitants: u32,
) -> Category {
    Category { mcc, parts, spread, most, opening, inhabitants }
}

impl Opening {
    /// How open the hours are, from midnight: 0 closed, 1 open.
    const fn hours(self) -> [f64; 24] {
        let (from, to) = match self {
            Self::Always => return [1.0; 24],
            Self::Early => (6, 23),
            Self::Shop => (9, 21),
            Self::Office => (8, 19),
            Self::Meals => {
                return with(with([0.0; 24], 11, 23, 1.0), 15, 18, 0.35);
            }
            Self::Bar => {
                return with(with([0.0; 24], 16, 24, 1.0), 0, 2, 1.0);
            }
        };
        // The first and the last hour are quieter than the street outside.
        with(with([0.0; 24], from, to, 0.5), from + 1, to - 1, 1.0)
    }
}

const fn with(mut hours: [f64; 24], from: usize, to: usize, value: f64) -> [f64; 24] {
    let mut hour = from;
    while hour < to {
        hours[hour] = value;
        hour += 1;
    }
    hours
}

impl Category {
    fn part(&self, flow: &str) -> Part {
        self.parts[match flow {
            "online" => 1,
            "business" => 2,
            "subscription" => 3,
            _ => 0,
        }]
    }

    /// Whether payments of the flow to such a shop are made from afar, without a terminal.
    pub fn is_remote(&self, flow: &str) -> bool {
        match flow {
            "online" | "subscription" => true,
            "business" => matches!(self.mcc, 4511 | 4722 | 5399 | 7372),
            _ => false,
        }
    }

    /// How open the hours are, from midnight, local time. Web shops never close; kitchens that deliver do.
    pub fn hours(&self, flow: &str) -> [f64; 24] {
        if self.is_remote(flow) && self.mcc != 5814 { [1.0; 24] } else { self.opening.hours() }
    }

    /// How many shops of the category a city has.
    pub fn shops(&self, inhabitants: u32) -> u64 {
        u64::from(inhabitants / self.inhabitants).max(2)
    }
}

/// The categories of a flow with their shares and their factors on amounts; the mean factor is one.
pub fn of_flow(flow: &str) -> Vec<(f64, f64, &'static Category)> {
    let all = || {
        CATEGORIES.iter().map(|category| (category.part(flow), category)).filter(|((share, _), _)| *share > 0)
    };
    let shares: f64 = all().map(|((share, _), _)| f64::from(share)).sum();
    let sum: f64 = all().map(|((share, factor), _)| f64::from(share) * factor).sum();
    all()
        .map(|((share, factor), category)| (f64::from(share) / shares, factor * shares / sum, category))
        .collect()
}
