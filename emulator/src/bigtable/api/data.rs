//! The data service, except `ReadRows`.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Once};
use tonic::{Request, Response, Status};

use crate::bigtable::read::sample::sample;
use crate::bigtable::store::catalog::Catalog;
use crate::bigtable::store::limits::check_key;
use crate::bigtable::write::bulk;
use crate::bigtable::write::conditional::{check_all, check_and_mutate, read_modify_write};
use crate::bigtable::write::writer::{Entry, mutate_one};
use crate::disk::Disk;
use crate::proto::bigtable::{
    CheckAndMutateRowRequest, CheckAndMutateRowResponse, MutateRowRequest, MutateRowResponse,
    MutateRowsResponse, PingAndWarmRequest, PingAndWarmResponse, ReadModifyWriteRowRequest,
    ReadModifyWriteRowResponse, SampleRowKeysRequest, SampleRowKeysResponse,
};
use crate::proto::bigtable_data::bigtable_server::Bigtable;

use super::jobs::Jobs;

/// `google.bigtable.v2.Bigtable`.
#[derive(Clone)]
pub struct Data {
    pub catalog: Arc<Catalog>,
    pub jobs: Arc<Jobs>,
    pub disk: Arc<Disk>,
}

impl Data {
    /// Runs a write off the asynchronous threads, if there is room for it.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Catalog) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let disk = self.disk.clone();
        let job = move |catalog: &Catalog| {
            disk.check()?;
            let answer = work(catalog)?;
            catalog.keep_up()?;
            Ok(answer)
        };
        self.jobs.write(job).await
    }
}

/// A single response as a stream.
type Single<T> = Once<std::future::Ready<Result<T, Status>>>;

fn single<T>(answer: T) -> Response<Single<T>> {
    Response::new(stream::once(std::future::ready(Ok(answer))))
}

/// Refuses a call on a view: this server has whole tables only.
pub fn refuse_views(names: &[&str]) -> Result<(), Status> {
    if names.iter().all(|name| name.is_empty()) {
        return Ok(());
    }
    Err(Status::unimplemented("views are not kept; name the table"))
}

#[tonic::async_trait]
impl Bigtable for Data {
    type SampleRowKeysStream = stream::Iter<std::vec::IntoIter<Result<SampleRowKeysResponse, Status>>>;
    type MutateRowsStream = Single<MutateRowsResponse>;

    async fn sample_row_keys(
        &self,
        request: Request<SampleRowKeysRequest>,
    ) -> Result<Response<Self::SampleRowKeysStream>, Status> {
        let request = request.into_inner();
        refuse_views(&[&request.authorized_view_name, &request.materialized_view_name])?;
        let table = self.catalog.table(&request.table_name)?;
        let samples = self.jobs.read(move || sample(&*table.state()?)).await?;
        let answers: Vec<_> = samples.into_iter().map(Ok).collect();
        Ok(Response::new(stream::iter(answers)))
    }

    async fn mutate_row(
        &self,
        request: Request<MutateRowRequest>,
    ) -> Result<Response<MutateRowResponse>, Status> {
        let request = request.into_inner();
        refuse_views(&[&request.authorized_view_name])?;
        let work = move |catalog: &Catalog| {
            let table = catalog.table(&request.table_name)?;
            check_key(&request.row_key)?;
            if request.mutations.is_empty() {
                return Err(Status::invalid_argument("No mutations provided"));
            }
            mutate_one(&table, |schema, now_micros| Entry {
                key: &request.row_key,
                changes: check_all(&request.mutations, schema, now_micros),
            })
        };
        self.write(work).await?;
        Ok(Response::new(MutateRowResponse {}))
    }

    async fn mutate_rows(&self, request: Request<Bytes>) -> Result<Response<Self::MutateRowsStream>, Status> {
        let message = request.into_inner();
        Ok(single(self.write(move |catalog| bulk::mutate_rows(catalog, &message)).await?))
    }

    async fn check_and_mutate_row(
        &self,
        request: Request<CheckAndMutateRowRequest>,
    ) -> Result<Response<CheckAndMutateRowResponse>, Status> {
        let request = request.into_inner();
        refuse_views(&[&request.authorized_view_name])?;
        let table = self.catalog.table(&request.table_name)?;
        let predicate_matched = self.write(move |_| check_and_mutate(&table, &request)).await?;
        Ok(Response::new(CheckAndMutateRowResponse { predicate_matched }))
    }

    async fn ping_and_warm(
        &self,
        _request: Request<PingAndWarmRequest>,
    ) -> Result<Response<PingAndWarmResponse>, Status> {
        Ok(Response::new(PingAndWarmResponse {}))
    }

    async fn read_modify_write_row(
        &self,
        request: Request<ReadModifyWriteRowRequest>,
    ) -> Result<Response<ReadModifyWriteRowResponse>, Status> {
        let request = request.into_inner();
        refuse_views(&[&request.authorized_view_name])?;
        let table = self.catalog.table(&request.table_name)?;
        let row = self.write(move |_| read_modify_write(&table, &request)).await?;
        Ok(Response::new(ReadModifyWriteRowResponse { row: Some(row) }))
    }
}
