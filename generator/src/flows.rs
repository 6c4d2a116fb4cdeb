//! The profile's flows, resolved for payments to look up.

use crate::amounts::Amounts;
use crate::dates::Zone;
use crate::mix::Rail;
use crate::profile::{Flow, Profile, Side};
use crate::shops::Menu;

/// A flow of the profile with what is derived from it.
#[derive(Debug)]
pub struct FlowSpec {
    pub rail: Rail,
    pub name: String,
    pub flow: Flow,
    by_currency: [Option<Amounts>; 3],
    /// For payments to shops: what they sell, and when.
    pub menu: Option<Menu>,
}

/// The currency in which a zone's customers pay at home.
pub const fn home_currency(zone: Zone) -> &'static str {
    match zone {
        Zone::CentralEurope | Zone::WesternEurope => "EUR",
        Zone::London => "GBP",
        _ => "USD",
    }
}

impl FlowSpec {
    /// The flows in the order of rails and names.
    pub fn all(profile: &Profile) -> Vec<Self> {
        let mut specs = Vec::new();
        for (rail, flows) in &profile.rails {
            for (name, flow) in flows {
                let amounts = |currency: &str| flow.mean.get(currency).map(|mean| Amounts::new(flow, *mean));
                specs.push(Self {
                    rail: *rail,
                    name: name.clone(),
                    menu: (flow.to == Side::Merchant)
                        .then(|| Menu::new(name, flow, &profile.calendars[&flow.calendar])),
                    flow: flow.clone(),
                    by_currency: [amounts("USD"), amounts("EUR"), amounts("GBP")],
                });
            }
        }
        specs
    }

    /// The amounts of the zone's customers, in their currency; `None` where the flow has no mean for it.
    pub fn amounts(&self, zone: Zone) -> Option<&Amounts> {
        self.by_currency[currency_at(zone)].as_ref()
    }

    /// Whether its payments are made by people who stand in a shop.
    pub fn is_on_site(&self) -> bool {
        let remote = |menu: &Menu| menu.items.iter().any(|item| item.category.is_remote(&self.name));
        self.flow.from == Side::Person && self.menu.as_ref().is_some_and(|menu| !remote(menu))
    }
}

/// Which of USD, EUR and GBP, in this order, is the home currency.
pub const fn currency_at(zone: Zone) -> usize {
    match zone {
        Zone::CentralEurope | Zone::WesternEurope => 1,
        Zone::London => 2,
        _ => 0,
    }
}
