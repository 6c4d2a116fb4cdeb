//! Which kinds of shop a flow's payments go to, hour by hour, and what they cost there.

use super::categories::{Category, of_flow};
use crate::amounts::{Amounts, exchange};
use crate::profile::{Calendar, Flow};
use crate::random::unit;

/// Rounds of the fit of shares to opening hours; it converges within a few.
const FIT_ROUNDS: usize = 40;

/// A flow's categories.
#[derive(Debug)]
pub struct Menu {
    pub items: Vec<Item>,
    /// For each local hour the sums of the shares up to each category, then those of the whole day.
    sums: Vec<f64>,
}

/// A category in a flow.
#[derive(Debug)]
pub struct Item {
    pub category: &'static Category,
    /// Part of the flow's payments; all add up to one.
    pub share: f64,
    /// In USD, EUR and GBP, as far as the flow has a mean.
    pub amounts: [Option<Amounts>; 3],
}

impl Menu {
    pub fn new(name: &str, flow: &Flow, calendar: &Calendar) -> Self {
        let items: Vec<Item> = of_flow(name)
            .into_iter()
            .map(|(share, factor, category)| {
                let amounts = |currency: &str| {
                    let own = Flow { sigma: flow.sigma * category.spread, ..flow.clone() };
                    let most = category.most * exchange("USD", currency);
                    flow.mean.get(currency).map(|mean| Amounts::up_to(&own, mean * factor, most))
                };
                Item { category, share, amounts: [amounts("USD"), amounts("EUR"), amounts("GBP")] }
            })
            .collect();
        let sums = sums_by_hour(&items, name, &calendar.hours);
        Self { items, sums }
    }

    /// A category at a local hour, or, with no hour, at any time of the day.
    pub fn draw(&self, hour: Option<u32>, bits: u64) -> &Item {
        let row = hour.map_or(24, |hour| hour as usize % 24);
        let sums = &self.sums[row * self.items.len()..(row + 1) * self.items.len()];
        let drawn = unit(bits) * sums.last().copied().unwrap_or(0.0);
        let at = sums.partition_point(|sum| *sum <= drawn);
        &self.items[at.min(self.items.len() - 1)]
    }
}

/// Lets every category keep its share of the day and every hour its part of it, with nobody paying in a closed shop.
///
/// Iterative proportional fitting (Deming and Stephan 1940); the hours have the last word.
fn sums_by_hour(items: &[Item], flow: &str, busy: &[f64; 24]) -> Vec<f64> {
    let total: f64 = busy.iter().sum();
    // Hours in which the flow rests have shops too: those whose doors are open.
    let busy = busy.map(|weight| (weight / total).max(1e-9));
    let mut table: Vec<[f64; 24]> = items
        .iter()
        .map(|item| {
            let mut row = item.category.hours(flow);
            for (cell, busy) in row.iter_mut().zip(busy) {
                *cell *= item.share * busy;
            }
            row
        })
        .collect();
    for _ in 0..FIT_ROUNDS {
        for (row, item) in table.iter_mut().zip(items) {
            let factor = item.share / row.iter().sum::<f64>().max(1e-300);
            for cell in row {
                *cell *= factor;
            }
        }
        for (hour, busy) in busy.iter().enumerate() {
            let factor = busy / table.iter().map(|row| row[hour]).sum::<f64>().max(1e-300);
            for row in &mut table {
                row[hour] *= factor;
            }
        }
    }
    let mut sums = Vec::with_capacity(items.len() * 25);
    for hour in 0..24 {
        sums.extend(table.iter().scan(0.0, |sum, row| {
            *sum += row[hour];
            Some(*sum)
        }));
    }
    sums.extend(items.iter().scan(0.0, |sum, item| {
        *sum += item.share;
        Some(*sum)
    }));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Rail;
    use crate::profile::Profile;
    use crate::random::mix;

    fn menu(flow: &str) -> (Menu, [f64; 24]) {
        let profile = Profile::built_in();
        let of = &profile.rails[&Rail::Card][flow];
        let calendar = &profile.calendars[&of.calendar];
        (Menu::new(flow, of, calendar), calendar.hours)
    }

    #[test]
    fn nobody_eats_lunch_at_three_in_the_morning_and_the_shares_of_the_day_stay() {
        for flow in ["in_store", "online", "business"] {
            let (menu, hours) = menu(flow);
            let total: f64 = hours.iter().sum();
            let mut day = vec![0.0; menu.items.len()];
            for hour in 0..24_u32 {
                for bits in (0..2_000_u64).map(|at| mix(at << 5 | u64::from(hour))) {
                    let item = menu.draw(Some(hour), bits);
                    assert!(item.category.hours(flow)[hour as usize] > 0.0);
                    let at = menu.items.iter().position(|other| std::ptr::eq(other, item)).unwrap();
                    day[at] += hours[hour as usize] / total / 2_000.0;
                }
            }
            for (at, item) in menu.items.iter().enumerate() {
                let part = |hour: usize, at: usize| menu.sums[hour * menu.items.len() + at];
                let own = |hour| part(hour, at) - if at > 0 { part(hour, at - 1) } else { 0.0 };
                let fitted: f64 = (0..24).map(own).sum();
                assert!((fitted - item.share).abs() < 1e-4, "{flow} {}: {fitted}", item.category.mcc);
            }
            for (item, seen) in menu.items.iter().zip(day) {
                assert!((seen - item.share).abs() < 0.012, "{flow} {}: {seen}", item.category.mcc);
            }
        }
    }

    #[test]
    fn the_categories_means_make_the_flows() {
        for flow in ["in_store", "online", "business"] {
            let profile = Profile::built_in();
            let (menu, _) = menu(flow);
            for (at, currency) in ["USD", "EUR", "GBP"].into_iter().enumerate() {
                let mean: f64 =
                    menu.items.iter().map(|item| item.share * item.amounts[at].unwrap().mean).sum();
                let declared = profile.rails[&Rail::Card][flow].mean[currency];
                assert!((mean / declared - 1.0).abs() < 1e-9);
            }
        }
    }
}
