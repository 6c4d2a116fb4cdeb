//! The metrics pages of live processes, with something in every metric: also in those that only bad days move.

use crate::{Backend, Pipeline};
use anyhow::{Context, ensure};
use fakes::scripted::{publishes, writes};
use gcp::Project;
use gcp::bigtable::{self, Bigtable};
use gcp::pubsub::{self, Pubsub};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use monitor::health::Health;
use monitor::watched::{SharedHeat, Subject, Watched};
use payments::{emulators, read_load};
use prometheus_client::registry::Registry;
use schemas::layout::Table;
use service::cli::flags;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

/// The names of all samples of a sink, a producer, a load of reads and the embedded servers.
pub async fn metrics() -> anyhow::Result<BTreeSet<String>> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    pipeline.produce(&["--num-records", "200"]).await?;
    pipeline.publish(vec![PubsubMessage { data: vec![0xff], ..PubsubMessage::default() }]).await?;
    let pages = [sink(&pipeline).await?, producer().await?, servers(&pipeline.backend).await?, reads()?];
    Ok(pages.iter().flat_map(|page| names(page)).collect())
}

/// What an address answers to a path: head and body.
pub fn get(addr: &str, path: &str) -> anyhow::Result<String> {
    let mut connection = TcpStream::connect(addr)?;
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(connection, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(answer)
}

/// The names of a page's samples.
pub fn names(page: &str) -> BTreeSet<String> {
    monitor::exposition::parse(page).into_iter().map(|sample| sample.name).collect()
}

/// Of a sink whose table refuses one request, and of another one row for ever.
async fn sink(pipeline: &Pipeline) -> anyhow::Result<String> {
    let script = |call: &writes::Call| match call.number {
        0 => writes::Reply::Refuse(Status::unavailable("busy")),
        1 => writes::Reply::entries(
            (0..call.request.entries.len())
                .map(|at| (at as i64, if at == 0 { Code::InvalidArgument } else { Code::Ok })),
        ),
        _ => writes::Reply::ok(call),
    };
    let tables = writes::start(script).await?;
    let args = bigtable::Args {
        bigtable_emulator_host: Some(tables.addr().to_string()),
        ..bigtable::Args::default()
    };
    let bigtable = Bigtable::connect(&args, &Project::default(), 1).await?;
    let options: sink::Options = flags(["--exit-when-idle", "1500ms"])?;
    let progress = Arc::new(sink::Progress::default());
    let stop = CancellationToken::new();
    sink::run(&options, &pipeline.pubsub, &bigtable, progress.clone(), stop).await?;
    ensure!(progress.retries.get() > 0 && progress.dead_lettered.get() > 0, "the script was not followed");
    page("sink", |registry| progress.register(registry))
}

/// Of a producer whose first request goes again, and whose second attempt is refused for good.
async fn producer() -> anyhow::Result<String> {
    let script = |number: usize, _: &_| {
        publishes::Reply::Refuse(match number {
            0 => Status::unavailable("busy"),
            _ => Status::permission_denied("not you"),
        })
    };
    let server = publishes::start(script).await?;
    let args = pubsub::Args { pubsub_emulator_host: Some(server.addr().to_string()) };
    let pubsub = Pubsub::connect(&args, &Project::default()).await?;
    let load: crate::pipeline::ProducerFlags = flags(["--num-records", "10"])?;
    let (generator, progress) = (load.generation.generator()?, Arc::new(producer::Progress::default()));
    let stop = CancellationToken::new();
    let run = producer::run(generator, &load.publishing, &load.batch, &pubsub, progress.clone(), stop);
    ensure!(run.await.is_err(), "the script was not followed");
    page("producer", |registry| progress.register(registry))
}

/// Of a load of reads, one of which was not sent.
fn reads() -> anyhow::Result<String> {
    let progress = read_load::Progress::default();
    let waited = Duration::from_secs(1);
    let unsent = read_load::Unsent { first: 0, reads: 1, waited, why: read_load::Why::NoRoom };
    progress.unsent(Table::ByDate, &unsent);
    page("read-load", |registry| progress.register(registry))
}

async fn servers(backend: &Backend) -> anyhow::Result<String> {
    let Backend::Embedded(servers) = backend else { anyhow::bail!("only the embedded servers tell") };
    let metrics = emulators::Metrics::default();
    metrics.look(&servers.figures().await);
    page("emulators", |registry| metrics.register(registry))
}

fn page(binary: &'static str, register: impl FnOnce(&mut Registry)) -> anyhow::Result<String> {
    let mut registry = Registry::default();
    register(&mut registry);
    let subject = Subject {
        binary,
        version: "0",
        health: Health::default(),
        settings: BTreeMap::default(),
        heat: SharedHeat::default(),
    };
    Watched::new(subject, registry).text().context("the page is written")
}
