//! The sizes of a run's messages and rows, measured on a sample of its payments.

use crate::rows::{entry, now_micros};
use generator::{Buffer, Generator};
use prost::Message;
use schemas::layout::{Family, KeySuffix, Table, cells};
use std::collections::HashMap;

/// A cell's time and its family's number, beside its qualifier and value.
const CELL_OVERHEAD_BYTES: usize = 8 + 2;

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
            *customers
                .entry(originator.map(|party| party.party_id.clone()).unwrap_or_default())
                .or_default() += 1;
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
        }
    }
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
