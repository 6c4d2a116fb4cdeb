//! The null servers in a process of their own: [`serve`] is that process, [`Servers`] its handle.

use crate::child::Process;
use crate::options::{Payload, Serve};
use crate::payloads;
use fakes::null::{NullBigtable, NullPubsub};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::net::SocketAddr;

const COUNTS: &str = "counts";
const ANSWER: &str = "answer";

/// Where the servers listen.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Addresses {
    pub pubsub: SocketAddr,
    pub bigtable: SocketAddr,
}

/// What the servers have seen.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Counts {
    pub published: u64,
    pub delivered: u64,
    pub acked: u64,
    pub nacked: u64,
    /// Rows confirmed, over all tables.
    pub rows: u64,
}

/// Serves until standard input ends. Says its addresses, and its counts when asked.
pub fn serve(args: &Serve) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let messages = payloads::messages(args.payload, payloads::distinct(args.deliveries))?;
    let (pubsub, bigtable) = runtime.block_on(async {
        let bigtable = NullBigtable::start_hanging().await?;
        std::io::Result::Ok((NullPubsub::start(messages, args.deliveries).await?, bigtable))
    })?;
    if !args.hang {
        bigtable.answer();
    }
    say(&Addresses { pubsub: pubsub.addr(), bigtable: bigtable.addr() })?;
    for line in std::io::stdin().lock().lines() {
        match line?.as_str() {
            ANSWER => bigtable.answer(),
            _ => say(&counts(&pubsub, &bigtable))?,
        }
    }
    Ok(())
}

fn counts(pubsub: &NullPubsub, bigtable: &NullBigtable) -> Counts {
    let counts = pubsub.counts();
    Counts {
        published: counts.published,
        delivered: counts.delivered,
        acked: counts.acked,
        nacked: counts.nacked,
        rows: bigtable.rows().values().sum(),
    }
}

/// Writes a line of JSON.
#[expect(clippy::disallowed_methods, reason = "for this program's other process, not for a terminal")]
pub fn say(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// The running process; it ends with this handle.
#[derive(Debug)]
pub struct Servers {
    process: Process,
    pub addresses: Addresses,
}

impl Servers {
    /// Starts servers that will deliver `deliveries` payments.
    pub fn start(payload: Payload, deliveries: u64, hang: bool) -> anyhow::Result<Self> {
        let deliveries = deliveries.to_string();
        let mut args = vec!["serve", "--payload", payload.name(), "--deliveries", &deliveries];
        args.extend(hang.then_some("--hang"));
        let mut process = Process::start(&args.into_iter().map(str::to_owned).collect::<Vec<_>>())?;
        let addresses = process.read()?;
        Ok(Self { process, addresses })
    }

    pub fn counts(&mut self) -> anyhow::Result<Counts> {
        self.process.say(COUNTS)?;
        self.process.read()
    }

    /// Lets a hanging Bigtable answer.
    pub fn answer(&mut self) -> anyhow::Result<()> {
        self.process.say(ANSWER)
    }
}
