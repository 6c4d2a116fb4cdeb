//! From digests that differ to the rows that do, in memory that does not grow with the run.
//!
//! 1. Both sides are summed into buckets. Equal sums: the tables are right, and that was all.
//! 2. If the buckets that differ hold too many rows to keep, they are divided further, in another pass.
//! 3. The expected rows of the differing buckets are kept (a hash, a digest and an index each), and the tables' rows
//!    are compared with them: those left over on either side are missing or unexpected.

use super::compare;
use super::expected::{Expected, Run};
use super::findings::{Findings, Missing, TableFindings};
use crate::audit::{Bar, Content, Digests, KeyHash, Limits, Partition, Tables, Unexpected};
use gcp::bigtable::read::{Error, Row};
use schemas::layout::Table;
use std::collections::HashMap;
use std::sync::Arc;

/// Both sides of a verification.
#[derive(Clone, Debug)]
pub struct Verification {
    pub run: Run,
    pub tables: Tables,
    pub limits: Limits,
}

/// One pass's digests, in the order of [`Table::ALL`].
struct Sums {
    expected: [Digests; 3],
    found: [Digests; 3],
}

/// A partition for each table.
type Partitions = Arc<[Partition; 3]>;

impl Verification {
    pub async fn run(&self) -> Result<Findings, Error> {
        let mut partitions: Partitions = Arc::new([(); 3].map(|()| Partition::root()));
        let mut sums = self.sum(&partitions, "comparing").await?;
        let mut findings = self.totals(&sums);
        loop {
            let differing: [Vec<usize>; 3] = [0, 1, 2].map(|at| sums.expected[at].differing(&sums.found[at]));
            if differing.iter().all(Vec::is_empty) {
                return Ok(findings);
            }
            let (chosen, all) = self.choose(&sums, differing);
            let rows: u64 = load(&sums, &chosen);
            findings.is_complete &= all;
            findings.passes += 1;
            if rows <= self.limits.kept_rows || partitions.iter().any(Partition::is_finest) {
                let selected = pick(&partitions, |partition, at| partition.select(&chosen[at]));
                self.collect(&selected, &mut findings).await?;
                return Ok(findings);
            }
            partitions = pick(&partitions, |partition, at| partition.refine(&chosen[at]));
            sums = self.sum(&partitions, "narrowing down").await?;
        }
    }

    fn totals(&self, sums: &Sums) -> Findings {
        let tables = [0, 1, 2].map(|at| TableFindings {
            expected: sums.expected[at].total(),
            found: sums.found[at].total(),
            ..TableFindings::new(Table::ALL[at], self.limits.listed)
        });
        Findings { tables, is_complete: true, passes: 1 }
    }

    /// The buckets to look into: all that differ if they can be kept or divided at once, otherwise the first that can.
    fn choose(&self, sums: &Sums, differing: [Vec<usize>; 3]) -> ([Vec<usize>; 3], bool) {
        let buckets: usize = differing.iter().map(Vec::len).sum();
        if buckets <= self.limits.parents || load(sums, &differing) <= self.limits.kept_rows {
            return (differing, true);
        }
        let (mut chosen, mut rows): ([Vec<usize>; 3], u64) = Default::default();
        for (at, buckets) in differing.iter().enumerate() {
            // Each table has its share, so that one in which everything is wrong does not hide the others.
            let share = self.limits.kept_rows / 3 * (at as u64 + 1);
            for &bucket in buckets {
                let more = sums.expected[at].get(bucket).rows;
                if rows + more > share && !chosen[at].is_empty() {
                    break;
                }
                rows += more;
                chosen[at].push(bucket);
            }
        }
        (chosen, false)
    }

