//! Which table how often. Pure.

use generator::random::Stream;
use schemas::layout::{PerTable, Table};
use std::fmt;
use std::str::FromStr;

/// A weight is a share: nobody means more than this.
const GREATEST: u32 = 1_000_000;

/// Shares of the tables in the reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMix(PerTable<u32>);

/// A table's name in a mix, which is the command's of `payments query`.
const fn name(table: Table) -> &'static str {
    match table {
        Table::ByCustomer => "customer",
        Table::ByDate => "date",
        Table::ByTransaction => "transaction",
    }
}

impl ReadMix {
    /// The tables that are read at all.
    pub fn tables(&self) -> impl Iterator<Item = Table> {
        let Self(weights) = *self;
        Table::ALL.into_iter().filter(move |table| weights[*table] > 0)
    }

    /// A table, as often as its weight says.
    pub fn draw(&self, stream: &mut Stream) -> Table {
        stream.weighted(&Table::ALL.map(|table| (self.0[table], table)))
    }
}

impl Default for ReadMix {
    fn default() -> Self {
        Self(PerTable { by_customer: 70, by_date: 20, by_transaction: 10 })
    }
}

impl FromStr for ReadMix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut given = PerTable::same(None);
        for part in text.split(',') {
            let (called, weight) = part.split_once('=').ok_or(
                "a mix is customer=70,date=20,transaction=10, or a part of it; the rails' is --rails here",
            )?;
            let called = called.trim();
            let table = Table::ALL
                .into_iter()
                .find(|table| name(*table) == called)
                .ok_or("the tables are customer, date and transaction")?;
            let weight = weight.trim().parse::<u32>().ok().filter(|weight| *weight <= GREATEST);
            let weight =
                weight.ok_or_else(|| format!("{called}: a weight is a whole number from 0 to {GREATEST}"))?;
            if given[table].replace(weight).is_some() {
                return Err(format!("{called} has two weights"));
            }
        }
        let weights = given.map(|weight: Option<u32>| weight.unwrap_or(0));
        if weights.values().all(|weight| *weight == 0) {
            return Err("nothing would be read: give a table a weight above 0".into());
        }
        Ok(Self(weights))
    }
}

impl fmt::Display for ReadMix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read: Vec<_> = self.tables().map(|table| format!("{}={}", name(table), self.0[table])).collect();
        out.write_str(&read.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_as_it_is_written_and_what_is_none_is_refused() {
        for text in ["customer=70,date=20,transaction=10", "transaction=1", "customer=1000000,date=1"] {
            assert_eq!(text.parse::<ReadMix>().unwrap().to_string(), text);
        }
        assert_eq!(" date = 3 , customer=0".parse::<ReadMix>().unwrap().to_string(), "date=3");
        for wrong in [
            "",
            "customer",
            "customer=",
            "customer=-1",
            "customer=0.5",
            "customer=1000001",
            "customer=0",
            "customer=1,customer=2",
            "customer=1,",
            "dates=1",
            "ACH=0.4,CARD=0.6",
        ] {
            assert!(wrong.parse::<ReadMix>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tables_are_drawn_by_their_weights() {
        let mix = ReadMix::default();
        let mut drawn = PerTable::same(0_u32);
        for number in 0..20_000 {
            drawn[mix.draw(&mut Stream::new(1, number))] += 1;
        }
        for (table, share) in [(Table::ByCustomer, 0.7), (Table::ByDate, 0.2), (Table::ByTransaction, 0.1)] {
            assert!((f64::from(drawn[table]) / 20_000.0 - share).abs() < 0.015, "{drawn:?}");
        }
        let single: ReadMix = "date=7".parse().unwrap();
        assert!((0..1_000).all(|number| single.draw(&mut Stream::new(9, number)) == Table::ByDate));
    }
}
