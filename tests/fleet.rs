//! Several sinks on one subscription, each a process of its own: how they share a load, and what becomes of it while some
//! are killed, frozen, stopped or added.

use anyhow::{Context, Result, ensure};
use emulator::pubsub::SubscriptionStats;
use gcp::bigtable::read::{Row, Scan};
use monitor::exposition::parse;
use schemas::layout::Table;
use serde_json::Value;
use std::fs::File;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use whole_path::pages::get;
use whole_path::{Backend, Pipeline, Running, tables};

/// A load of so many payments; `LONG_TESTS=1` makes it twenty times as long.
fn records(usual: u64) -> u64 {
    if is_long() { usual * 20 } else { usual }
}

/// Longest wait for anything.
fn limit() -> Duration {
    Duration::from_mins(if is_long() { 60 } else { 5 })
}

fn is_long() -> bool {
    std::env::var("LONG_TESTS").is_ok_and(|value| value == "1")
}

/// Of a sink, from SIGTERM to the end of the drain, and then to that of the process. More than the usual grace period, for
/// the sake of machines that have other work.
const GRACE: Duration = Duration::from_mins(1);
const SPARE: Duration = Duration::from_secs(5);

const SMALL: &str = "16MiB";

/// Each test loads the machine by itself.
static TURN: Mutex<()> = Mutex::const_new(());

/// The servers in this process, and room for the sinks' logs.
struct Fleet {
    _turn: MutexGuard<'static, ()>,
    pipeline: Pipeline,
    folder: TempDir,
}

struct Sink {
    process: Running,
    log: PathBuf,
}

impl Fleet {
    async fn new() -> Result<Self> {
        let turn = TURN.lock().await;
        let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
        Ok(Self { _turn: turn, pipeline, folder: tempfile::tempdir()? })
    }

    fn stats(&self, subscription: &str) -> Result<SubscriptionStats> {
        let Backend::Embedded(servers) = &self.pipeline.backend else {
            unreachable!("asked for the embedded servers")
        };
        let name = self.pipeline.pubsub.subscription_name(subscription);
        servers.pubsub.stats(&name).context("the subscription is there")
    }

    fn unacked(&self) -> Result<u64> {
        Ok(self.stats("payments-sink")?.unacked)
    }

    /// With memory for some two thousand messages no sink takes the load all at once.
    fn sink(&self, name: &str, lease: &str, memory: &str) -> Result<Sink> {
        let log = self.folder.path().join(name);
        let mut command = self.pipeline.command("sink");
        command.args(["--http", ":0", "--log-format", "json", "--max-memory", memory, "--lease", lease]);
        command.args(["--grace-period", &format!("{}s", GRACE.as_secs())]);
        let process = Running::spawn(command.stdout(Stdio::null()).stderr(File::create(&log)?))?;
        Ok(Sink { process, log })
    }

    fn sinks<const COUNT: usize>(
        &self,
        names: [&str; COUNT],
        lease: &str,
        memory: &str,
    ) -> Result<Vec<Sink>> {
        names.iter().map(|name| self.sink(name, lease, memory)).collect()
    }

    /// Publishes these of the load's payments, once all sinks are connected: none of them comes late.
    async fn load(&self, sinks: &[Sink], payments: Range<u64>, records: u64) -> Result<Running> {
        for sink in sinks {
            until("each sink is connected", || Ok(sink.figure("payments_sink_streams_opened_total")? > 0))
                .await?;
        }
        let [records, start, end] = [records, payments.start, payments.end].map(|number| number.to_string());
        self.pipeline
            .start("producer", &["--num-records", &records, "--start-index", &start, "--end-index", &end])
    }

    /// Nothing is left, no payment is missing or there twice, none became a dead letter, no cell has two values.
    async fn assert_exact(&self, records: u64) -> Result<()> {
        let left = self.stats("payments-sink")?;
        assert_eq!((left.unacked, left.outstanding), (0, 0));
        assert_eq!(self.stats("payments-dead-letter")?.unacked, 0, "there are no dead letters");
        let mut verify = self.pipeline.command("payments");
        verify.args(["verify", "--num-records", &records.to_string()]);
        let verified = tokio::task::spawn_blocking(move || verify.output()).await??;
        ensure!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        for table in Table::ALL {
            let mut repeated = 0;
            let each = |row: Row<'_>| {
                let names: Vec<_> = row.cells().map(|cell| (cell.family, cell.qualifier)).collect();
                repeated += names.windows(2).filter(|pair| pair[0] == pair[1]).count();
                ControlFlow::Continue(())
            };
            tables::reader(&self.pipeline.bigtable).scan(Scan::of(table.id()), each).await?;
            assert_eq!(repeated, 0, "{}: cells with more than one value", table.id());
        }
        Ok(())
    }
}

