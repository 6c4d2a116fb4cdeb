//! Shared by the Bigtable tests: a server on a free port, clients, short ways to write requests.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod model;

use std::path::Path;

use emulator::bigtable::{Options, Server};
use emulator::proto::bigtable::bigtable_client::BigtableClient;
use emulator::proto::bigtable::mutation::{Mutation as Kind, SetCell};
use emulator::proto::bigtable::read_rows_response::cell_chunk::RowStatus;
use emulator::proto::bigtable::{
    MutateRowsRequest, Mutation, ReadRowsRequest, ReadRowsResponse, RowFilter, mutate_rows_request,
    row_filter,
};
use emulator::proto::bigtable_admin::bigtable_table_admin_client::BigtableTableAdminClient;
use emulator::proto::bigtable_admin::{ColumnFamily, CreateTableRequest, GcRule, Table, gc_rule};
use tokio::net::TcpListener;
use tonic::Status;
use tonic::transport::Channel;

pub const INSTANCE: &str = "projects/p/instances/i";

/// A cell as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub family: String,
    pub qualifier: Vec<u8>,
    pub timestamp_micros: i64,
    pub value: Vec<u8>,
    pub labels: Vec<String>,
}

pub type SeenRow = (Vec<u8>, Vec<Seen>);

pub async fn start(data_dir: &Path) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Server::start(listener, Options::new(data_dir)).await.unwrap()
}

pub async fn channel(addr: impl std::fmt::Display) -> Channel {
    Channel::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap()
}

#[derive(Clone)]
pub struct Clients {
    pub data: BigtableClient<Channel>,
    pub admin: BigtableTableAdminClient<Channel>,
}

impl Clients {
    pub async fn connect(addr: impl std::fmt::Display) -> Clients {
        let channel = channel(addr).await;
        let data = BigtableClient::new(channel.clone()).max_decoding_message_size(64 << 20);
        Clients { data, admin: BigtableTableAdminClient::new(channel) }
    }

    /// Creates a table whose families have no garbage-collection rule.
    pub async fn create(&mut self, table_id: &str, families: &[&str]) -> String {
        let families: Vec<_> = families.iter().map(|&name| (name, None)).collect();
        self.create_with_rules(table_id, &families).await
    }

    pub async fn create_with_rules(&mut self, table_id: &str, families: &[(&str, Option<GcRule>)]) -> String {
        let family = |(name, gc_rule): &(&str, Option<GcRule>)| {
            (name.to_string(), ColumnFamily { gc_rule: gc_rule.clone(), ..ColumnFamily::default() })
        };
        let table = Table { column_families: families.iter().map(family).collect(), ..Table::default() };
        let request = CreateTableRequest {
            parent: INSTANCE.to_owned(),
            table_id: table_id.to_owned(),
            table: Some(table),
            initial_splits: vec![],
        };
        self.admin.create_table(request).await.unwrap().into_inner().name
    }

    /// Mutates rows and returns the code of each entry.
    pub async fn mutate(&mut self, table: &str, rows: &[(&[u8], Vec<Mutation>)]) -> Result<Vec<i32>, Status> {
        let entry = |(key, mutations): &(&[u8], Vec<Mutation>)| mutate_rows_request::Entry {
            row_key: key.to_vec(),
            mutations: mutations.clone(),
            idempotency: None,
        };
        let entries = rows.iter().map(entry).collect();
        let request = MutateRowsRequest { table_name: table.to_owned(), entries, ..Default::default() };
        let mut stream = self.data.mutate_rows(request).await?.into_inner();
        let mut codes = vec![-1; rows.len()];
        while let Some(response) = stream.message().await? {
            for entry in response.entries {
                codes[entry.index as usize] = entry.status.unwrap().code;
            }
        }
        Ok(codes)
    }

    /// Reads rows, checking the protocol of the chunks on the way.
    pub async fn read(&mut self, request: ReadRowsRequest) -> Result<Vec<SeenRow>, Status> {
        let mut stream = self.data.read_rows(request).await?.into_inner();
        let mut rows = Rows::default();
        while let Some(response) = stream.message().await? {
            rows.push(response);
        }
        Ok(rows.finish())
    }

    pub async fn read_all(&mut self, table: &str) -> Vec<SeenRow> {
        self.read(read_request(table)).await.unwrap()
    }

    pub async fn read_filtered(
        &mut self,
        table: &str,
        kind: row_filter::Filter,
    ) -> Result<Vec<SeenRow>, Status> {
        let filter = Some(RowFilter { filter: Some(kind) });
        self.read(ReadRowsRequest { filter, ..read_request(table) }).await
    }
}

pub fn read_request(table: &str) -> ReadRowsRequest {
    ReadRowsRequest { table_name: table.to_owned(), ..ReadRowsRequest::default() }
}

pub fn set(family: &str, qualifier: &[u8], timestamp_micros: i64, value: &[u8]) -> Mutation {
    let set = SetCell {
        family_name: family.to_owned(),
        column_qualifier: qualifier.to_vec(),
        timestamp_micros,
        value: value.to_vec(),
    };
    Mutation { mutation: Some(Kind::SetCell(set)) }
}

pub fn seen(family: &str, qualifier: &[u8], timestamp_micros: i64, value: &[u8]) -> Seen {
    Seen {
        family: family.to_owned(),
        qualifier: qualifier.to_vec(),
        timestamp_micros,
        value: value.to_vec(),
        labels: vec![],
    }
}

#[allow(clippy::unnecessary_wraps, reason = "families take it as it is")]
pub fn max_versions(versions: i32) -> Option<GcRule> {
    Some(GcRule { rule: Some(gc_rule::Rule::MaxNumVersions(versions)) })
}

/// Assembles rows from chunks, as the protocol says.
#[derive(Default)]
pub struct Rows {
    done: Vec<SeenRow>,
    open: Option<SeenRow>,
    /// Bytes of a split value that are still to come.
    missing: usize,
}

impl Rows {
    pub fn push(&mut self, response: ReadRowsResponse) {
        for chunk in response.chunks {
            let (_, cells) = self.open.get_or_insert_with(|| {
                assert!(!chunk.row_key.is_empty(), "a row starts with its key");
                (chunk.row_key.clone(), vec![])
            });
            if self.missing > 0 {
                cells.last_mut().unwrap().value.extend_from_slice(&chunk.value);
                self.missing -= chunk.value.len();
            } else {
                let last = cells.last();
                let family = chunk.family_name.clone().unwrap_or_else(|| last.unwrap().family.clone());
                assert!(
                    chunk.family_name.is_none() || chunk.qualifier.is_some(),
                    "a family comes with a qualifier"
                );
                let qualifier = chunk.qualifier.clone().unwrap_or_else(|| last.unwrap().qualifier.clone());
                self.missing = (chunk.value_size as usize).saturating_sub(chunk.value.len());
                cells.push(Seen {
                    family,
                    qualifier,
                    timestamp_micros: chunk.timestamp_micros,
                    value: chunk.value,
                    labels: chunk.labels,
                });
            }
            if chunk.row_status == Some(RowStatus::CommitRow(true)) {
                assert_eq!(self.missing, 0, "a row is committed with its last value");
                self.done.push(self.open.take().unwrap());
            }
        }
    }

    pub fn finish(self) -> Vec<SeenRow> {
        assert!(self.open.is_none(), "the last row is committed");
        self.done
    }
}
