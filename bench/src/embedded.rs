//! The embedded servers in a process of their own, with everything set up: [`serve`] is that process, [`Embedded`] its
//! handle.

use crate::child::Process;
use crate::servers::{Addresses, say};
use crate::usage;
use gcp::Project;
use payments::names::Names;
use payments::{emulators, setup};
use std::io::BufRead;

/// Serves until standard input ends. Says its addresses, and the CPU seconds it has used when asked.
pub fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let servers = runtime.block_on(start())?;
    say(&Addresses { pubsub: servers.pubsub.addr(), bigtable: servers.bigtable.addr() })?;
    for line in std::io::stdin().lock().lines() {
        line?;
        say(&usage::cpu_seconds())?;
    }
    Ok(runtime.block_on(servers.shutdown())?)
}

async fn start() -> anyhow::Result<emulator::Servers> {
    let servers = emulator::Servers::start(emulator::Options::default()).await?;
    let args = emulators::setup_args(&servers, Names::default(), Project::default(), "payments".to_owned());
    setup::verdict(&setup::run(&args).await?)?;
    Ok(servers)
}

/// The running process; it ends with this handle, and its data with it.
#[derive(Debug)]
pub struct Embedded {
    process: Process,
    pub addresses: Addresses,
}

impl Embedded {
    pub fn start() -> anyhow::Result<Self> {
        let mut process = Process::start(&["embedded".to_owned()])?;
        let addresses = process.read()?;
        Ok(Self { process, addresses })
    }

    pub fn cpu_seconds(&mut self) -> anyhow::Result<f64> {
        self.process.say("")?;
        self.process.read()
    }

    /// Waits until the data is gone.
    pub fn end(self) -> anyhow::Result<()> {
        self.process.end()
    }
}
