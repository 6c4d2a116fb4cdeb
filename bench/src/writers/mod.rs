//! The compared ways to write payments to the three tables.
//!
//! All write the same cells under the same keys, in requests of [`setting::REQUEST_ROWS`] rows, over as many
//! connections, with as many requests in flight, and check every entry's status.

mod setting;
mod structs;

use crate::options::Writer;
use anyhow::{bail, ensure};
use bigtable_rs::bigtable::{BigTable, BigTableConnection};
use gcp::bigtable::{Args, Bigtable};
use gcp::{Project, Transport};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::bigtable_client::BigtableClient;
use schemas::Payment;
use schemas::layout::PerTable;
use setting::{CONNECTIONS, PUBLISH_MICROS, REQUEST_ROWS};
use sink::bench_support::WritePath;
use std::net::SocketAddr;

pub use setting::PANE_ROWS;

/// One of the alternatives, connected.
pub enum AnyWriter {
    Sink(Box<WritePath>),
    Prost { clients: Vec<BigtableClient<Transport>>, tables: PerTable<String> },
    BigtableRs { client: Box<BigTable>, tables: PerTable<String> },
}

impl AnyWriter {
    pub async fn connect(writer: Writer, addr: SocketAddr) -> anyhow::Result<Self> {
        let args = Args { instance: "payments".to_owned(), bigtable_emulator_host: Some(addr.to_string()) };
        let bigtable = Bigtable::connect(&args, &Project::default(), CONNECTIONS).await?;
        let tables = PerTable::from_fn(|table| bigtable.table_name(table.id()));
        Ok(match writer {
            Writer::Sink => {
                let options = ::sink::Options::default();
                ensure!(options.request_rows == REQUEST_ROWS, "the sink's default has changed");
                ensure!(options.connections == CONNECTIONS, "the sink's default has changed");
                Self::Sink(Box::new(WritePath::new(&options, &bigtable)))
            }
            Writer::Prost => {
                let clients = bigtable.transports().iter().cloned().map(BigtableClient::new).collect();
                Self::Prost { clients, tables }
            }
            Writer::BigtableRs => {
                let (addr, project, instance) = (addr.to_string(), "local", "payments");
                let connection = BigTableConnection::new_with_emulator(
                    &addr,
                    project,
                    instance,
                    false,
                    CONNECTIONS,
                    None,
                )?;
                Self::BigtableRs { client: Box::new(connection.client()), tables }
            }
        })
    }

    /// Writes the payments to all three tables.
    ///
    /// # Errors
    /// When any row is not confirmed.
    pub async fn write(&self, payments: &[Payment]) -> anyhow::Result<()> {
        match self {
            Self::Sink(path) => match path.write(payments, PUBLISH_MICROS).await {
                0 => Ok(()),
                failed => bail!("{failed} rows were not written"),
            },
            Self::Prost { clients, tables } => {
                structs::write(payments, tables, |lane, request| {
                    let mut client = clients[lane % clients.len()].clone();
                    async move { Ok(client.mutate_rows(request).await?.into_inner()) }
                })
                .await
            }
            Self::BigtableRs { client, tables } => {
                structs::write(payments, tables, |_, request| {
                    let mut client = client.clone();
                    async move { Ok(client.mutate_rows(request).await?) }
                })
                .await
            }
        }
    }
}
