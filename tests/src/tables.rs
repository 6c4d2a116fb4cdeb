//! What the tables hold, and what they should.

use anyhow::Context;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::ReadRowsRequest;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::read_rows_response::cell_chunk::RowStatus;
use producer::generator::Generator;
use schemas::layout::{KeySuffix, Table, cells, row_key};
use service::bigtable::Bigtable;
use std::collections::BTreeMap;
use std::ops::Range;

/// A table's rows: key, and by `family:qualifier` the values of all versions.
pub type Rows = BTreeMap<Vec<u8>, BTreeMap<String, Vec<Vec<u8>>>>;

/// Reads a whole table.
pub async fn read(bigtable: &Bigtable, table: Table) -> anyhow::Result<Rows> {
    let request = ReadRowsRequest { table_name: bigtable.table_name(table.id()), ..Default::default() };
    let mut stream = bigtable.client().read_rows(request).await?.into_inner();
    let mut rows = Rows::new();
    let (mut key, mut family, mut qualifier) = (Vec::new(), String::new(), String::new());
    let (mut row, mut value) = (BTreeMap::<String, Vec<Vec<u8>>>::new(), Vec::new());
    while let Some(response) = stream.message().await? {
        for chunk in response.chunks {
            if !chunk.row_key.is_empty() {
                key = chunk.row_key;
            }
            if let Some(name) = chunk.family_name {
                family = name;
            }
            if let Some(name) = chunk.qualifier {
                qualifier = String::from_utf8(name)?;
            }
            value.extend_from_slice(&chunk.value);
            // A value that goes on in the next chunk announces its whole size.
            if chunk.value_size > 0 {
                continue;
            }
            row.entry(format!("{family}:{qualifier}")).or_default().push(std::mem::take(&mut value));
            if let Some(RowStatus::CommitRow(true)) = chunk.row_status {
                let twice = rows.insert(key.clone(), std::mem::take(&mut row));
                anyhow::ensure!(twice.is_none(), "row {key:?} came twice");
            }
        }
    }
    Ok(rows)
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
    use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{RowFilter, row_filter::Filter};
    let one_cell = RowFilter { filter: Some(Filter::CellsPerRowLimitFilter(1)) };
    let table_name = bigtable.table_name(table.id());
    let request = ReadRowsRequest { table_name, filter: Some(one_cell), ..Default::default() };
    let mut stream = bigtable.client().read_rows(request).await?.into_inner();
    let mut count = 0;
    while let Some(response) = stream.message().await? {
        let ends = |status: &Option<RowStatus>| matches!(status, Some(RowStatus::CommitRow(true)));
        count += response.chunks.iter().filter(|chunk| ends(&chunk.row_status)).count();
    }
    Ok(count)
}

/// How many rows each table has.
pub async fn counts(bigtable: &Bigtable) -> anyhow::Result<[usize; 3]> {
    let mut counts = [0; 3];
    for (count, table) in counts.iter_mut().zip(Table::ALL) {
        *count = self::count(bigtable, table).await?;
    }
    Ok(counts)
}

/// Drops one column family and changes the garbage collection of another, as an operator by mistake.
pub async fn damage(setup: &payments::setup::Args) -> anyhow::Result<()> {
    use admin::modify_column_families_request::{Modification, modification::Mod};
    use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
    let service = service::bigtable::TableAdmin::connect(&setup.bigtable, &setup.project).await?;
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

/// Drops a whole table.
pub async fn drop_table(setup: &payments::setup::Args, table: Table) -> anyhow::Result<()> {
    use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2::DeleteTableRequest;
    let service = service::bigtable::TableAdmin::connect(&setup.bigtable, &setup.project).await?;
    service.client().delete_table(DeleteTableRequest { name: service.table_name(table.id()) }).await?;
    Ok(())
}
