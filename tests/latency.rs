//! Two trickles and a sink as processes of their own: the rate, the rows, and how soon they are there.

use anyhow::{Context, Result, ensure};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as bigtable;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as pubsub;
use prost::Message;
use schemas::Payment;
use schemas::layout::{KeySuffix, PerTable, Table, row_key};
use std::collections::{HashMap, HashSet};
use std::process::Stdio;
use std::time::{Duration, Instant};
use whole_path::{Backend, Pipeline, tables, trickle};
use whole_path::{Running, programs};

/// How many, and how fast: `TRICKLE_SECONDS` and `TRICKLE_RATE` (a second, for each of two shards) make it longer.
fn load() -> (u64, u64) {
    let number = |name, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    (number("TRICKLE_SECONDS", 6), number("TRICKLE_RATE", 200))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_shards_hold_their_rate_and_every_payment_is_a_row_soon() -> Result<()> {
    let (seconds, rate) = load();
    let pipeline = Pipeline::connect(Backend::program()?).await?;
    let age = std::env::var("TRICKLE_PANE_AGE").unwrap_or_else(|_| "500ms".to_owned());
    let mut command = programs::command("sink");
    command
        .env("PUBSUB_EMULATOR_HOST", pipeline.backend.pubsub_addr().to_string())
        .env("BIGTABLE_EMULATOR_HOST", pipeline.backend.bigtable_addr().to_string())
        .args(["--max-pane-age", &age, "--exit-when-idle", "5s"]);
    let mut sink = Running::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let (rate_flag, duration) = (format!("{rate}/s"), format!("{seconds}s"));
    let shards = ["0/2", "1/2"].map(|shard| {
        let flags =
            ["--rate", &rate_flag, "--duration", &duration, "--shard", shard, "--update-within", "20s"];
        let command = trickle::command(&pipeline, &flags);
        tokio::task::spawn_blocking(move || trickle::run(command))
    });
    let latencies = probe(&pipeline, Duration::from_secs(seconds)).await?;
    let (mut published, mut payments) = (Vec::new(), latencies.len() as u64);
    for shard in shards {
        let line = shard.await??;
        let (all, updates) = (trickle::count(&line, "published"), trickle::count(&line, "updates"));
        println!(
            "published {all}, updates {updates}, skipped {}, publish p50 {} ms, p99 {} ms",
            line["skipped"], line["publish_p50_ms"], line["publish_p99_ms"]
        );
        published.push((all, trickle::count(&line, "skipped")));
        payments += all - updates;
    }
    assert_eq!(sink.end(Duration::from_mins(2)).await?, Some(0));
    // On a busy machine some slots pass while the process is not run: they are reported, and only the long version
    // forbids them.
    let is_long = std::env::var_os("TRICKLE_SECONDS").is_some();
    for (all, skipped) in published {
        let (kept, wanted) = (if is_long { all } else { all + skipped } as f64, (rate * seconds) as f64);
        ensure!((kept - wanted).abs() <= wanted / 100.0, "{all} messages and {skipped} skipped of {wanted}");
    }
    let rows = tables::read(&pipeline.bigtable, Table::ByTransaction).await?;
    let ids: HashSet<_> = rows.keys().map(|key| &key[..36]).collect();
    println!("payments {payments}, rows {}, ids {}", rows.len(), ids.len());
    assert_eq!((rows.len() as u64, ids.len() as u64), (payments, payments));
    assert_eq!(tables::counts(&pipeline.bigtable).await?, PerTable::same(payments as usize));
    let quantile = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize];
    println!(
        "publish to row in all tables: p50 {:?}, p99 {:?}, max {:?}",
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    );
    ensure!(quantile(0.99) < Duration::from_secs(20), "rows come too late: {:?}", quantile(0.99));
    Ok(())
}

/// Publishes payments of its own, twenty a second, and looks for their rows all the time: from just before the publish
/// to the moment at which all three tables gave the row to a reader. Sorted.
async fn probe(pipeline: &Pipeline, duration: Duration) -> Result<Vec<Duration>> {
    let generator = generator::Generator::new(generator::Config::default())?;
    let started = Instant::now();
    let (mut waiting, mut latencies, mut index) = (HashMap::new(), Vec::new(), 0);
    loop {
        if started.elapsed() < duration {
            let payment = generator.payment(index);
            index += 1;
            let data = payment.encode_to_vec();
            let at = Instant::now();
            pipeline.publish(vec![pubsub::PubsubMessage { data, ..Default::default() }]).await?;
            waiting.insert(
                payment.payment_header.as_ref().context("a header")?.payment_id.clone(),
                (at, payment),
            );
        } else if waiting.is_empty() {
            latencies.sort_unstable();
            return Ok(latencies);
        }
        ensure!(started.elapsed() < duration + Duration::from_mins(1), "{} rows never came", waiting.len());
        let until = Instant::now() + Duration::from_millis(50);
        while Instant::now() < until {
            let seen = visible(pipeline, &waiting).await?;
            let now = Instant::now();
            for id in seen {
                if let Some((at, _)) = waiting.remove(&id) {
                    latencies.push(now - at);
                }
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }
}

/// Those of the payments whose rows are in all three tables.
async fn visible(pipeline: &Pipeline, waiting: &HashMap<String, (Instant, Payment)>) -> Result<Vec<String>> {
    let mut found = HashMap::<String, usize>::new();
    for table in Table::ALL {
        let keys: HashMap<_, _> = (waiting.iter())
            .map(|(id, (_, payment))| (row_key(payment, table, KeySuffix::None), id.clone()))
            .collect();
        if keys.is_empty() {
            break;
        }
        let request = bigtable::ReadRowsRequest {
            table_name: pipeline.bigtable.table_name(table.id()),
            rows: Some(bigtable::RowSet { row_keys: keys.keys().cloned().collect(), ..Default::default() }),
            filter: Some(bigtable::RowFilter {
                filter: Some(bigtable::row_filter::Filter::CellsPerRowLimitFilter(1)),
            }),
            ..Default::default()
        };
        let mut stream = pipeline.bigtable.client().read_rows(request).await?.into_inner();
        while let Some(response) = stream.message().await? {
            for chunk in response.chunks.iter().filter(|chunk| !chunk.row_key.is_empty()) {
                *found.entry(keys[&chunk.row_key].clone()).or_default() += 1;
            }
        }
    }
    Ok(found.into_iter().filter(|(_, tables)| *tables == 3).map(|(id, _)| id).collect())
}
