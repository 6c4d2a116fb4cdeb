//! From digests that differ to the rows that do, in memory that does not grow with the run.
//!
//! 1. Both sides are summed into buckets. Equal sums: the tables are right, and that was all.
//! 2. If the buckets that differ hold too many rows to keep, they are divided further, in another pass.
//! 3. The expected rows of the differing buckets are kept (a hash, a digest and an index each), and the tables' rows
//!    are compared with them: those left over on either side are missing or unexpected.

use super::expected::{Expected, Run};
use super::findings::{Findings, Missing, TableFindings};
use crate::audit::compare::{self, is_hidden};
use crate::audit::{Content, Digests, KeyHash, Limits, Partition, Runs, Tables, Unexpected, other_run};
use crate::output::Progress;
use crate::rows;
use gcp::bigtable::read::{Error, Row};
use schemas::layout::{Column, PerTable, Table};
use std::collections::HashMap;
use std::sync::Arc;

/// Both sides of a verification.
#[derive(Clone, Debug)]
pub struct Verification {
    pub run: Run,
    pub tables: Tables,
    pub limits: Limits,
    /// Rows are to be written again: of a run that is wholly lost all are named, whatever else the tables hold.
    pub is_repair: bool,
}

/// One pass's digests.
struct Sums {
    expected: PerTable<Digests>,
    found: PerTable<Digests>,
    /// Rows of other runs, which are in no digest. One with an expected key is missed there, and so noticed.
    others: PerTable<Runs>,
}

/// A partition for each table.
type Partitions = Arc<PerTable<Partition>>;

/// Some of each table's buckets.
type Buckets = PerTable<Vec<usize>>;

impl Verification {
    pub async fn run(&self) -> Result<Findings, Error> {
        let mut partitions: Partitions = Arc::new(PerTable::from_fn(|_| Partition::root()));
        let mut sums = self.sum(&partitions, "comparing").await?;
        let mut findings = self.totals(&sums);
        if !self.is_repair && findings.other_run().is_some() {
            findings.is_elsewhere = true;
            findings.is_complete = false;
            findings.tables.iter_mut().for_each(|(_, table)| table.missing.total = table.expected.rows);
            return Ok(findings);
        }
        loop {
            let differing = PerTable::from_fn(|table| sums.expected[table].differing(&sums.found[table]));
            if differing.values().all(Vec::is_empty) {
                return Ok(findings);
            }
            let (chosen, all) = self.choose(&sums, differing);
            let rows: u64 = load(&sums, &chosen);
            findings.is_complete &= all;
            findings.passes += 1;
            if rows <= self.limits.kept_rows || partitions.values().any(Partition::is_finest) {
                let selected = pick(&partitions, |partition, table| partition.select(&chosen[table]));
                self.collect(&selected, &mut findings).await?;
                return Ok(findings);
            }
            partitions = pick(&partitions, |partition, table| partition.refine(&chosen[table]));
            sums = self.sum(&partitions, "narrowing down").await?;
        }
    }

    fn totals(&self, sums: &Sums) -> Findings {
        let tables = PerTable::from_fn(|table| TableFindings {
            expected: sums.expected[table].total(),
            found: sums.found[table].total(),
            others: sums.others[table].clone(),
            ..TableFindings::new(table, self.limits.listed)
        });
        Findings { tables, is_complete: true, passes: 1, is_sample: false, is_elsewhere: false }
    }

    /// The buckets to look into: all that differ if they can be kept or divided at once, otherwise the first that can.
    fn choose(&self, sums: &Sums, differing: Buckets) -> (Buckets, bool) {
        let buckets: usize = differing.values().map(Vec::len).sum();
        if buckets <= self.limits.parents || load(sums, &differing) <= self.limits.kept_rows {
            return (differing, true);
        }
        let (mut chosen, mut rows, mut share) = (Buckets::default(), 0, 0);
        for (table, buckets) in &differing {
            // Each table has its share, so that one in which everything is wrong does not hide the others.
            share += self.limits.kept_rows / 3;
            for &bucket in buckets {
                let more = sums.expected[table].get(bucket).rows;
                if rows + more > share && !chosen[table].is_empty() {
                    break;
                }
                rows += more;
                chosen[table].push(bucket);
            }
        }
        (chosen, false)
    }

