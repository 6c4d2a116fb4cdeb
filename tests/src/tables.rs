//! What the tables hold, and what they should.

use anyhow::Context;
use gcp::bigtable::Bigtable;
use gcp::bigtable::read::{Patience, Reader, Scan, filter};
use generator::Generator;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::row_filter::Filter;
use payments::rows::{entry, now_micros};
use schemas::Payment;
use schemas::layout::{KeySuffix, PerTable, Table, cells, row_key};
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

/// A table's rows: key, and by `family:qualifier` the values of all versions.
pub type Rows = BTreeMap<Vec<u8>, BTreeMap<String, Vec<Vec<u8>>>>;

/// Reads a whole table.
pub async fn read(bigtable: &Bigtable, table: Table) -> anyhow::Result<Rows> {
    let mut rows = Rows::new();
    let each = |row: gcp::bigtable::read::Row<'_>| {
        let mut cells = BTreeMap::<String, Vec<Vec<u8>>>::new();
        for cell in row.cells() {
            let text = String::from_utf8_lossy;
            let name = format!("{}:{}", text(cell.family), text(cell.qualifier));
            cells.entry(name).or_default().push(cell.value.to_vec());
        }
        rows.insert(row.key().to_vec(), cells);
        ControlFlow::Continue(())
    };
    let scanned = reader(bigtable).scan(Scan::of(table.id()), each).await?;
    anyhow::ensure!(scanned.rows == rows.len() as u64, "a row came twice");
    Ok(rows)
}

/// A reader of the tables.
pub fn reader(bigtable: &Bigtable) -> Reader {
    Reader::new(bigtable.clone(), "", Patience::default())
}

/// Writes payments to all three tables, without the pipeline.
pub async fn fill(bigtable: &Bigtable, payments: &[Payment], suffix: KeySuffix) -> anyhow::Result<()> {
    // Older cells would be garbage at once.
    let now = now_micros();
    for table in Table::ALL {
        let entries = payments.iter().map(|payment| entry(payment, table, suffix, now)).collect();
        reader(bigtable).write(table.id(), entries).await?;
    }
    Ok(())
}

/// The rows that a run's payments must become.
pub fn expected(
    generator: &Generator,
    indices: impl IntoIterator<Item = u64>,
    table: Table,
    suffix: KeySuffix,
) -> Rows {
    let indices = indices.into_iter();
    indices
        .map(|index| {
            let payment = generator.payment(index);
            let mut row = BTreeMap::<String, Vec<Vec<u8>>>::new();
            cells(&payment, |column, value| {
                let name = format!("{}:{}", column.family().id(), column.qualifier());
                row.entry(name).or_default().push(value.to_vec());
            });
            (row_key(&payment, table, suffix), row)
        })
        .collect()
}

/// Fails unless each table holds exactly the rows of these payments, each cell once.
pub async fn assert_exact(
    bigtable: &Bigtable,
    generator: &Generator,
    range: Range<u64>,
) -> anyhow::Result<()> {
    for table in Table::ALL {
        let actual = read(bigtable, table).await?;
        let expected = expected(generator, range.clone(), table, KeySuffix::None);
        anyhow::ensure!(
            actual.len() == expected.len(),
            "{}: {} rows, expected {}",
            table.id(),
            actual.len(),
            expected.len()
        );
        for (key, row) in &expected {
            let found = actual.get(key);
            anyhow::ensure!(
                found == Some(row),
                "{}: row {:?} differs",
                table.id(),
                String::from_utf8_lossy(key)
            );
        }
    }
    Ok(())
}

/// Fails unless each table holds exactly the rows of these payments; one published twice may have its cells twice.
pub async fn assert_rows(
    bigtable: &Bigtable,
    generator: &Generator,
    indices: impl Iterator<Item = u64> + Clone,
) -> anyhow::Result<()> {
    for table in Table::ALL {
        let mut actual = read(bigtable, table).await?;
        for (key, row) in expected(generator, indices.clone(), table, KeySuffix::None) {
            let mut found =
                actual.remove(&key).with_context(|| format!("{}: a row is missing", table.id()))?;
            found.values_mut().for_each(Vec::dedup);
            anyhow::ensure!(found == row, "{}: row {:?} differs", table.id(), String::from_utf8_lossy(&key));
        }
        anyhow::ensure!(actual.is_empty(), "{}: {} rows too many", table.id(), actual.len());
    }
    Ok(())
}

