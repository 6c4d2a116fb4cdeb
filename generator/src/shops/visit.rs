//! A drafted card payment finds its shop.

use schemas::payment::PartyType;

use super::towns::near;
use super::{Item, Menu, Shop, in_town, online, web_shop};
use crate::counterparties::Counterparty;
use crate::dates::{week, weekday};
use crate::draft::Draft;
use crate::geography::{City, home};
use crate::parties::{Identity, Trade};
use crate::random::{Stream, hash, unit};

/// Cards that a company's people pay with, and the part of the weeks in which one of them is in another city of the
/// country: assumptions.
pub const COMPANY_CARDS: u64 = 6;
const ON_THE_ROAD: f64 = 0.3;
/// The part of the days that people spend in a town nearby: assumption.
const NEARBY: f64 = 0.12;
const NEARBY_DAY: u64 = 0x4ea2;

impl<'a> Draft<'a> {
    /// Whether a shop is paid from afar, without a terminal.
    pub fn is_remote(&self) -> bool {
        self.shop.is_some_and(|shop| shop.city.is_none())
    }

    /// What is bought, and where: a subscription's shop stays the same; others are usual ones for the flow's `habit`, and
    /// abroad for the part `foreign` of what is ordered.
    pub fn choose_shop(&mut self, menu: &'a Menu) {
        let (habit, foreign) = (self.spec.flow.habit, self.spec.flow.foreign);
        if let Some(arrangement) = self.arrangement {
            let category = menu.draw(None, hash(arrangement.key, 2)).category;
            let shop = web_shop(self.originator.country, category, foreign, hash(arrangement.key, 3));
            return self.pay_at(Shop { is_usual: true, ..shop });
        }
        let mut choice = self.choice.clone();
        let item = menu.draw(Some(self.place.hour), choice.bits());
        self.go_shopping(item, (habit, foreign), &mut choice);
        self.choice = choice;
    }

    /// Buys something of a category.
    pub fn go_shopping(&mut self, item: &'a Item, (habit, foreign): (f64, f64), choice: &mut Stream) {
        let (customer, country) = (self.customer.identity.key, self.originator.country);
        self.item = Some(item);
        let shop = if item.category.is_remote(&self.spec.name) {
            online(customer, country, item.category, (habit, foreign), choice)
        } else {
            let at = self.whereabouts(choice);
            in_town(customer, at, item.category, habit, choice)
        };
        self.pay_at(shop);
    }

    /// The city that the customer is in: at home, for a day in a town nearby, on a journey, or where one of the company's
    /// people is this week.
    fn whereabouts(&mut self, choice: &mut Stream) -> &'static City {
        if let Some(city) = self.abroad {
            return city;
        }
        let country = self.originator.country;
        let is_own = country == self.customer.land.country();
        let zone = if is_own { self.customer.zone } else { self.zone };
        let mut resident = self.customer.identity.key;
        if self.customer.is_business {
            // Between two weeks those who travel are under way; the first never does.
            let is_between = match weekday(self.place.day) {
                0 => self.place.hour < 12,
                6 => self.place.hour >= 12,
                _ => false,
            };
            let hand = if is_between { 0 } else { choice.below(COMPANY_CARDS) };
            self.hand = Some(hand);
            let week = week(self.place.day);
            let bits = hash(hash(resident, hand), week);
            if hand > 0 && unit(bits) < ON_THE_ROAD {
                resident = bits;
            }
        }
        let home = home(country, zone, resident);
        let day = hash(resident ^ NEARBY_DAY, self.place.day as u64);
        if unit(day) < NEARBY { near(home, hash(day, 1)) } else { home }
    }

    fn pay_at(&mut self, shop: Shop) {
        let identity = Identity::new(shop.key, shop.country, PartyType::Merchant, Trade::Industry);
        let is_foreign = shop.country != self.originator.country;
        self.counterparty = Counterparty { is_foreign, ..Counterparty::outside(identity, shop.is_usual) };
        self.shop = Some(shop);
    }
}
