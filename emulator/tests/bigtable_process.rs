//! The server in a process of its own: killed, and under load.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bigtable_support;
mod served;

use served::Served;
use service::usage::Usage;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bigtable_support::{Clients, max_versions, read_request, set, start};
use emulator::proto::bigtable::row_filter::{Chain, Filter as Kind};
use emulator::proto::bigtable::{
    MutateRowsRequest, ReadRowsRequest, RowFilter, SampleRowKeysRequest, mutate_rows_request,
};

/// Not a test: [`Served::start`] runs it in the child. It ends when its standard input does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a program that other tests start"]
async fn serve_when_asked_by_another_test() {
    let Some(data_dir) = served::data_dir() else { return };
    let server = start(&data_dir).await;
    served::serve_at(&server.addr().to_string()).await;
    server.shutdown().await.unwrap();
}

/// CPU seconds of the process so far.
fn cpu_secs(process: &Served) -> f64 {
    Usage::of(process.child.id()).unwrap().cpu.as_secs_f64()
}

/// Largest resident size so far, in MiB.
fn peak_mib(process: &Served) -> u64 {
    Usage::of(process.child.id()).unwrap().peak_bytes >> 20
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_every_answered_write() {
    let dir = tempfile::tempdir().unwrap();
    let process = Served::start(dir.path());
    let mut clients = Clients::connect(&process.place).await;
    let table = clients.create("t", &["f"]).await;
    let answered = Arc::new(AtomicU64::new(0));
    let writer = tokio::spawn({
        let (mut clients, table, answered) = (clients.clone(), table.clone(), answered.clone());
        async move {
            for number in 0_u64.. {
                let key = format!("row{number:08}");
                let rows = [(key.as_bytes(), vec![set("f", b"q", 1_000, &[b'x'; 500])])];
                if clients.mutate(&table, &rows).await.is_err() {
                    return;
                }
                answered.store(number + 1, Ordering::SeqCst);
            }
        }
    });
    while answered.load(Ordering::SeqCst) < 300 {
        tokio::task::yield_now().await;
    }
    process.kill();
    writer.await.unwrap();

    let process = Served::start(dir.path());
    let rows = Clients::connect(&process.place).await.read_all(&table).await;
    let answered = answered.load(Ordering::SeqCst) as usize;
    assert!(rows.len() == answered || rows.len() == answered + 1, "{} rows of {answered}", rows.len());
    assert!(rows.iter().all(|(_, cells)| cells[0].value == [b'x'; 500]));
    process.stop();
}

/// xorshift64*: the load's data is random, but the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

const FAMILIES: [&str; 6] =
    ["payment_header", "amount_info", "party_info", "processing_info", "type_specific", "metadata"];

/// A row of 30 cells, about 650 bytes of values.
fn row(random: &mut Random, table: usize, number: u64, shift_micros: u64) -> mutate_rows_request::Entry {
    let customer = random.next() % 100_000;
    let date =
        format!("2024-{:02}-{:02}T09:26:53.{:06}Z", number % 12 + 1, number % 28 + 1, number % 1_000_000);
    let id = format!("{:016x}{number:016x}", random.next());
    let key = match table {
        0 => format!("CUST{customer:06}#{date}#WIRE"),
        1 => format!("{date}#WIRE#CUST{customer:06}"),
        _ => format!("{id}#CUST{customer:06}#{date}"),
    };
    let timestamp_micros = (1_700_000_000_000_000 + number / 1_000 * 1_000 + shift_micros) as i64;
    let cell = |at: usize| {
        let value = match at % 4 {
            0 => format!("{:016x}{:016x}", random.next(), number),
            1 => date.clone(),
            2 => format!("{}", random.next() % 1_000_000),
            _ => ["COMPLETED", "settlement batch", "USD", "urn:iso:std:iso:20022"][at % 7 % 4].to_owned(),
        };
        set(FAMILIES[at / 5], format!("field_number_{at:02}").as_bytes(), timestamp_micros, value.as_bytes())
    };
    mutate_rows_request::Entry {
        row_key: key.into_bytes(),
        mutations: (0..30).map(cell).collect(),
        idempotency: None,
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Loads three tables, scans one and prints rates, CPU, memory and disk. Further passes write the same rows again, with
/// cells that are newer by the shift. Run it with
/// `LOAD_ROWS=1000000 cargo test --release -p emulator --test bigtable_process -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, minutes long"]
async fn load_and_scan() {
    let (rows, passes, shift) =
        (number("LOAD_ROWS", 100_000), number("LOAD_PASSES", 1), number("LOAD_SHIFT_MS", 0));
    let dir = tempfile::tempdir().unwrap();
    let process = Served::start(dir.path());
    let mut clients = Clients::connect(&process.place).await;
    let mut tables = Vec::new();
    for id in ["by_customer", "by_date", "by_transaction"] {
        tables.push(clients.create_with_rules(id, &FAMILIES.map(|family| (family, max_versions(1)))).await);
    }
    for pass in 0..passes {
        let (started, cpu) = (Instant::now(), cpu_secs(&process));
        load(&process, &tables, rows, pass * shift * 1_000).await;
        let (secs, cpu, total) = (started.elapsed().as_secs_f64(), cpu_secs(&process) - cpu, 3 * rows);
        let million = total as f64 / 1e6;
        println!("pass {pass}: {total} rows in {secs:.1} s: {:.0} rows/s", total as f64 / secs);
        println!("  server: {:.2} CPU s per million rows, peak {} MiB", cpu / million, peak_mib(&process));
        println!("  disk: {:.0} bytes per row", disk_bytes(dir.path()) as f64 / total as f64);
    }
    for (name, filter) in [("scan", None), ("count", Some(count_filter()))] {
        let (started, cpu) = (Instant::now(), cpu_secs(&process));
        let request = ReadRowsRequest { filter, ..read_request(&tables[0]) };
        let (rows, bytes) = drain(&mut clients, request).await;
        let (secs, cpu) = (started.elapsed().as_secs_f64(), cpu_secs(&process) - cpu);
        println!("{name}: {rows} rows, {bytes} bytes in {secs:.1} s: {:.0} rows/s", rows as f64 / secs);
        println!(
            "  server: {:.2} CPU s per million rows, peak {} MiB",
            cpu * 1e6 / rows as f64,
            peak_mib(&process)
        );
    }
    let request = SampleRowKeysRequest { table_name: tables[0].clone(), ..Default::default() };
    let started = Instant::now();
    let mut samples = clients.data.sample_row_keys(request).await.unwrap().into_inner();
    let mut count = 0;
    while samples.message().await.unwrap().is_some() {
        count += 1;
    }
    println!("samples: {count} in {:?}", started.elapsed());
    process.kill();
    let started = Instant::now();
    let process = Served::start(dir.path());
    println!("start after a kill: {:?}, peak {} MiB", started.elapsed(), peak_mib(&process));
    process.stop();
}

fn count_filter() -> RowFilter {
    let leaf = |filter| RowFilter { filter: Some(filter) };
    let filters = vec![leaf(Kind::CellsPerRowLimitFilter(1)), leaf(Kind::StripValueTransformer(true))];
    leaf(Kind::Chain(Chain { filters }))
}

/// Writes each row to each table, 500 a request, four requests at a time for each table.
async fn load(process: &Served, tables: &[String], rows: u64, shift_micros: u64) {
    const BATCH: u64 = 500;
    const WRITERS: u64 = 4;
    let mut writers = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for writer in 0..WRITERS {
            let (mut clients, table) = (Clients::connect(&process.place).await, table.clone());
            writers.push(tokio::spawn(async move {
                for batch in (writer..rows / BATCH).step_by(WRITERS as usize) {
                    let mut random = Random(batch * 3 + at as u64 + 1);
                    let entries =
                        (0..BATCH).map(|of| row(&mut random, at, batch * BATCH + of, shift_micros)).collect();
                    let request =
                        MutateRowsRequest { table_name: table.clone(), entries, ..Default::default() };
                    let mut stream = clients.data.mutate_rows(request).await.unwrap().into_inner();
                    let response = stream.message().await.unwrap().unwrap();
                    assert!(response.entries.iter().all(|entry| entry.status.as_ref().unwrap().code == 0));
                }
            }));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn drain(clients: &mut Clients, request: ReadRowsRequest) -> (u64, u64) {
    let mut stream = clients.data.read_rows(request).await.unwrap().into_inner();
    let (mut rows, mut bytes) = (0, 0);
    while let Some(response) = stream.message().await.unwrap() {
        rows += response.chunks.iter().filter(|chunk| chunk.row_status.is_some()).count() as u64;
        bytes += response.chunks.iter().map(|chunk| chunk.value.len() as u64).sum::<u64>();
    }
    (rows, bytes)
}

fn disk_bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().filter_map(Result::ok);
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
