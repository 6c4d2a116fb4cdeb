//! Payments as rows of the tables, and back.

use gcp::bigtable::read::{self, Row, column_hash, filter};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::mutate_rows_request::Entry;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::mutation::{Mutation as Kind, SetCell};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::row_filter::Filter;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{Mutation, RowFilter};
use schemas::Payment;
use schemas::layout::{Column, KeySuffix, Table, cells, keys, payment_of, row_key};
use service::clock;
use std::sync::LazyLock;

/// The present as cells take it: whole milliseconds.
pub fn now_micros() -> i64 {
    let now = clock::now_micros();
    now - now % 1_000
}

/// The row of a payment in a table, its cells at this time (a multiple of 1,000).
pub fn entry(payment: &Payment, table: Table, suffix: KeySuffix, timestamp_micros: i64) -> Entry {
    let mut mutations = Vec::new();
    cells(payment, |column, value| {
        let cell = SetCell {
            family_name: column.family().id().to_owned(),
            column_qualifier: column.qualifier().into(),
            timestamp_micros,
            value: value.to_vec(),
        };
        mutations.push(Mutation { mutation: Some(Kind::SetCell(cell)) });
    });
    Entry { row_key: row_key(payment, table, suffix), mutations, ..Default::default() }
}

/// The payment of a row, or the reason why it is none.
pub fn payment(row: Row<'_>) -> Result<Payment, String> {
    let mut cells = Vec::with_capacity(row.cells().len());
    for cell in row.cells() {
        let column = Column::find(cell.family, cell.qualifier).ok_or_else(|| {
            let text = String::from_utf8_lossy;
            format!("cell {}:{} is none of a payment", text(cell.family), text(cell.qualifier))
        })?;
        cells.push((column, cell.value));
    }
    payment_of(cells).map_err(|error| error.to_string())
}

/// The customer whose payment it is, by id.
pub fn customer(payment: &Payment) -> &str {
    let originator = payment.parties.as_ref().and_then(|parties| parties.originator.as_ref());
    originator.map_or("", |party| &party.party_id)
}

/// Lets through the newest version of one column's cells.
pub fn column(column: Column) -> RowFilter {
    read::column(column.family().id(), column.qualifier())
}

/// Lets through rows of these types, by the component of the row key that says the type; none for a table whose keys do
/// not say it.
pub fn of_types(table: Table, types: &[&str]) -> Option<RowFilter> {
    let pattern = keys::pattern_of_types(table, types)?;
    Some(filter(Filter::RowKeyRegexFilter(pattern.into_bytes())))
}

/// The column's hash, by which the cells of a row that was read are told apart.
pub fn hash(column: Column) -> u64 {
    static HASHES: LazyLock<Vec<u64>> = LazyLock::new(|| {
        let hash =
            |column: &Column| column_hash(column.family().id().as_bytes(), column.qualifier().as_bytes());
        Column::ALL.iter().map(hash).collect()
    });
    HASHES[column as usize]
}

/// The newest value of a column.
pub fn value<'a>(row: &Row<'a>, column: Column) -> Option<&'a [u8]> {
    let hash = hash(column);
    row.cells().find(|cell| cell.column_hash == hash).map(|cell| cell.value)
}

#[cfg(test)]
mod tests {
    use generator::{Config, Generator};
    use schemas::layout::{cells, payment_of};

    #[test]
    fn every_generated_payment_is_read_back_from_its_cells() {
        let config = Config { num_records: 3_000, anomaly_rate: 0.05, ..Config::default() };
        let generator = Generator::new(config).unwrap();
        for index in 0..3_000 {
            let payment = generator.payment(index);
            let mut row = Vec::new();
            cells(&payment, |column, value| row.push((column, value.to_vec())));
            let back = payment_of(row.iter().map(|(column, value)| (*column, value.as_slice()))).unwrap();
            assert_eq!(back, payment);
        }
    }
}
