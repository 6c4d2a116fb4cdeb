//! The table admin service.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::bigtable::store::catalog::Catalog;
use crate::bigtable::store::families;
use crate::bigtable::store::schema::TableRecord;
use crate::bigtable::store::table::Table;
use crate::bigtable::write::sweep::sweep;
use crate::proto::bigtable_admin::drop_row_range_request::Target;
use crate::proto::bigtable_admin::table::View;
use crate::proto::bigtable_admin::{
    CheckConsistencyRequest, CheckConsistencyResponse, CreateTableRequest, DeleteTableRequest,
    DropRowRangeRequest, GenerateConsistencyTokenRequest, GenerateConsistencyTokenResponse, GetTableRequest,
    ListTablesRequest, ListTablesResponse, ModifyColumnFamiliesRequest, Table as TableProto,
};
use crate::proto::bigtable_table_admin::bigtable_table_admin_server::BigtableTableAdmin;

use super::jobs::Jobs;

/// Limit of the service.
const MAX_TABLE_ID_BYTES: usize = 50;

/// Rows that a sweep rewrites, and that a deletion removes, before they let others have the table.
const SWEPT_ROWS: usize = 256;
const DELETED_ROWS: usize = 10_000;

/// `google.bigtable.admin.v2.BigtableTableAdmin`.
#[derive(Clone)]
pub struct Admin {
    pub catalog: Arc<Catalog>,
    pub jobs: Arc<Jobs>,
}

impl Admin {
    /// Runs storage work with the catalog.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Catalog) -> Result<T, Status> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        self.jobs.write(work).await.map(Response::new)
    }

    /// Frees the space of cells that a change of families made garbage. Reads already leave them out.
    fn sweep(&self, table: Arc<Table>) {
        let admin = self.clone();
        tokio::spawn(async move {
            let mut after = None;
            loop {
                let table = table.clone();
                let step = move |catalog: &Catalog| {
                    let last = sweep(&table, after.as_deref(), SWEPT_ROWS)?;
                    catalog.keep_up()?;
                    Ok(last)
                };
                match admin.run(step).await.map(Response::into_inner) {
                    Ok(None) => return,
                    Ok(last) => after = last,
                    // The next write of a row drops its garbage, too.
                    Err(status) => return tracing::debug!(%status, "a sweep for garbage stopped"),
                }
            }
        });
    }
}

#[tonic::async_trait]
impl BigtableTableAdmin for Admin {
    async fn create_table(
        &self,
        request: Request<CreateTableRequest>,
    ) -> Result<Response<TableProto>, Status> {
        let request = request.into_inner();
        self.run(move |catalog| Ok(catalog.create(new_record(request)?)?.state()?.schema.to_proto())).await
    }

    async fn list_tables(
        &self,
        request: Request<ListTablesRequest>,
    ) -> Result<Response<ListTablesResponse>, Status> {
        let request = request.into_inner();
        check_parent(&request.parent)?;
        let tables = self.catalog.list(&format!("{}/tables/", request.parent));
        let shown = tables
            .iter()
            .filter_map(|table| Some(show(&table.state().ok()?.schema.to_proto(), request.view)));
        Ok(Response::new(ListTablesResponse { tables: shown.collect(), next_page_token: String::new() }))
    }

    async fn get_table(&self, request: Request<GetTableRequest>) -> Result<Response<TableProto>, Status> {
        let request = request.into_inner();
        let table = self.catalog.table(&request.name)?.state()?.schema.to_proto();
        let view =
            if request.view == View::Unspecified as i32 { View::SchemaView as i32 } else { request.view };
        Ok(Response::new(show(&table, view)))
    }

    async fn delete_table(&self, request: Request<DeleteTableRequest>) -> Result<Response<()>, Status> {
        let name = request.into_inner().name;
        self.run(move |catalog| catalog.delete(&name, refuse_protected)).await
    }

    async fn modify_column_families(
        &self,
        request: Request<ModifyColumnFamiliesRequest>,
    ) -> Result<Response<TableProto>, Status> {
        let request = request.into_inner();
        let change = move |record: &mut TableRecord| families::modify(record, &request.modifications);
        let table = self.run(move |catalog| catalog.modify(&request.name, change)).await?.into_inner();
        let answer = table.state()?.schema.to_proto();
        self.sweep(table);
        Ok(Response::new(answer))
    }

