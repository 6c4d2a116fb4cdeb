//! The observations on one table's rows. Pure.

use crate::audit::{Listed, Runs};
use schemas::layout::{Family, Table, status_name, type_name};
use schemas::{Payment, validate};
use std::collections::BTreeMap;

/// A row's key, and what is wrong with it.
pub type Problem = (Vec<u8>, String);

#[derive(Clone, Debug)]
pub struct Observed {
    pub table: Table,
    pub rows: u64,
    /// Rows whose cells are not those of a payment.
    pub unreadable: Listed<Problem>,
    /// Rows whose payment the sink would have refused.
    pub invalid: Listed<Problem>,
    /// By family, in the order of [`Family::ALL`]: rows without a cell of it.
    pub without_family: [u64; 6],
    pub types: BTreeMap<&'static str, u64>,
    pub statuses: BTreeMap<&'static str, u64>,
    pub runs: Runs,
}

impl Observed {
    pub fn new(table: Table, listed: usize) -> Self {
        Self {
            table,
            rows: 0,
            unreadable: Listed::new(listed),
            invalid: Listed::new(listed),
            without_family: [0; 6],
            types: BTreeMap::new(),
            statuses: BTreeMap::new(),
            runs: Runs::default(),
        }
    }

    pub fn is_good(&self) -> bool {
        self.unreadable.total == 0 && self.invalid.total == 0 && self.without_family == [0; 6]
    }

    /// Counts a row: its key, and its payment or the reason why it has none.
    pub fn look(&mut self, key: &[u8], payment: Result<Payment, String>) {
        self.rows += 1;
        let payment = match payment {
            Ok(payment) => payment,
            Err(reason) => return self.unreadable.push(|| (key.to_vec(), reason)),
        };
        let missing = missing_families(&payment);
        for (family, count) in missing.iter().zip(&mut self.without_family) {
            *count += u64::from(*family);
        }
        // A row that lost a family counts as that, and not as invalid for lack of it.
        if !missing.contains(&true)
            && let Err(invalid) = validate(&payment)
        {
            self.invalid.push(|| (key.to_vec(), invalid.to_string()));
        }
        if let Some(header) = &payment.payment_header {
            *self.types.entry(type_name(header.payment_type())).or_default() += 1;
            *self.statuses.entry(status_name(header.status())).or_default() += 1;
        }
        self.runs.count(payment.metadata.as_ref().map_or("", |metadata| &metadata.run_id), 1);
    }

    /// Adds the observations on another part of the table.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.unreadable.add(other.unreadable, |problem| problem.0.clone());
        self.invalid.add(other.invalid, |problem| problem.0.clone());
        self.without_family.iter_mut().zip(other.without_family).for_each(|(sum, count)| *sum += count);
        other.types.into_iter().for_each(|(name, count)| *self.types.entry(name).or_default() += count);
        other.statuses.into_iter().for_each(|(name, count)| *self.statuses.entry(name).or_default() += count);
        self.runs.add(&other.runs);
    }
}

fn missing_families(payment: &Payment) -> [bool; 6] {
    Family::ALL.map(|family| match family {
        Family::PaymentHeader => payment.payment_header.is_none(),
        Family::AmountInfo => payment.amount.is_none(),
        Family::PartyInfo => payment.parties.is_none(),
        Family::ProcessingInfo => payment.processing_info.is_none(),
        Family::TypeSpecific => payment.type_specific.is_none(),
        Family::Metadata => payment.metadata.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};

    #[test]
    fn each_row_counts_for_what_is_wrong_with_it() {
        let generator = Generator::new(Config { num_records: 100, ..Config::default() }).unwrap();
        let mut observed = Observed::new(Table::ByDate, 5);
        (0..100).for_each(|index| observed.look(b"k", Ok(generator.payment(index))));
        assert!(observed.is_good() && observed.rows == 100);
        assert_eq!(observed.types.values().sum::<u64>(), 100);
        let mut old = generator.payment(1);
        old.metadata = None;
        let mut wrong = generator.payment(2);
        wrong.amount.as_mut().unwrap().currency = "usd".into();
        let mut more = Observed::new(Table::ByDate, 5);
        more.look(b"old", Ok(old));
        more.look(b"wrong", Ok(wrong));
        more.look(b"foreign", Err("cell f:q is none of a payment".into()));
        observed.add(more);
        assert_eq!((observed.without_family, observed.rows), ([0, 0, 0, 0, 0, 1], 103));
        assert_eq!(
            (&*observed.invalid.first[0].0, &*observed.unreadable.first[0].0),
            (&b"wrong"[..], &b"foreign"[..])
        );
        assert!(!observed.is_good());
    }

    #[test]
    fn runs_beyond_the_first_are_counted_together() {
        let mut observed = Observed::new(Table::ByDate, 5);
        (0..80).for_each(|run| observed.runs.count(&format!("{run:016}"), 1));
        assert_eq!((observed.runs.rows.len(), observed.runs.rows[Runs::OTHERS]), (Runs::MOST + 1, 30));
    }
}
