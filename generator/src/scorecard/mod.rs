//! Declared against observed: whether the payments of a run are what its configuration says.
//!
//! Tolerances are statistical: five standard errors of what is compared, so that a sound generator fails about one line
//! in a million. Payments of one standing arrangement repeat an amount; a sample counts for a third of its size there.
//! [`relations`] adds what must hold between payments whatever the configuration says.

mod checks;
mod declared;
mod observed;
mod relations;

use crate::dates::Zone;
use crate::flows::home_currency;
use crate::generator::Generator;
use crate::mix::Rail;
use declared::{Declared, gini_of};
use observed::Observed;

/// Standard errors that an observation may be off.
const ERRORS: f64 = 5.0;

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The rail, or ALL.
    pub scope: &'static str,
    pub what: String,
    /// Where the declared figure comes from.
    pub source: &'static str,
    pub declared: f64,
    pub observed: f64,
    /// How far the two may be apart; infinite where there is no verdict.
    pub tolerance: f64,
}

impl Line {
    pub fn is_ok(&self) -> bool {
        (self.observed - self.declared).abs() <= self.tolerance
    }

    /// Whether the figure has a verdict: some are only reported, or do not apply to such a run.
    pub fn is_applicable(&self) -> bool {
        self.tolerance.is_finite()
    }
}

/// All comparisons of a sample.
#[derive(Clone, Debug)]
pub struct Scorecard {
    pub payments: u64,
    pub lines: Vec<Line>,
}

impl Scorecard {
    /// Looks at the first `payments` payments of the run (all, if it has fewer), which are a random sample of it.
    pub fn of(generator: &Generator, payments: u64) -> Self {
        let payments = payments.min(generator.config().num_records);
        let observed = Observed::of(generator, payments);
        let mut card = Self { payments, lines: Vec::new() };
        if payments == 0 {
            return card;
        }
        for rail in Rail::ALL.into_iter().filter(|rail| generator.config().mix.share(*rail) > 0.0) {
            card.add_counts(generator, &observed, rail);
            for zone in [Zone::Eastern, Zone::CentralEurope, Zone::London] {
                card.add_amounts(generator, &observed, rail, home_currency(zone), zone);
            }
        }
        card.add_customers(generator, &observed);
        card.add_checks(&observed);
        card.lines.extend(observed.relations.lines(payments == generator.config().num_records));
        let place = |line: &Line| Rail::ALL.into_iter().position(|rail| rail.name() == line.scope);
        card.lines.sort_by_key(|line| place(line).unwrap_or(usize::MAX));
        card
    }

    pub fn is_ok(&self) -> bool {
        self.lines.iter().all(Line::is_ok)
    }

    fn add(
        &mut self,
        scope: &'static str,
        what: impl Into<String>,
        declared: f64,
        observed: f64,
        tolerance: f64,
    ) {
        let source = "the configuration";
        self.lines.push(Line { scope, what: what.into(), source, declared, observed, tolerance });
    }

    fn add_counts(&mut self, generator: &Generator, observed: &Observed, rail: Rail) {
        let (sample, scope) = (self.payments as f64, rail.name());
        let seen = &observed.rails[rail as usize];
        let count = seen.payments as f64;
        // Of a whole run the shares are exact; of a part of it they are drawn without replacement.
        let part = sample / generator.config().num_records as f64;
        let left = (1.0 - part).max(0.0).sqrt();
        let share = generator.config().mix.share(rail);
        let exact = 1.5 / sample;
        self.add(scope, "share", share, count / sample, ERRORS * error(share, sample) * left + exact);
        if seen.payments == 0 {
            return;
        }
        let weekend = declared::weekend_share(generator, rail);
        let hours = 200.0 / count.max(1.0);
        self.add(
            scope,
            "weekend share (UTC)",
            weekend,
            seen.weekend as f64 / count,
            ERRORS * error(weekend, count) * left + hours,
        );
        if generator.config().anomaly_rate > 0.0 {
            return;
        }
        let lost = declared::loss(generator, rail);
        if seen.decided > 0 {
            let decided = seen.decided as f64;
            let tolerance = ERRORS * error(lost, decided) + 1.0 / decided;
            self.add(scope, "failed, rejected, cancelled", lost, seen.lost as f64 / decided, tolerance);
        }
        let foreign = declared::other_currency_share(rail);
        if foreign == 0.0 {
            let others = (seen.payments - seen.at_home) as f64;
            self.add(scope, "payments in other currencies", 0.0, others, 0.0);
        }
    }

    fn add_amounts(
        &mut self,
        generator: &Generator,
        observed: &Observed,
        rail: Rail,
        currency: &'static str,
        zone: Zone,
    ) {
        let seen = observed.rails[rail as usize].amounts(currency);
        if seen.len() < 1_000 || generator.config().anomaly_rate > 0.0 {
            return;
        }
        let declared = Declared::of(generator, rail, zone);
        let count = declared.independent_part() * seen.len() as f64;
        let mean = seen.iter().sum::<f64>() / seen.len() as f64;
        let tolerance = ERRORS * declared.deviation() / count.sqrt() + declared.rounding();
        self.add(rail.name(), format!("mean, {currency}"), declared.mean(), mean, tolerance);
        for percent in [10, 50, 90, 99] {
            let p = f64::from(percent) / 100.0;
            let at = seen[((seen.len() - 1) as f64 * p) as usize];
            let slack = ERRORS * error(p, count);
            // In amounts: where the declared distribution has passed p less and p plus the error, and what rounding
            // moves.
            let (low, high) =
                (declared.quantile((p - slack).max(1e-6)), declared.quantile((p + slack).min(1.0 - 1e-6)));
            let middle = declared.quantile(p);
            let tolerance = (middle - low).max(high - middle) + declared.step(middle);
            self.add(rail.name(), format!("p{percent}, {currency}"), middle, at, tolerance);
        }
    }

    fn add_customers(&mut self, generator: &Generator, observed: &Observed) {
        let customers = generator.config().num_customers;
        // With few payments a customer, chance alone makes them unequal.
        let enough = self.payments / customers.max(1) >= 200;
        if customers >= 50 && enough && generator.config().anomaly_rate == 0.0 {
            let declared = gini_of(declared::payments_by_customer(generator));
            self.add("ALL", "customers' Gini coefficient", declared, gini_of(observed.by_customer()), 0.02);
        }
        self.add("ALL", "payments that share a microsecond", 0.0, observed.shared_times as f64, 0.0);
        if generator.config().anomaly_rate > 0.0 {
            let (rate, part) =
                (generator.config().anomaly_rate, observed.injected as f64 / self.payments as f64);
            // Groups are all or nothing.
            let tolerance = rate * 0.25 + ERRORS * error(rate, self.payments as f64 / 20.0);
            self.add("ALL", "part of injected payments", rate, part, tolerance);
        }
    }

    fn add_checks(&mut self, observed: &Observed) {
        for (name, seen, wrong) in observed.checks.lines() {
            self.add(
                "ALL",
                format!("{name} with a wrong form or check digit, of {seen}"),
                0.0,
                wrong as f64,
                0.0,
            );
        }
    }
}

/// The standard error of a share in a sample.
fn error(share: f64, sample: f64) -> f64 {
    (share * (1.0 - share) / sample.max(1.0)).sqrt()
}
