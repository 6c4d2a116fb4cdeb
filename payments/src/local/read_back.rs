//! What the tables hold, read from the tables.

use data::read_rows_response::CellChunk;
use data::read_rows_response::cell_chunk::RowStatus;
use data::row_filter::{Chain, Filter};
use data::{ReadRowsRequest, RowFilter};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use schemas::layout::{Column, Table};
use service::Resource;
use service::bigtable::Bigtable;
use tonic::Status;

/// One table's content, as far as the summary tells it.
#[derive(Clone, Debug)]
pub struct TableContent {
    pub table: Table,
    /// All rows.
    pub rows: u64,
    /// Rows of the run in question.
    pub rows_of_run: u64,
    pub sample: Option<Row>,
}

/// A row's key and cells, as text.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub key: String,
    /// `family:qualifier` and value, in the table's order.
    pub cells: Vec<(String, String)>,
}

/// Reads all three tables at once.
pub async fn read(bigtable: &Bigtable, run_id: &str) -> anyhow::Result<Vec<TableContent>> {
    let [customer, date, transaction] = Table::ALL.map(|table| content(bigtable, table, run_id));
    let (customer, date, transaction) = tokio::try_join!(customer, date, transaction)?;
    Ok(vec![customer, date, transaction])
}

async fn content(bigtable: &Bigtable, table: Table, run_id: &str) -> Result<TableContent, service::Error> {
    let name = bigtable.table_name(table.id());
    let explain = |status: Status| {
        Resource { kind: "table", name: &name, role: "roles/bigtable.reader" }.explain(&status)
    };
    let (rows, rows_of_run) = count(bigtable, &name, run_id).await.map_err(explain)?;
    let sample = first_row(bigtable, &name, run_id).await.map_err(explain)?;
    Ok(TableContent { table, rows, rows_of_run, sample })
}

/// Counts all rows, and those of the run by the run id that every row carries.
async fn count(bigtable: &Bigtable, name: &str, run_id: &str) -> Result<(u64, u64), Status> {
    let filter = Some(column(Column::RunId));
    let request = ReadRowsRequest { table_name: name.to_owned(), filter, ..Default::default() };
    let mut stream = bigtable.client().read_rows(request).await?.into_inner();
    let (mut rows, mut rows_of_run) = (0, 0);
    while let Some(response) = stream.message().await? {
        for chunk in response.chunks.iter().filter(|chunk| commits(chunk)) {
            rows += 1;
            rows_of_run += u64::from(chunk.value == run_id.as_bytes());
        }
    }
    Ok((rows, rows_of_run))
}

async fn first_row(bigtable: &Bigtable, name: &str, run_id: &str) -> Result<Option<Row>, Status> {
    // Rows that have the run's id, whole: the condition looks at the one cell, the answer has all of them.
    let condition = data::row_filter::Condition {
        predicate_filter: Some(Box::new(chain([
            column(Column::RunId).filter.unwrap_or(Filter::PassAllFilter(true)),
            Filter::ValueRegexFilter(run_id.into()),
        ]))),
        true_filter: Some(Box::new(RowFilter { filter: Some(Filter::PassAllFilter(true)) })),
        false_filter: None,
    };
    let request = ReadRowsRequest {
        table_name: name.to_owned(),
        rows_limit: 1,
        filter: Some(RowFilter { filter: Some(Filter::Condition(Box::new(condition))) }),
        ..Default::default()
    };
    let mut stream = bigtable.client().read_rows(request).await?.into_inner();
    let mut row = Row::default();
    let (mut family, mut qualifier) = (String::new(), String::new());
    while let Some(response) = stream.message().await? {
        for chunk in response.chunks {
            if !chunk.row_key.is_empty() {
                row.key = text(&chunk.row_key);
            }
            // Family and qualifier are sent when they change.
            family = chunk.family_name.clone().unwrap_or(family);
            qualifier = chunk.qualifier.as_deref().map_or(qualifier, text);
            row.cells.push((format!("{family}:{qualifier}"), text(&chunk.value)));
        }
    }
    Ok((!row.key.is_empty()).then_some(row))
}

/// The newest cell of one column.
fn column(column: Column) -> RowFilter {
    chain([
        Filter::FamilyNameRegexFilter(column.family().id().to_owned()),
        Filter::ColumnQualifierRegexFilter(column.qualifier().into()),
        Filter::CellsPerRowLimitFilter(1),
    ])
}

fn chain<const N: usize>(filters: [Filter; N]) -> RowFilter {
    let filters = filters.map(|filter| RowFilter { filter: Some(filter) }).into();
    RowFilter { filter: Some(Filter::Chain(Chain { filters })) }
}

fn commits(chunk: &CellChunk) -> bool {
    matches!(chunk.row_status, Some(RowStatus::CommitRow(true)))
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}