    /// Digests of both sides, taken at once.
    async fn sum(&self, partitions: &Partitions, what: &'static str) -> Result<Sums, Error> {
        let bar = self.bar(what);
        let start = || [0, 1, 2].map(|at| Digests::new(&partitions[at]));
        let by_payment = partitions.clone();
        let add = move |sums: &mut [Digests; 3], expected: Expected| {
            for (at, key) in expected.keys.into_iter().enumerate() {
                if let Some(bucket) = by_payment[at].bucket(key) {
                    sums[at].add_row(bucket, expected.content.with_key(key));
                }
            }
        };
        let by_row = partitions.clone();
        let add_row = move |sums: &mut Digests, table: Table, row: Row<'_>| {
            let key = KeyHash::of(row.key());
            if let Some(bucket) = by_row[table as usize].bucket(key) {
                sums.add_row(bucket, Content::of_row(row).with_key(key));
            }
        };
        let mut found = start();
        let recomputing = self.run.recompute(&bar, start, add);
        let start_range = |table: Table| Digests::new(&partitions[table as usize]);
        let join = |table: Table, sums: Digests| found[table as usize].add(&sums);
        let occupied = occupied(partitions);
        let scanning = self.tables.scan(&occupied, &bar, start_range, add_row, join);
        let (parts, ()) = tokio::try_join!(recomputing, scanning)?;
        bar.finish();
        let mut expected = start();
        for part in &parts {
            expected.iter_mut().zip(part).for_each(|(sum, part)| sum.add(part));
        }
        Ok(Sums { expected, found })
    }

    /// Names the rows of these buckets that differ.
    async fn collect(&self, selected: &Partitions, findings: &mut Findings) -> Result<(), Error> {
        let bar = self.bar("naming the rows");
        let kept = Arc::new(self.keep(selected, &bar).await?);
        let (by_row, rows, run) = (selected.clone(), kept.clone(), self.run.clone());
        let most = self.limits.listed;
        let compare = move |state: &mut Held, table: Table, row: Row<'_>| {
            let key = KeyHash::of(row.key());
            if by_row[table as usize].bucket(key).is_none() {
                return;
            }
            let Some(&(index, digest)) = rows[table as usize].get(&key) else {
                return state.findings.unexpected.push(|| Unexpected::of(row));
            };
            state.seen.push(key);
            if Content::of_row(row).with_key(key) != digest {
                state.findings.to_repair.push(index);
                state
                    .findings
                    .differing
                    .push(|| compare::differing(index, &run.generator.payment(index), row));
            }
        };
        let start = |table| Held { findings: TableFindings::new(table, most), seen: Vec::new() };
        let mut seen: [Vec<KeyHash>; 3] = Default::default();
        let join = |table: Table, held: Held| {
            seen[table as usize].extend(held.seen);
            let (sum, part) = (&mut findings.tables[table as usize], held.findings);
            sum.to_repair.extend(part.to_repair);
            sum.unexpected.add(part.unexpected, |row| row.key.clone());
            sum.differing.add(part.differing, |row| row.index);
        };
        self.tables.scan(&occupied(selected), &bar, start, compare, join).await?;
        bar.finish();
        // The tasks of the scan, the other owners, are over.
        let mut kept = Arc::unwrap_or_clone(kept);
        for ((kept, seen), sum) in kept.iter_mut().zip(&seen).zip(&mut findings.tables) {
            for key in seen {
                kept.remove(key);
            }
            let mut missing: Vec<_> = kept.values().map(|(index, _)| *index).collect();
            missing.sort_unstable();
            for &index in &missing {
                sum.missing.push(|| self.missing(index, sum.table));
            }
            sum.to_repair.extend(missing);
            sum.to_repair.sort_unstable();
        }
        Ok(())
    }

    /// The expected rows of these buckets: by key hash, index and digest.
    async fn keep(&self, selected: &Partitions, bar: &Bar) -> Result<[Kept; 3], Error> {
        let by_payment = selected.clone();
        let keep = move |kept: &mut [Kept; 3], expected: Expected| {
            for (at, key) in expected.keys.into_iter().enumerate() {
                if by_payment[at].bucket(key).is_some() {
                    kept[at].insert(key, (expected.index, expected.content.with_key(key)));
                }
            }
        };
        let mut kept: [Kept; 3] = Default::default();
        for part in self.run.recompute(bar, Default::default, keep).await? {
            kept.iter_mut().zip(part).for_each(|(sum, part)| sum.extend(part));
        }
        Ok(kept)
    }

    fn missing(&self, index: u64, table: Table) -> Missing {
        let payment = self.run.generator.payment(index);
        let key = self.run.key(&payment, table);
        Missing { index, key, payment_id: compare::payment_id(&payment) }
    }

    fn bar(&self, what: &'static str) -> Bar {
        let payments = self.run.range.end - self.run.range.start;
        Bar::new(what, payments, 3 * payments)
    }
}

/// Index and digest by key hash.
type Kept = HashMap<KeyHash, (u64, u128)>;

/// The findings of one range's scan.
struct Held {
    findings: TableFindings,
    seen: Vec<KeyHash>,
}

/// Expected rows in these buckets.
fn load(sums: &Sums, buckets: &[Vec<usize>; 3]) -> u64 {
    let rows = |at: usize| buckets[at].iter().map(|bucket| sums.expected[at].get(*bucket).rows).sum::<u64>();
    (0..3).map(rows).sum()
}

fn pick(partitions: &Partitions, pick: impl Fn(&Partition, usize) -> Partition) -> Partitions {
    Arc::new([0, 1, 2].map(|at| pick(&partitions[at], at)))
}

/// The tables with anything to look at.
fn occupied(partitions: &Partitions) -> Vec<Table> {
    Table::ALL.into_iter().filter(|table| partitions[*table as usize].size() > 0).collect()
}
