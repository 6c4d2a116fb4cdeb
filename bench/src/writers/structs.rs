//! Rows as generated message structs, which is also what `bigtable_rs` takes.

use super::setting::{GROUPS_IN_FLIGHT, PUBLISH_MICROS, REQUEST_ROWS};
use anyhow::ensure;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{
    MutateRowsRequest, MutateRowsResponse, Mutation, mutate_rows_request::Entry, mutation, mutation::SetCell,
};
use schemas::Payment;
use schemas::layout::{KeySuffix, PerTable, Table, cells, row_key};
use tonic::Streaming;

/// Writes payments with `call`, which is given a running number and a request.
pub async fn write<F>(
    payments: &[Payment],
    tables: &PerTable<String>,
    call: impl Fn(usize, MutateRowsRequest) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Streaming<MutateRowsResponse>>>,
{
    // Nothing is built before its turn.
    let groups = payments.chunks(REQUEST_ROWS).enumerate();
    let groups: Vec<_> = groups.map(|(number, group)| write_group(number, group, tables, &call)).collect();
    stream::iter(groups).buffer_unordered(GROUPS_IN_FLIGHT).try_for_each(|()| async { Ok(()) }).await
}

/// Writes up to a request's rows to each table.
async fn write_group<F>(
    number: usize,
    payments: &[Payment],
    tables: &PerTable<String>,
    call: &impl Fn(usize, MutateRowsRequest) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Streaming<MutateRowsResponse>>>,
{
    let PerTable { by_customer, by_date, by_transaction } = requests(payments, tables);
    tokio::try_join!(
        send(number, by_customer, call),
        send(number + 1, by_date, call),
        send(number + 2, by_transaction, call)
    )?;
    Ok(())
}

async fn send<F>(
    number: usize,
    request: MutateRowsRequest,
    call: &impl Fn(usize, MutateRowsRequest) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Streaming<MutateRowsResponse>>>,
{
    let rows = request.entries.len();
    let mut responses = call(number, request).await?;
    let mut confirmed = 0;
    while let Some(response) = responses.message().await? {
        let ok = |status: &googleapis_tonic_google_bigtable_v2::google::rpc::Status| status.code == 0;
        confirmed += response.entries.iter().filter(|entry| entry.status.as_ref().is_some_and(ok)).count();
    }
    ensure!(confirmed == rows, "{} rows were not written", rows - confirmed);
    Ok(())
}

/// One request a table. The mutations are made once and cloned for the other two tables, which is cheaper than making
/// them three times.
fn requests(payments: &[Payment], tables: &PerTable<String>) -> PerTable<MutateRowsRequest> {
    let rows: Vec<Vec<Mutation>> = payments.iter().map(mutations).collect();
    let request = |table: Table, rows: Vec<Vec<Mutation>>| {
        let entry = |(payment, mutations)| Entry {
            row_key: row_key(payment, table, KeySuffix::None),
            mutations,
            ..Default::default()
        };
        let mut entries: Vec<_> = payments.iter().zip(rows).map(entry).collect();
        entries.sort_unstable_by(|a, b| a.row_key.cmp(&b.row_key));
        MutateRowsRequest { table_name: tables[table].clone(), entries, ..Default::default() }
    };
    PerTable {
        by_customer: request(Table::ByCustomer, rows.clone()),
        by_date: request(Table::ByDate, rows.clone()),
        by_transaction: request(Table::ByTransaction, rows),
    }
}

fn mutations(payment: &Payment) -> Vec<Mutation> {
    let mut mutations = Vec::with_capacity(48);
    cells(payment, |column, value| {
        let cell = SetCell {
            family_name: column.family().id().to_owned(),
            column_qualifier: column.qualifier().into(),
            timestamp_micros: PUBLISH_MICROS,
            value: value.to_vec(),
        };
        mutations.push(Mutation { mutation: Some(mutation::Mutation::SetCell(cell)) });
    });
    mutations
}