impl Sink {
    fn events(&self) -> Result<Vec<Value>> {
        let log = std::fs::read_to_string(&self.log)?;
        Ok(log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// One of its metrics; 0 until it serves them.
    fn figure(&self, name: &str) -> Result<u64> {
        let events = self.events()?;
        let Some(addr) = events.iter().find_map(|event| event["addr"].as_str()) else { return Ok(0) };
        let samples = parse(&get(addr, "/metrics")?);
        let found = samples.into_iter().find(|sample| sample.name == name).context("a sink measures it")?;
        Ok(found.value as u64)
    }

    fn acked(&self) -> Result<u64> {
        self.figure("payments_sink_messages_acked_total")
    }

    fn held(&self) -> Result<u64> {
        self.figure("payments_sink_messages_outstanding")
    }

    /// It has acked some messages and holds others.
    fn is_at_work(&self) -> Result<bool> {
        Ok(self.acked()? > 0 && self.held()? > 0)
    }

    /// Waits for an orderly end that follows a SIGTERM; how many messages it says that it has acked.
    async fn end(&mut self) -> Result<u64> {
        let code = self.process.end(GRACE + SPARE).await?;
        let events = self.events()?;
        ensure!(code == Some(0), "exit code {code:?}: {:?}", events.last());
        let stopped = events.iter().rfind(|event| event["message"] == "stopped").context("a last line")?;
        stopped["acked"].as_u64().context("it says how many")
    }
}

/// SIGTERM to all of them; what each of them had acked in the end.
async fn stop(sinks: &mut [Sink]) -> Result<Vec<u64>> {
    for sink in &*sinks {
        sink.process.signal("-TERM")?;
    }
    let mut acked = Vec::new();
    for sink in sinks {
        acked.push(sink.end().await?);
    }
    Ok(acked)
}

/// Waits until it holds; how long that took.
async fn until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let begin = Instant::now();
    while !holds()? {
        ensure!(begin.elapsed() < limit(), "not within {:?}: {what}", limit());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(begin.elapsed())
}

async fn until_at_work(sinks: &[Sink]) -> Result<()> {
    for sink in sinks {
        until("each sink is at work", || sink.is_at_work()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_two_and_four_sinks_share_a_load_and_no_message_comes_to_two_of_them() -> Result<()> {
    let records = records(10_000);
    for names in [&["a"][..], &["a", "b"], &["a", "b", "c", "d"]] {
        let fleet = Fleet::new().await?;
        let mut sinks: Vec<_> =
            names.iter().map(|name| fleet.sink(name, "60s", SMALL)).collect::<Result<_>>()?;
        let mut producer = fleet.load(&sinks, 0..records, records).await?;
        let begin = Instant::now();
        assert_eq!(producer.end(limit()).await?, Some(0));
        until("all is acked", || Ok(fleet.unacked()? == 0)).await?;
        let took = begin.elapsed();
        let acked = stop(&mut sinks).await?;
        println!("{} sink(s): {acked:?} of {records} messages acked, {took:?}", sinks.len());
        assert_eq!(acked.iter().sum::<u64>(), records, "each message came once: {acked:?}");
        // The server gives to one stream after the other, at most an equal part of what is ready; who is not run by the
        // machine for a while misses turns.
        let least = records / sinks.len() as u64 / 4;
        assert!(acked.iter().all(|&acked| acked >= least), "{acked:?}, none less than {least}");
        fleet.assert_exact(records).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_sink_killed_one_frozen_and_two_added_nothing_is_lost_or_there_twice() -> Result<()> {
    const LEASE: Duration = Duration::from_secs(10);
    let (fleet, records) = (Fleet::new().await?, records(30_000));
    let mut sinks = fleet.sinks(["killed", "frozen", "first"], "10s", SMALL)?;
    let half = records / 2;
    let mut producer = fleet.load(&sinks, 0..half, records).await?;
    until_at_work(&sinks).await?;

    let mut killed = sinks.remove(0);
    killed.process.signal("-KILL")?;
    let (had_acked, had_held) = (sinks[0].acked()?, sinks[0].held()?);
    sinks[0].process.signal("-STOP")?;
    let frozen = Instant::now();
    assert_eq!(killed.process.end(SPARE).await?, None);
    ensure!(had_held > 0, "the frozen sink held nothing");
    sinks.extend(fleet.sinks(["second", "third"], "10s", SMALL)?);
    let mut other_half = fleet.load(&sinks[2..], half..records, records).await?;
    for producer in [&mut producer, &mut other_half] {
        assert_eq!(producer.end(limit()).await?, Some(0));
    }
    until("the others have acked everything", || Ok(fleet.unacked()? == 0)).await?;
    println!("all {records} acked {:?} after the kill and the freeze", frozen.elapsed());
    tokio::time::sleep((LEASE + SPARE).saturating_sub(frozen.elapsed())).await;

    // It does not know that its leases are over: it writes and acks once more what others have.
    sinks[0].process.signal("-CONT")?;
    until("the frozen sink is done", || Ok(sinks[0].acked()? > had_acked && sinks[0].held()? == 0)).await?;
    let acked = stop(&mut sinks).await?;
    println!("acked by the frozen, the first and those added: {acked:?}; {had_acked} before the freeze");
    assert!(acked[1..].iter().all(|&acked| acked > 0), "{acked:?}");
    fleet.assert_exact(records).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_four_sinks_told_to_stop_leave_nothing_leased_to_them() -> Result<()> {
    let (fleet, records) = (Fleet::new().await?, records(30_000));
    // No lease is over before the test is: what stays leased to a sink that is gone is not acked in time.
    let mut leaving = fleet.sinks(["a", "b"], "10m", "128MiB")?;
    let mut staying = fleet.sinks(["c", "d"], "10m", "128MiB")?;
    let mut producer = fleet.load(&staying, 0..records, records).await?;
    // There is room for more, so that more is on its way when they are told.
    for sink in &leaving {
        until("each sink holds something", || Ok(sink.held()? > 0)).await?;
    }

    let begin = Instant::now();
    let had_held = [leaving[0].held()?, leaving[1].held()?];
    let left = stop(&mut leaving).await?;
    println!("told to stop with {had_held:?} held, ended after {:?} with {left:?} acked", begin.elapsed());
    assert_eq!(producer.end(limit()).await?, Some(0));
    let took = until("the others have acked everything", || Ok(fleet.unacked()? == 0)).await?;
    let stayed = stop(&mut staying).await?;
    println!("the others acked {stayed:?}, the last {took:?} after the producer");
    assert_eq!(left.iter().chain(&stayed).sum::<u64>(), records, "what came back had not been acked");
    fleet.assert_exact(records).await
}
