//! How payments hang together: what only shows between them. Looks at messages alone, as a user would, and knows nothing
//! of how they were made.
//!
//! One pass over the payments in any order; what needs the order of time keeps a few numbers a payment, the rest a few an
//! entity. References were set before the payments were looked at; each line says its source, or that it is our
//! assumption. Injected patterns count for what must be unique, and not for what people do.

mod cards;
mod deadlines;
mod formats;
mod injected;
mod lines;
mod network;
mod numbers;
mod order;
mod persons;
mod rhythm;
#[cfg(test)]
mod tests;
mod velocity;
mod view;

use schemas::Payment;

use super::Line;
use lines::Lines;
use view::View;

#[derive(Default)]
pub struct Relations {
    numbers: numbers::Numbers,
    order: order::Order,
    deadlines: deadlines::Deadlines,
    formats: formats::Formats,
    cards: cards::Cards,
    network: network::Network,
    persons: persons::Persons,
    rhythm: rhythm::Rhythm,
    velocity: velocity::Velocity,
    injected: injected::Injected,
}

impl Relations {
    pub fn look(&mut self, payment: &Payment) {
        let Some(view) = View::of(payment) else { return };
        self.numbers.look(&view);
        self.order.look(&view);
        self.deadlines.look(&view);
        self.formats.look(&view);
        self.cards.look(&view);
        self.network.look(&view);
        self.persons.look(&view);
        self.rhythm.look(&view);
        self.velocity.look(&view);
        self.injected.look(&view);
    }

    /// The comparisons; of a part of a run those are left without a verdict that count what a party has in all.
    pub fn lines(self, is_whole: bool) -> Vec<Line> {
        let mut counted = Lines::default();
        self.network.lines(&mut counted);
        self.persons.lines(&mut counted);
        self.rhythm.lines(&mut counted);
        self.velocity.lines(&mut counted);
        for line in &mut counted.0 {
            line.unless(!is_whole, "a part of the run");
        }
        let mut out = Lines::default();
        self.numbers.lines(&mut out);
        self.order.lines(&mut out);
        self.deadlines.lines(&mut out);
        self.formats.lines(&mut out);
        self.cards.lines(&mut out);
        self.injected.lines(is_whole, &mut out);
        out.0.append(&mut counted.0);
        out.0
    }
}
