//! Where customers are at home: a country, and in the United States a time zone of it.

use crate::dates::Zone;
use crate::mix::{Mix, Rail};
use crate::profile::Customers as Shares;

/// A country or a part of one whose people share clocks, a currency and a banking calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Land {
    UsEastern,
    UsCentral,
    UsMountain,
    UsPacific,
    Germany,
    France,
    Italy,
    Spain,
    Netherlands,
    Belgium,
    Austria,
    Ireland,
    Portugal,
    Britain,
}

impl Land {
    pub const ALL: [Self; 14] = [
        Self::UsEastern,
        Self::UsCentral,
        Self::UsMountain,
        Self::UsPacific,
        Self::Germany,
        Self::France,
        Self::Italy,
        Self::Spain,
        Self::Netherlands,
        Self::Belgium,
        Self::Austria,
        Self::Ireland,
        Self::Portugal,
        Self::Britain,
    ];

    pub const fn zone(self) -> Zone {
        match self {
            Self::UsEastern => Zone::Eastern,
            Self::UsCentral => Zone::Central,
            Self::UsMountain => Zone::Mountain,
            Self::UsPacific => Zone::Pacific,
            Self::Ireland | Self::Portugal => Zone::WesternEurope,
            Self::Britain => Zone::London,
            _ => Zone::CentralEurope,
        }
    }

    /// ISO 3166-1 alpha-2.
    pub const fn country(self) -> &'static str {
        match self {
            Self::UsEastern | Self::UsCentral | Self::UsMountain | Self::UsPacific => "US",
            Self::Germany => "DE",
            Self::France => "FR",
            Self::Italy => "IT",
            Self::Spain => "ES",
            Self::Netherlands => "NL",
            Self::Belgium => "BE",
            Self::Austria => "AT",
            Self::Ireland => "IE",
            Self::Portugal => "PT",
            Self::Britain => "GB",
        }
    }

    /// A land of the country, as likely as people live there; `None` where customers have no home there.
    pub fn of_country(country: &str, u: f64) -> Option<Self> {
        let lands = || Self::ALL.into_iter().filter(|land| land.country() == country);
        let total: f64 = lands().map(Self::part).sum();
        let mut left = u * total;
        lands().find(|land| {
            left -= land.part();
            left < 0.0
        })
    }

    /// The land's part of its time zone's customers, in the American zones their part of the country.
    ///
    /// Euro area: by inhabitants, rounded (Eurostat, 2024); the American parts are those of the built-in profile.
    const fn part(self) -> f64 {
        match self {
            Self::UsEastern => 0.47,
            Self::UsCentral => 0.29,
            Self::UsMountain | Self::Netherlands => 0.07,
            Self::UsPacific => 0.17,
            Self::Germany => 0.30,
            Self::France => 0.24,
            Self::Italy => 0.18,
            Self::Spain => 0.13,
            Self::Belgium | Self::Austria => 0.04,
            Self::Ireland | Self::Portugal => 0.5,
            Self::Britain => 1.0,
        }
    }

    /// The part of a rail's payments that the land's customers make; the parts add up to one.
    pub fn share(self, rail: Rail, mix: &Mix, shares: &Shares) -> f64 {
        let american = mix.share(Rail::Ach) + mix.share(Rail::Rtp) + mix.share(Rail::Check);
        let european = mix.share(Rail::Sepa);
        let (american, european) = match rail {
            Rail::Ach | Rail::Rtp | Rail::Check => (1.0, 0.0),
            Rail::Sepa => (0.0, 1.0),
            _ if american + european > 0.0 => {
                (american / (american + european), european / (american + european))
            }
            _ => (0.5, 0.5),
        };
        // British customers only where there are European ones, and on the rails that cross regions.
        let crosses = matches!(rail, Rail::Wire | Rail::Card | Rail::P2p);
        let british = if crosses && european > 0.0 { shares.london } else { 0.0 };
        let (american, european) = (american * (1.0 - british), european * (1.0 - british));
        let usa = shares.eastern + shares.central + shares.mountain + shares.pacific;
        let euro = shares.central_europe + shares.western_europe;
        match self.zone() {
            Zone::Eastern => american * shares.eastern / usa,
            Zone::Central => american * shares.central / usa,
            Zone::Mountain => american * shares.mountain / usa,
            Zone::Pacific => american * shares.pacific / usa,
            Zone::CentralEurope => european * shares.central_europe / euro * self.part(),
            Zone::WesternEurope => european * shares.western_europe / euro * self.part(),
            Zone::London => british,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn the_shares_of_a_rail_add_up_to_one() {
        for mix in [Mix::seed(), Mix::us(), Mix::eu()] {
            for rail in Rail::ALL.into_iter().filter(|rail| mix.share(*rail) > 0.0) {
                let shares = &Profile::built_in().customers;
                let total: f64 = Land::ALL.into_iter().map(|land| land.share(rail, &mix, shares)).sum();
                assert!((total - 1.0).abs() < 1e-9, "{} {total}", rail.name());
            }
        }
    }

    #[test]
    fn a_land_of_a_country_is_in_it() {
        for step in 0..100 {
            let u = f64::from(step) / 100.0;
            assert_eq!(Land::of_country("US", u).map(Land::country), Some("US"));
            assert_eq!(Land::of_country("NL", u), Some(Land::Netherlands));
            assert_eq!(Land::of_country("JP", u), None);
        }
    }
}
