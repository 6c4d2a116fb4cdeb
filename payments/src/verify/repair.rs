//! Writes missing and differing rows again, from their recomputed payments.
//!
//! A repair adds and replaces cells of the run's own rows; it deletes none, and takes no row from another payment. Doing it twice is doing it once: it looks again before it writes.
//! The cells get the present as their time, and the families' retention starts anew for them. If the row has a newer
//! cell, they get a millisecond more than that, so that readers see the repair.

use super::findings::Findings;
use super::narrow::Verification;
use super::points;
use crate::audit::Differing;
use crate::rows::{entry, now_micros};
use gcp::bigtable::read::Error;
use schemas::layout::Table;

const BATCH: usize = 256;
/// The smallest step between the times of cells.
const MILLISECOND_MICROS: i64 = 1_000;

/// The outcome of a repair in one table.
#[derive(Clone, Debug)]
pub struct Repaired {
    pub table: Table,
    /// Rows written that were missing, and that differed.
    pub missing: u64,
    pub differing: u64,
    /// Rows that still differ, because they have cells that no payment has.
    pub left: Vec<Differing>,
    /// Rows that belong to no payment of the run.
    pub unexpected: u64,
    /// Rows of other payments with the keys of this run's.
    pub collisions: u64,
}

impl Repaired {
    pub fn is_whole(&self) -> bool {
        self.left.is_empty() && self.unexpected == 0 && self.collisions == 0
    }
}

/// Whether everything that was found wrong is mended.
pub fn is_repaired(findings: &Findings, repairs: Option<&[Repaired]>) -> bool {
    findings.is_complete && repairs.is_some_and(|repairs| repairs.iter().all(Repaired::is_whole))
}

impl Verification {
    /// Writes the rows that are missing or differ, and checks that this fixed them.
    pub async fn repair(&self, findings: &Findings) -> Result<Vec<Repaired>, Error> {
        let mut all = Vec::new();
        for found in findings.tables.values() {
            let (unexpected, collisions) = (found.unexpected.total, found.collisions);
            let mut repaired = Repaired {
                table: found.table,
                missing: 0,
                differing: 0,
                left: Vec::new(),
                unexpected,
                collisions,
            };
            for batch in found.to_repair.chunks(BATCH) {
                self.repair_batch(batch, &mut repaired).await?;
            }
            all.push(repaired);
        }
        Ok(all)
    }

    async fn repair_batch(&self, indices: &[u64], repaired: &mut Repaired) -> Result<(), Error> {
        let (reader, run, table) = (&self.tables.reader, &self.run, repaired.table);
        let before = points::read(reader, run, table, indices).await?;
        let now = now_micros();
        // A row that has become another payment's in the meantime is not taken from it.
        let own = before.differing.iter().filter(|row| row.hidden_by().is_none());
        let wrong = before.missing.iter().map(|row| row.index).chain(own.map(|row| row.index));
        let entries = wrong.map(|index| {
            let newest = before.newest.get(&index).copied().unwrap_or(0);
            let later = newest - newest.rem_euclid(MILLISECOND_MICROS) + MILLISECOND_MICROS;
            let time = if newest < now { now } else { later };
            entry(&run.generator.payment(index), table, run.suffix, time)
        });
        reader.write(table.id(), entries.collect()).await?;
        let after = points::read(reader, run, table, indices).await?;
        repaired.missing += before.missing.len() as u64;
        repaired.differing += before.differing.len() as u64;
        repaired.left.extend(after.differing);
        Ok(())
    }
}