    /// Digests of both sides, taken at once.
    async fn sum(&self, partitions: &Partitions, what: &'static str) -> Result<Sums, Error> {
        let bar = self.bar(what);
        let start = || PerTable::from_fn(|table| Digests::new(&partitions[table]));
        let by_payment = partitions.clone();
        let add = move |sums: &mut PerTable<Digests>, expected: Expected| {
            for (table, key) in expected.keys {
                if let Some(bucket) = by_payment[table].bucket(key) {
                    sums[table].add_row(bucket, expected.content.with_key(key));
                }
            }
        };
        let (by_row, own) = (partitions.clone(), self.run.generator.clone());
        let add_row = move |(sums, others): &mut (Digests, Runs), table: Table, row: Row<'_>| {
            if let Some(other) = other_run(&row, own.run_id()) {
                return others.count(&String::from_utf8_lossy(other), 1);
            }
            let key = KeyHash::of(row.key());
            if let Some(bucket) = by_row[table].bucket(key) {
                sums.add_row(bucket, Content::of_row(row).with_key(key));
            }
        };
        let (mut found, mut others) = (start(), PerTable::<Runs>::default());
        let recomputing = self.run.recompute(&bar, start, add);
        let start_range = |table: Table| (Digests::new(&partitions[table]), Runs::default());
        let join = |table: Table, (sums, counted): (Digests, Runs)| {
            found[table].add(&sums);
            others[table].add(&counted);
        };
        let occupied = occupied(partitions);
        let scanning = self.tables.scan(&occupied, &bar, start_range, add_row, join);
        let (parts, ()) = tokio::try_join!(recomputing, scanning)?;
        bar.finish();
        let mut expected = start();
        for part in &parts {
            expected.iter_mut().for_each(|(table, sum)| sum.add(&part[table]));
        }
        Ok(Sums { expected, found, others })
    }

    /// Names the rows of these buckets that differ.
    async fn collect(&self, selected: &Partitions, findings: &mut Findings) -> Result<(), Error> {
        let bar = self.bar("naming the rows");
        let kept = Arc::new(self.keep(selected, &bar).await?);
        let (by_row, expected, run) = (selected.clone(), kept.clone(), self.run.clone());
        let most = self.limits.listed;
        let compare = move |state: &mut Held, table: Table, row: Row<'_>| {
            let key = KeyHash::of(row.key());
            if by_row[table].bucket(key).is_none() {
                return;
            }
            let findings = &mut state.findings;
            let Some(&(index, digest)) = expected[table].get(&key) else {
                if other_run(&row, run.generator.run_id()).is_none() {
                    findings.unexpected.push(|| Unexpected::of(row));
                }
                return;
            };
            state.seen.push(key);
            if Content::of_row(row).with_key(key) != digest {
                let found = rows::value(&row, Column::PaymentId).unwrap_or_default();
                if is_hidden(row.key(), &run.generator.payment_id(index), found) {
                    findings.collisions += 1;
                } else {
                    findings.to_repair.push(index);
                }
                let payment = || run.generator.payment(index);
                findings.differing.push(|| compare::differing(index, &payment(), row));
            }
        };
        let start = |table| Held { findings: TableFindings::new(table, most), seen: Vec::new() };
        let mut seen = PerTable::<Vec<KeyHash>>::default();
        let join = |table: Table, held: Held| {
            seen[table].extend(held.seen);
            let (sum, part) = (&mut findings.tables[table], held.findings);
            sum.to_repair.extend(part.to_repair);
            sum.collisions += part.collisions;
            sum.unexpected.add(part.unexpected, |row| row.key.clone());
            sum.differing.add(part.differing, |row| row.index);
        };
        self.tables.scan(&occupied(selected), &bar, start, compare, join).await?;
        bar.finish();
        // The tasks of the scan, the other owners, are over.
        for (table, mut kept) in Arc::unwrap_or_clone(kept) {
            for key in &seen[table] {
                kept.remove(key);
            }
            let sum = &mut findings.tables[table];
            let mut missing: Vec<_> = kept.values().map(|(index, _)| *index).collect();
            missing.sort_unstable();
            for &index in &missing {
                sum.missing.push(|| self.missing(index, table));
            }
            sum.to_repair.extend(missing);
            sum.to_repair.sort_unstable();
        }
        Ok(())
    }

    /// The expected rows of these buckets: by key hash, index and digest.
    async fn keep(&self, selected: &Partitions, bar: &Progress) -> Result<PerTable<Kept>, Error> {
        let by_payment = selected.clone();
        let keep = move |kept: &mut PerTable<Kept>, expected: Expected| {
            for (table, key) in expected.keys {
                if by_payment[table].bucket(key).is_some() {
                    kept[table].insert(key, (expected.index, expected.content.with_key(key)));
                }
            }
        };
        let mut kept = PerTable::<Kept>::default();
        for part in self.run.recompute(bar, PerTable::default, keep).await? {
            part.into_iter().for_each(|(table, part)| kept[table].extend(part));
        }
        Ok(kept)
    }

    fn missing(&self, index: u64, table: Table) -> Missing {
        let payment = self.run.generator.payment(index);
        let key = self.run.key(&payment, table);
        Missing { index, key, payment_id: compare::payment_id(&payment) }
    }

    fn bar(&self, what: &'static str) -> Progress {
        let payments = self.run.range.end - self.run.range.start;
        Progress::new(what, Some(4 * payments))
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
fn load(sums: &Sums, buckets: &Buckets) -> u64 {
    let rows = |(table, buckets): (Table, &Vec<usize>)| {
        buckets.iter().map(|bucket| sums.expected[table].get(*bucket).rows).sum::<u64>()
    };
    buckets.iter().map(rows).sum()
}

fn pick(partitions: &Partitions, pick: impl Fn(&Partition, Table) -> Partition) -> Partitions {
    Arc::new(PerTable::from_fn(|table| pick(&partitions[table], table)))
}

/// The tables with anything to look at.
fn occupied(partitions: &Partitions) -> Vec<Table> {
    Table::ALL.into_iter().filter(|table| partitions[*table].size() > 0).collect()
}