/// How many rows a table has, counted without holding them.
pub async fn count(bigtable: &Bigtable, table: Table) -> anyhow::Result<usize> {
    let filter = Some(filter(Filter::CellsPerRowLimitFilter(1)));
    let all = |_: gcp::bigtable::read::Row<'_>| ControlFlow::Continue(());
    let scanned = reader(bigtable).scan(Scan { filter, ..Scan::of(table.id()) }, all).await?;
    Ok(scanned.rows as usize)
}

/// How many rows each table has.
pub async fn counts(bigtable: &Bigtable) -> anyhow::Result<PerTable<usize>> {
    let mut counts = PerTable::default();
    for (table, count) in &mut counts {
        *count = self::count(bigtable, table).await?;
    }
    Ok(counts)
}

/// Drops one column family and changes the garbage collection of another, as an operator by mistake.
pub async fn damage(setup: &payments::setup::Args) -> anyhow::Result<()> {
    use admin::modify_column_families_request::{Modification, modification::Mod};
    use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
    let service = gcp::bigtable::TableAdmin::connect(&setup.bigtable, &setup.project).await?;
    let modify = async |table: Table, family: &str, change: Mod| {
        let modification = Modification { id: family.to_owned(), r#mod: Some(change), ..Default::default() };
        let request = admin::ModifyColumnFamiliesRequest {
            name: service.table_name(table.id()),
            modifications: vec![modification],
            ..Default::default()
        };
        service.client().modify_column_families(request).await
    };
    modify(Table::ByDate, "metadata", Mod::Drop(true)).await?;
    let rule = admin::GcRule { rule: Some(admin::gc_rule::Rule::MaxNumVersions(5)) };
    let family = admin::ColumnFamily { gc_rule: Some(rule), ..Default::default() };
    modify(Table::ByCustomer, "amount_info", Mod::Update(family)).await?;
    Ok(())
}

/// A table's rows with the times of their cells: key, then `family:qualifier`, time and value of every version.
pub type TimedRows = BTreeMap<Vec<u8>, Vec<(String, i64, Vec<u8>)>>;

/// Reads all three tables, times included.
pub async fn timed(bigtable: &Bigtable) -> anyhow::Result<PerTable<TimedRows>> {
    let mut all = PerTable::<TimedRows>::default();
    for (table, rows) in &mut all {
        let each = |row: gcp::bigtable::read::Row<'_>| {
            let text = String::from_utf8_lossy;
            let cells = row.cells().map(|cell| {
                let name = format!("{}:{}", text(cell.family), text(cell.qualifier));
                (name, cell.timestamp_micros, cell.value.to_vec())
            });
            rows.insert(row.key().to_vec(), cells.collect());
            ControlFlow::Continue(())
        };
        reader(bigtable).scan(Scan::of(table.id()), each).await?;
    }
    Ok(all)
}

/// Drops a whole table.
pub async fn drop_table(setup: &payments::setup::Args, table: Table) -> anyhow::Result<()> {
    use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2::DeleteTableRequest;
    let service = gcp::bigtable::TableAdmin::connect(&setup.bigtable, &setup.project).await?;
    service.client().delete_table(DeleteTableRequest { name: service.table_name(table.id()) }).await?;
    Ok(())
}

/// Deletes all rows of all three tables.
pub async fn empty(setup: &payments::setup::Args) -> anyhow::Result<()> {
    use admin::drop_row_range_request::Target;
    use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
    let service = gcp::bigtable::TableAdmin::connect(&setup.bigtable, &setup.project).await?;
    for table in Table::ALL {
        let (name, target) = (service.table_name(table.id()), Some(Target::DeleteAllDataFromTable(true)));
        service.client().drop_row_range(admin::DropRowRangeRequest { name, target }).await?;
    }
    Ok(())
}
