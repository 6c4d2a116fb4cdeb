//! Checks some of the payments, by reading only their rows.

use super::expected::Run;
use super::findings::{Findings, TableFindings};
use super::narrow::Verification;
use super::points::{self, Points};
use crate::audit::Digest;
use crate::output::Progress;
use gcp::bigtable::read::{Error, Reader};
use schemas::layout::{PerTable, Table};
use tokio::task::JoinSet;
use xxhash_rust::xxh3::xxh3_64;

/// Payments read at once: keys of some 20 KB, below the limit of a request by far.
const BATCH: usize = 256;

/// Whether a payment belongs to the sample: the same for every run and every time.
fn is_sampled(index: u64, share: f64) -> bool {
    // A hash as a fraction of all hashes.
    (xxh3_64(&index.to_le_bytes()) as f64) < share * u64::MAX as f64
}

/// Payments looked up before all are.
const FEW: u64 = 32;

impl Verification {
    /// Checks this share of the payments; rows that belong to none are not looked for.
    pub async fn sample(&self, share: f64) -> Result<Findings, Error> {
        let range = self.run.range.clone();
        let about = ((range.end - range.start) as f64 * share) as u64;
        let bar = Progress::new("sampling", Some(3 * about));
        let tables = PerTable::from_fn(|table| TableFindings::new(table, self.limits.listed));
        let mut findings =
            Findings { tables, is_complete: true, passes: 1, is_sample: true, is_elsewhere: false };
        let mut indices = range.filter(|index| is_sampled(*index, share) && self.run.has_rows(*index));
        let mut reading = JoinSet::new();
        loop {
            while reading.len() < self.tables.parallelism {
                let batch: Vec<u64> = indices.by_ref().take(BATCH).collect();
                if batch.is_empty() {
                    break;
                }
                reading.spawn(check(self.tables.reader.clone(), self.run.clone(), batch));
            }
            let Some(ended) = reading.join_next().await else { break };
            let points = ended.map_err(|error| Error::Bug(error.to_string()))??;
            for (table, points) in points {
                bar.add(points.expected.len() as u64);
                self.note(&mut findings.tables[table], points);
            }
        }
        bar.finish();
        for (_, table) in &mut findings.tables {
            table.to_repair.sort_unstable();
        }
        Ok(findings)
    }

    /// Whether none of a few payments is where it must be: the first ones, with which a load begins, and some of all.
    pub async fn is_elsewhere(&self) -> Result<bool, Error> {
        let range = self.run.range.clone();
        let step = (range.end - range.start).div_ceil(FEW).max(1);
        let some = range.clone().take(FEW as usize).chain(range.step_by(step as usize));
        let mut some: Vec<_> = some.filter(|index| self.run.has_rows(*index)).collect();
        some.sort_unstable();
        some.dedup();
        let points = points::read(&self.tables.reader, &self.run, Table::ByTransaction, &some).await?;
        Ok(!some.is_empty() && points.found.is_empty())
    }

    fn note(&self, sum: &mut TableFindings, points: Points) {
        let add = |digest: &mut Digest, rows: Vec<u128>| rows.into_iter().for_each(|row| digest.add_row(row));
        add(&mut sum.expected, points.expected);
        add(&mut sum.found, points.found);
        let most = self.limits.kept_rows as usize;
        let (collisions, differing): (Vec<_>, Vec<_>) =
            points.differing.iter().partition(|row| row.hidden_by().is_some());
        sum.collisions += collisions.len() as u64;
        let wrong = points.missing.iter().map(|row| row.index).chain(differing.iter().map(|row| row.index));
        for index in wrong.take(most.saturating_sub(sum.to_repair.len())) {
            sum.to_repair.push(index);
        }
        let mut part = TableFindings::new(sum.table, self.limits.listed);
        points.missing.into_iter().for_each(|row| part.missing.push(|| row));
        points.differing.into_iter().for_each(|row| part.differing.push(|| row));
        sum.missing.add(part.missing, |row| row.index);
        sum.differing.add(part.differing, |row| row.index);
    }
}

async fn check(reader: Reader, run: Run, batch: Vec<u64>) -> Result<PerTable<Points>, Error> {
    let read = |table| points::read(&reader, &run, table, &batch);
    let (by_customer, by_date, by_transaction) =
        tokio::try_join!(read(Table::ByCustomer), read(Table::ByDate), read(Table::ByTransaction))?;
    Ok(PerTable { by_customer, by_date, by_transaction })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_about_its_share() {
        let count = (0..100_000).filter(|index| is_sampled(*index, 0.01)).count();
        assert!((900..1_100).contains(&count), "{count}");
        assert!((0..1_000).all(|index| is_sampled(index, 1.0)));
    }
}
