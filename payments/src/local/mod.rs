//! `payments local`: embedded servers, producer and sink in one process, and a summary read back from the tables.

mod display;
mod options;
mod read_back;
mod summary;

pub use options::{Args, with_defaults};

use crate::names::Names;
use crate::output::write;
use crate::{emulators, setup};
use display::Display;
use emulator::Servers;
use gcp::bigtable::Bigtable;
use gcp::pubsub::Pubsub;
use generator::Generator;
use monitor::Monitor;
use monitor::report::Verdict;
use monitor::watched::Subject;
use prometheus_client::registry::Registry;
use read_back::TableContent;
use service::terminal;
use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use summary::Summary;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const TICK: Duration = Duration::from_millis(100);

/// Runs the pipeline until everything generated is in the tables, and fails if the counts disagree.
pub async fn run(args: Args, out: &mut impl Write, shutdown: CancellationToken) -> anyhow::Result<()> {
    let generator = args.generation.generator()?;
    args.sink.check().map_err(sink::Error::from)?;
    args.monitor.check()?;
    let range = args.publishing.range(generator.config().num_records)?;
    let servers = Servers::start(emulator::Options {
        data_dir: args.data_dir.clone(),
        durability: args.durability.into(),
        ..Default::default()
    })
    .await
    .map_err(|error| emulators::refused(&error))?;
    let progress = (Arc::new(producer::Progress::default()), Arc::new(sink::Progress::default()));
    let metrics = emulators::Metrics::default();
    let monitor = watch(&args, generator.run_id(), &progress, &metrics).await?;
    producer::remark(generator.config()).into_iter().for_each(terminal::remark);
    #[cfg(feature = "otlp")]
    let monitor = monitor.export(exported(&args, &servers))?;
    let expected = range.end - range.start;
    let view = args.top.then(|| View::open(&monitor, &shutdown)).flatten();
    let pipeline = Pipeline { args: &args, servers: &servers, generator, expected, progress };
    let result = tokio::select! {
        result = pipeline.run(shutdown) => result,
        never = emulators::watch(&servers, &metrics) => match never {},
    };
    metrics.look(&servers.figures().await);
    if let Some(view) = view {
        view.close().await?;
    }
    servers.shutdown().await?;
    let summary = result?;
    write(out, args.format, || summary.text(args.show_rows), || summary.json())?;
    let verdict = summary.verdict();
    let judged = monitor.finish(Some(told(&verdict))).await;
    verdict?;
    judged
}

/// `payments top` over this process.
struct View {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl View {
    /// Who leaves the view stops the run.
    fn open(monitor: &Monitor, shutdown: &CancellationToken) -> Option<Self> {
        let (addr, stop, run) = (monitor.addr?, CancellationToken::new(), shutdown.clone());
        let left = stop.clone();
        let task = tokio::spawn(async move {
            let ended = top::attach(vec![addr], left).await;
            run.cancel();
            ended
        });
        Some(Self { stop, task })
    }

    async fn close(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.task.await?
    }
}

/// Lets others see both stages and the servers.
async fn watch(
    args: &Args,
    run_id: &str,
    (producer, sink): &(Arc<producer::Progress>, Arc<sink::Progress>),
    metrics: &emulators::Metrics,
) -> Result<Monitor, service::Error> {
    let mut registry = Registry::default();
    producer.register(&mut registry);
    sink.register(&mut registry);
    metrics.register(&mut registry);
    let mut settings = args.sink.settings();
    settings.insert("run_id".into(), run_id.into());
    let subject = Subject {
        binary: "local",
        version: env!("CARGO_PKG_VERSION"),
        health: sink.health.clone(),
        settings,
        heat: sink.heat.clone(),
    };
    let monitor = monitor::Args { usual: top::usual_addresses().collect(), ..args.monitor.clone() };
    Monitor::start(&monitor, subject, registry).await
}

/// What both stages push.
#[cfg(feature = "otlp")]
fn exported(args: &Args, servers: &Servers) -> Vec<monitor::otlp::Mapping> {
    let (project, bigtable) = (gcp::Project::default(), gcp::bigtable::Args::default());
    let pubsub = gcp::pubsub::Args { pubsub_emulator_host: Some(servers.pubsub.addr().to_string()) };
    let mut table = producer::otlp::table(&args.publishing.topic, &pubsub);
    table.extend(sink::otlp::table(&args.sink, &project, &pubsub, &bigtable));
    table
}

/// A verdict for a report.
fn told(verdict: &anyhow::Result<()>) -> Verdict {
    match verdict {
        Ok(()) => Verdict { is_ok: true, lines: vec!["all payments are in all three tables".to_owned()] },
        Err(error) => Verdict { is_ok: false, lines: vec![format!("{error:#}")] },
    }
}

struct Pipeline<'a> {
    args: &'a Args,
    servers: &'a Servers,
    generator: Arc<Generator>,
    /// Payments that this run publishes.
    expected: u64,
    progress: (Arc<producer::Progress>, Arc<sink::Progress>),
}

