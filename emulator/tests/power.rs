//! What the servers ask of the operating system before they answer, as `strace` sees it. A loss of power itself cannot
//! be tried here.

#![allow(clippy::print_stderr, reason = "for whoever runs the test")]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bigtable_support;
mod pubsub_support;
mod served;

use bigtable_support::{Clients, set};
use emulator::{Durability, Options, Servers};
use pubsub_support::{Client, TOPIC, message};
use served::Served;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const DURABLE: &str = "POWER_TEST_DURABLE";

/// Not a test: the tests run it in a child. It ends when its standard input does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a program that other tests start"]
async fn serve_when_asked_by_another_test() {
    let Some(data_dir) = served::data_dir() else { return };
    let durability = if std::env::var_os(DURABLE).is_some() { Durability::Disk } else { Durability::Process };
    let options = Options { data_dir: Some(data_dir), durability, ..Options::default() };
    let servers = Servers::start(options).await.unwrap();
    served::serve_at(&format!("{} {}", servers.pubsub.addr(), servers.bigtable.addr())).await;
    servers.shutdown().await.unwrap();
}

/// Both servers in a child that is watched.
struct Watched {
    process: Served,
    pubsub: String,
    bigtable: String,
    calls: PathBuf,
}

impl Watched {
    /// `None` where `strace` is missing or not allowed.
    fn start(folder: &Path, durability: Durability) -> Option<Self> {
        let calls = folder.join("calls");
        let strace = || {
            let mut command = Command::new("strace");
            command.args(["-f", "-y", "-qq", "-e", "trace=fsync,fdatasync", "-o"]).arg(&calls);
            command
        };
        if !strace().arg("true").status().is_ok_and(|status| status.success()) {
            eprintln!("skipped: no strace");
            return None;
        }
        let mut command = strace();
        command.arg(std::env::current_exe().unwrap());
        if durability == Durability::Disk {
            command.env(DURABLE, "1");
        }
        let process = Served::start_by(command, &folder.join("data"));
        let (pubsub, bigtable) = process.place.split_once(' ').unwrap();
        let (pubsub, bigtable) = (format!("http://{pubsub}"), bigtable.to_owned());
        Some(Self { process, pubsub, bigtable, calls })
    }

    /// How often a store's journal has been synced.
    fn syncs(&self, store: &str) -> usize {
        let synced = |line: &&str| line.contains(store) && line.contains(".jnl>") && line.ends_with("= 0");
        fs::read_to_string(&self.calls).unwrap().lines().filter(synced).count()
    }

    fn folder_syncs(&self, path: &Path) -> usize {
        let calls = fs::read_to_string(&self.calls).unwrap();
        calls.lines().filter(|line| line.contains(&format!("<{}>", path.display()))).count()
    }
}

/// How often the journals are synced by a row and by a message, once they are answered.
async fn syncs_of_a_row_and_a_message(servers: &Watched) -> (usize, usize) {
    let mut clients = Clients::connect(&servers.bigtable).await;
    let table = clients.create("t", &["f"]).await;
    let before = servers.syncs("/bigtable/");
    clients.mutate(&table, &[(b"k", vec![set("f", b"q", 1_000, b"v")])]).await.unwrap();
    let row = servers.syncs("/bigtable/") - before;

    let client = Client::to(&servers.pubsub).await;
    client.create_topic(TOPIC).await.unwrap();
    let before = servers.syncs("/pubsub/");
    client.publish(vec![message("1")]).await.unwrap();
    (row, servers.syncs("/pubsub/") - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_disk_durability_a_row_and_a_message_are_synced_once_before_they_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let Some(servers) = Watched::start(folder.path(), Durability::Disk) else { return };
    assert_eq!(syncs_of_a_row_and_a_message(&servers).await, (1, 1));
    servers.process.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_process_durability_rows_and_messages_are_not_synced() {
    let folder = tempfile::tempdir().unwrap();
    let Some(servers) = Watched::start(folder.path(), Durability::Process) else { return };
    assert_eq!(syncs_of_a_row_and_a_message(&servers).await, (0, 0));
    servers.process.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_of_new_folders_are_synced_with_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let Some(servers) = Watched::start(folder.path(), Durability::Process) else { return };
    let data = folder.path().join("data");
    for path in [folder.path(), &data] {
        assert!(servers.folder_syncs(path) > 0, "{}", path.display());
    }
    let (tables, topics) = (data.join("bigtable/keyspaces"), data.join("pubsub/keyspaces"));
    let before = (servers.folder_syncs(&tables), servers.folder_syncs(&topics));
    Clients::connect(&servers.bigtable).await.create("t", &["f"]).await;
    Client::to(&servers.pubsub).await.create_topic(TOPIC).await.unwrap();
    assert!(servers.folder_syncs(&tables) > before.0);
    assert!(servers.folder_syncs(&topics) > before.1);
    servers.process.stop();
}
