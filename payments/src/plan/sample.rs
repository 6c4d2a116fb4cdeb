//! The sizes of a run's messages and rows, measured on a sample of its payments.

use crate::rows::{entry, now_micros};
use generator::{Buffer, Generator};
use prost::Message;
use schemas::layout::{Family, KeySuffix, Table, cells};
use std::collections::HashMap;

/// A cell's time and its family's number, beside its qualifier and value.
const CELL_OVERHEAD_BYTES: usize = 8 + 2;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Means over the sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    pub sampled: u64,
    /// A message with its attributes, as Pub/Sub counts and bills it.
    pub message_bytes: f64,
    pub cells: f64,
    /// A row's entry in a write request, mean of the three tables.
    pub mutation_bytes: f64,
    /// A row's cells by family, with qualifiers and times, before compression.
    pub family_bytes: [f64; 6],
    /// A row key, mean of the three tables.
    pub key_bytes: f64,
    /// The busiest customer's share of the payments.
    pub top_customer_share: f64,
    /// How likely two of the payments, made apart from each other, have one row key by customer.
    pub same_key_probability: f64,
}

impl Sizes {
    /// A row as it is stored, before compression.
    pub fn row_bytes(&self) -> f64 {
        self.key_bytes + self.family_bytes.iter().sum::<f64>()
    }

    /// Measures the first payments of a run; indices are shuffled in time, so these are a random sample.
    pub fn measure(generator: &Generator, wanted: u64) -> Self {
        let sampled = wanted.clamp(1, generator.config().num_records);
        // A cell without a time would be some bytes shorter on the wire.
        let (attributes, now) = (attribute_bytes(generator), now_micros());
        let (mut buffer, mut customers) = (Buffer::default(), HashMap::<String, u64>::new());
        let (mut payers, mut hours) = (HashMap::new(), HashMap::new());
        let (mut messages, mut count, mut mutations, mut keys) = (0, 0, 0, 0);
        let mut families = [0; 6];
        for index in 0..sampled {
            let payment = generator.fill(index, &mut buffer);
            messages += payment.encoded_len() + attributes;
            cells(payment, |column, value| {
                count += 1;
                families[column.family() as usize] +=
                    column.qualifier().len() + value.len() + CELL_OVERHEAD_BYTES;
            });
            for table in Table::ALL {
                let entry = entry(payment, table, KeySuffix::None, now);
                keys += entry.row_key.len();
                mutations += entry.encoded_len();
            }
            let originator = payment.parties.as_ref().and_then(|parties| parties.originator.as_ref());
            let customer = originator.map(|party| party.party_id.clone()).unwrap_or_default();
            let header = payment.payment_header.as_ref().map(|it| (it.payment_type, it.created_at_micros));
            let (payment_type, created_micros) = header.unwrap_or_default();
            *customers.entry(customer.clone()).or_default() += 1;
            *payers.entry((customer, payment_type)).or_default() += 1;
            *hours.entry(created_micros / HOUR_MICROS).or_default() += 1;
        }
        let mean = |sum: usize| sum as f64 / sampled as f64;
        let top = customers.values().max().copied().unwrap_or_default();
        Self {
            sampled,
            message_bytes: mean(messages),
            cells: mean(count),
            mutation_bytes: mean(mutations) / 3.0,
            family_bytes: families.map(mean),
            key_bytes: mean(keys) / 3.0,
            top_customer_share: top as f64 / sampled as f64,
            // Inside an hour times are as good as even.
            same_key_probability: same(&payers) * same(&hours) / HOUR_MICROS as f64,
        }
    }
}

/// How likely two elements are of one kind, by the numbers of each kind in a sample.
fn same<K>(numbers: &HashMap<K, u64>) -> f64 {
    let pairs = |number: u64| number as f64 * number.saturating_sub(1) as f64;
    let all: u64 = numbers.values().sum();
    numbers.values().map(|number| pairs(*number)).sum::<f64>() / pairs(all).max(1.0)
}

/// Names and values of the attributes that the producer adds to each message.
fn attribute_bytes(generator: &Generator) -> usize {
    let attributes = [("schema", schemas::SCHEMA), ("run_id", generator.run_id()), ("shard", "0/1")];
    attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// Days that a family's cells are kept; `most` if rows are deleted earlier.
pub fn kept_days(family: Family, most: Option<f64>) -> f64 {
    let days = f64::from(family.retention_days());
    most.map_or(days, |most| days.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::Config;

    #[test]
    fn the_chance_of_one_key_is_that_of_one_customer_type_and_microsecond() {
        assert_eq!(same(&HashMap::from([("a", 2_u64), ("b", 2)])).to_bits(), (1.0 / 3.0_f64).to_bits());
        let day = Config::default().start_date;
        let chance = |num_customers| {
            let config = Config {
                num_records: 4_000,
                num_customers,
                end_date: day,
                customer_skew: 0.0,
                ..Config::default()
            };
            Sizes::measure(&Generator::new(config).unwrap(), 4_000).same_key_probability
        };
        // With one customer the types' shares and the hours of the day are left.
        let one = chance(1) * 24.0 * HOUR_MICROS as f64;
        assert!((0.1..0.6).contains(&one), "{one}");
        let ratio = chance(100) / chance(1_000);
        assert!((7.0..13.0).contains(&ratio), "{ratio}");
    }
}