/// A running stage, its counts, and the way to stop it.
struct Stage<P, T> {
    progress: Arc<P>,
    stop: CancellationToken,
    task: JoinHandle<T>,
}

type Producer = Stage<producer::Progress, Result<producer::Outcome, producer::Error>>;
type Sink = Stage<sink::Progress, Result<(), sink::Error>>;

impl Pipeline<'_> {
    async fn run(&self, shutdown: CancellationToken) -> anyhow::Result<Summary> {
        let setup = self.set_up().await?;
        let pubsub = Pubsub::connect(&setup.pubsub, &setup.project).await?;
        let bigtable = Bigtable::connect(&setup.bigtable, &setup.project, self.args.sink.connections).await?;
        let started = Instant::now();
        let mut producer = self.start_producer(&pubsub, shutdown.child_token());
        let mut sink = self.start_sink(&pubsub, &bigtable);
        let display = Display::new(self.expected, self.args.top);
        let watched = self.watch(&mut producer, &mut sink, &display, &pubsub, &shutdown).await;
        producer.stop.cancel();
        sink.stop.cancel();
        let published = finish(&mut producer.task).await;
        let consumed = finish(&mut sink.task).await;
        display.finish();
        watched?;
        let outcome = published??;
        consumed??;
        let elapsed = started.elapsed();
        // Not into the view, which is still there.
        if !self.args.top {
            terminal::remark("counting the rows in the tables");
        }
        let tables = read_back::read(&bigtable, self.generator.run_id(), self.args.show_rows).await?;
        Ok(self.summary(&outcome, &producer.progress, &sink.progress, elapsed, tables))
    }

    async fn set_up(&self) -> anyhow::Result<setup::Args> {
        let names = Names {
            topic: self.args.publishing.topic.clone(),
            subscription: self.args.sink.subscription.clone(),
            dead_letter_topic: self.args.sink.dead_letter_topic.clone(),
        };
        let project = gcp::Project::default();
        let args = emulators::setup_args(self.servers, names, project, "payments".to_owned());
        let args = setup::Args { row_key_suffix: self.args.sink.row_key_suffix, ..args };
        setup::verdict(&setup::run(&args).await?)?;
        Ok(args)
    }

    fn start_producer(&self, pubsub: &Pubsub, stop: CancellationToken) -> Producer {
        let progress = self.progress.0.clone();
        let (generator, options) = (self.generator.clone(), self.args.publishing.clone());
        let (pubsub, counts, token) = (pubsub.clone(), progress.clone(), stop.clone());
        let batch = producer::Batch::default();
        let task =
            tokio::spawn(
                async move { producer::run(generator, &options, &batch, &pubsub, counts, token).await },
            );
        Stage { progress, stop, task }
    }

    fn start_sink(&self, pubsub: &Pubsub, bigtable: &Bigtable) -> Sink {
        let progress = self.progress.1.clone();
        let stop = CancellationToken::new();
        // This process knows when everything is written; the sink alone could only guess.
        let options = sink::Options { exit_when_idle: None, ..self.args.sink.clone() };
        let (pubsub, bigtable, counts, token) =
            (pubsub.clone(), bigtable.clone(), progress.clone(), stop.clone());
        let task = tokio::spawn(async move { sink::run(&options, &pubsub, &bigtable, counts, token).await });
        Stage { progress, stop, task }
    }

    /// Shows the progress until the producer is done and nothing is left to ack, or until it is told to stop.
    async fn watch(
        &self,
        producer: &mut Producer,
        sink: &mut Sink,
        display: &Display,
        pubsub: &Pubsub,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<()> {
        let subscription = pubsub.subscription_name(&self.args.sink.subscription);
        let mut ticks = tokio::time::interval(TICK);
        let mut failed = pin!(self.servers.failed());
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                error = &mut failed => return Err(error.into()),
                () = shutdown.cancelled() => return Ok(()),
            }
            display.show(&producer.progress, &sink.progress);
            if sink.task.is_finished() || producer.task.is_finished() && producer.progress.failed() > 0 {
                return Ok(());
            }
            let drained = || self.servers.pubsub.stats(&subscription).is_none_or(|stats| stats.unacked == 0);
            if producer.task.is_finished() && drained() {
                return Ok(());
            }
        }
    }

    fn summary(
        &self,
        outcome: &producer::Outcome,
        producer: &producer::Progress,
        sink: &sink::Progress,
        elapsed: Duration,
        tables: Vec<TableContent>,
    ) -> Summary {
        Summary {
            run_id: self.generator.run_id().to_owned(),
            expected: self.expected,
            complete: outcome.is_complete(),
            generated: producer.generated(),
            published: producer.published(),
            consumed: sink.received.get(),
            acked: sink.acked.get(),
            dead_letters: sink.dead_lettered.get(),
            returned: sink.nacked.get(),
            retries: sink.retries.get(),
            elapsed,
            tables,
            data_dir: self.args.data_dir.clone(),
        }
    }
}

/// Waits for a stage; a panic in it becomes an error.
async fn finish<T>(task: &mut JoinHandle<T>) -> anyhow::Result<T> {
    Ok(task.await?)
}
