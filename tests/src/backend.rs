//! The servers that a test runs on.

use crate::{Running, programs};
use anyhow::{Context, bail};
use emulator::Servers;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for one of Google's emulators to answer.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Both services, running; gone when dropped.
pub enum Backend {
    Embedded(Box<Servers>),
    Google {
        pubsub: Process,
        bigtable: Process,
    },
    /// `payments emulators`, set up.
    Program {
        _process: Running,
        pubsub: SocketAddr,
        bigtable: SocketAddr,
    },
}

/// One of Google's emulators.
#[derive(Debug)]
pub struct Process {
    child: Child,
    addr: SocketAddr,
}

impl Backend {
    pub async fn embedded() -> anyhow::Result<Self> {
        Ok(Self::Embedded(Box::new(Servers::start(emulator::Options::default()).await?)))
    }

    /// `payments emulators` as an operator starts it, in a process of its own.
    pub fn program() -> anyhow::Result<Self> {
        let mut command = programs::command("payments");
        command.args(["emulators", "--pubsub-port", "0", "--bigtable-port", "0"]);
        let mut process = Running::spawn(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let stdout = process.0.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut addr = || -> anyhow::Result<SocketAddr> {
            let line = lines.next().context("`payments emulators` ended")??;
            Ok(line.rsplit('=').next().unwrap_or_default().parse()?)
        };
        let (pubsub, bigtable) = (addr()?, addr()?);
        Ok(Self::Program { _process: process, pubsub, bigtable })
    }

    /// Google's emulators; `None`, after saying so, where they are not installed and need not be.
    ///
    /// # Errors
    /// With `REQUIRE_GOOGLE_EMULATORS=1` it is an error that they are not installed.
    #[expect(clippy::print_stderr, reason = "for whoever runs the tests")]
    pub async fn google() -> anyhow::Result<Option<Self>> {
        let Some(platform) = platform_folder() else {
            if std::env::var("REQUIRE_GOOGLE_EMULATORS").is_ok_and(|value| value == "1") {
                bail!("REQUIRE_GOOGLE_EMULATORS=1, but no gcloud SDK with both emulators was found");
            }
            eprintln!(
                "skipped: Google's emulators are not installed (gcloud components install bigtable pubsub-emulator)"
            );
            return Ok(None);
        };
        let started = tokio::task::spawn_blocking(move || -> anyhow::Result<Self> {
            Ok(Self::Google {
                pubsub: Process::start(&platform.join(PUBSUB))?,
                bigtable: Process::start(&platform.join(BIGTABLE))?,
            })
        });
        started.await?.map(Some)
    }

    pub fn pubsub_addr(&self) -> SocketAddr {
        match self {
            Self::Embedded(servers) => servers.pubsub.addr(),
            Self::Google { pubsub, .. } => pubsub.addr,
            Self::Program { pubsub, .. } => *pubsub,
        }
    }

    pub fn bigtable_addr(&self) -> SocketAddr {
        match self {
            Self::Embedded(servers) => servers.bigtable.addr(),
            Self::Google { bigtable, .. } => bigtable.addr,
            Self::Program { bigtable, .. } => *bigtable,
        }
    }
}

const PUBSUB: &str = "pubsub-emulator/bin/cloud-pubsub-emulator";
const BIGTABLE: &str = "bigtable-emulator/cbtemulator";

/// The SDK's folder of components, if it has both emulators.
fn platform_folder() -> Option<PathBuf> {
    let asked = Command::new("gcloud")
        .args(["info", "--format=value(installation.sdk_root)"])
        .stdin(Stdio::null())
        .output()
        .ok()
        .map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join("google-cloud-sdk"));
    let usual = ["/usr/lib/google-cloud-sdk", "/opt/google-cloud-sdk"].map(PathBuf::from);
    let complete = |platform: &PathBuf| platform.join(PUBSUB).exists() && platform.join(BIGTABLE).exists();
    usual.into_iter().chain(home).chain(asked).map(|root| root.join("platform")).find(complete)
}

impl Process {
    /// Starts an emulator on a port that was free a moment ago; on the rare clash, on another.
    fn start(program: &Path) -> anyhow::Result<Self> {
        let mut last = None;
        for _ in 0..3 {
            let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
            match Self::start_at(program, addr) {
                Ok(process) => return Ok(process),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no attempt was made")?)
    }

    fn start_at(program: &Path, addr: SocketAddr) -> anyhow::Result<Self> {
        let child = Command::new(program)
            .args([format!("--host={}", addr.ip()), format!("--port={}", addr.port())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // The Pub/Sub emulator is a script around Java: the group is what ends with the test.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut process = Self { child, addr };
        // Read to the end, so that the pipe never fills; shown only by a failing test's captured output.
        let stderr = process.child.stderr.take().context("stderr is piped")?;
        std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).for_each(drop));
        process.wait_for_port()?;
        Ok(process)
    }

    fn wait_for_port(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.addr).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the emulator at {} ended with {status}", self.addr);
            }
            if Instant::now() > deadline {
                bail!("the emulator at {} did not answer in {START_TIMEOUT:?}", self.addr);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}