    async fn drop_row_range(&self, request: Request<DropRowRangeRequest>) -> Result<Response<()>, Status> {
        let DropRowRangeRequest { name, target } = request.into_inner();
        match target {
            Some(Target::DeleteAllDataFromTable(true)) => {
                self.run(move |catalog| catalog.drop_rows(&name)).await
            }
            Some(Target::RowKeyPrefix(prefix)) if !prefix.is_empty() => {
                let delete = move |catalog: &Catalog| {
                    let table = catalog.table(&name)?;
                    while table.delete_some(&prefix, DELETED_ROWS)? {
                        catalog.keep_up()?;
                    }
                    Ok(())
                };
                self.run(delete).await
            }
            _ => Err(Status::invalid_argument("say a row key prefix, or that all rows go")),
        }
    }

    async fn generate_consistency_token(
        &self,
        request: Request<GenerateConsistencyTokenRequest>,
    ) -> Result<Response<GenerateConsistencyTokenResponse>, Status> {
        let name = request.into_inner().name;
        self.catalog.table(&name)?;
        Ok(Response::new(GenerateConsistencyTokenResponse { consistency_token: name }))
    }

    /// There is one copy of the data, and it is always consistent.
    async fn check_consistency(
        &self,
        request: Request<CheckConsistencyRequest>,
    ) -> Result<Response<CheckConsistencyResponse>, Status> {
        let request = request.into_inner();
        self.catalog.table(&request.name)?;
        if request.consistency_token != request.name {
            return Err(Status::invalid_argument("the consistency token is not this table's"));
        }
        Ok(Response::new(CheckConsistencyResponse { consistent: true }))
    }
}

/// As the service's documentation has it.
const MAX_SPLITS: usize = 100;

/// A new table's record. Its families are numbered in the order of their names.
fn new_record(request: CreateTableRequest) -> Result<TableRecord, Status> {
    check_parent(&request.parent)?;
    check_table_id(&request.table_id)?;
    if request.initial_splits.len() > MAX_SPLITS {
        return Err(Status::invalid_argument(format!("more than {MAX_SPLITS} initial splits")));
    }
    let table = request.table.unwrap_or_default();
    let mut record = TableRecord {
        name: format!("{}/tables/{}", request.parent, request.table_id),
        splits: request
            .initial_splits
            .into_iter()
            .map(|split| split.key)
            .filter(|key| !key.is_empty())
            .collect(),
        deletion_protection: table.deletion_protection,
        ..TableRecord::default()
    };
    let mut families: Vec<_> = table.column_families.iter().collect();
    families.sort_by_key(|(name, _)| *name);
    for (name, family) in families {
        families::create(&mut record, name, family)?;
    }
    Ok(record)
}

fn refuse_protected(record: &TableRecord) -> Result<(), Status> {
    if record.deletion_protection {
        return Err(Status::failed_precondition(format!(
            "table {:?} is protected from deletion",
            record.name
        )));
    }
    Ok(())
}

/// The table in the detail asked for, by default its name alone.
fn show(table: &TableProto, view: i32) -> TableProto {
    match View::try_from(view) {
        Ok(View::SchemaView | View::Full) => table.clone(),
        _ => TableProto { name: table.name.clone(), ..TableProto::default() },
    }
}

fn check_parent(parent: &str) -> Result<(), Status> {
    match parent.split('/').collect::<Vec<_>>()[..] {
        ["projects", project, "instances", instance] if !project.is_empty() && !instance.is_empty() => Ok(()),
        _ => Err(Status::invalid_argument(format!("parent {parent:?} is not projects/*/instances/*"))),
    }
}

fn check_table_id(id: &str) -> Result<(), Status> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let starts_well = id.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if starts_well && id.len() <= MAX_TABLE_ID_BYTES && id.bytes().all(valid) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!(
        "table id {id:?} does not match [_a-zA-Z0-9][-_.a-zA-Z0-9]{{0,49}}"
    )))
}
