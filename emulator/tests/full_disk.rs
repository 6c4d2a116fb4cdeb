//! Both servers on a disk that fills up: a small file system in memory, which only root may mount.

#![allow(clippy::print_stderr, reason = "for whoever runs the test")]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bigtable_support;
mod pubsub_support;

use bigtable_support::Clients;
use emulator::proto::bigtable::MutateRowRequest;
use emulator::proto::pubsub::Subscription;
use emulator::{bigtable, pubsub};
use pubsub_support::{Client, message};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::{Code, Status};

/// Larger than the stores' journals, which are allocated whole.
const SIZE: &str = "size=300m";
const RESERVE: u64 = 32 << 20;

/// A file system of its own, gone with the value.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder.path());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: mounting is not allowed");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all room but about so many bytes.
    fn fill_but(&self, left: u64) {
        let mut file = File::create(self.path().join("filler")).unwrap();
        while self.free() > left {
            file.write_all(&vec![0; (self.free() - left).min(1 << 20) as usize]).unwrap();
        }
    }

    fn empty(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }

    fn free(&self) -> u64 {
        let disk = rustix::fs::statvfs(self.path()).unwrap();
        disk.f_bavail * disk.f_frsize
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a server of a test that failed may still have files open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn pubsub_on(disk: &Small, reserve_bytes: u64) -> (pubsub::Server, Client) {
    let options = pubsub::Options { reserve_bytes, ..pubsub::Options::new(disk.path().join("pubsub")) };
    let server = pubsub::Server::start(listener().await, options).await.unwrap();
    let client = Client::connect(&server).await;
    (server, client)
}

fn megabyte() -> String {
    "x".repeat(1 << 20)
}

fn assert_full(refused: &Status) {
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert!(refused.message().contains("the disk of"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishes_are_refused_while_the_disk_is_full_and_go_on_by_themselves() {
    let Some(disk) = Small::mount() else { return };
    let (server, client) = pubsub_on(&disk, RESERVE).await;
    client.create_topic(pubsub_support::TOPIC).await.unwrap();
    client.subscribe(Subscription::default()).await.unwrap();
    client.publish(vec![message("before")]).await.unwrap();
    disk.fill_but(RESERVE / 2);
    assert_full(&client.publish(vec![message("refused")]).await.unwrap_err());
    // What is there can still be consumed, and acknowledged for good.
    let received = client.pull(10).await.unwrap();
    client.ack(&received).await.unwrap();
    disk.empty();
    client.publish(vec![message("after")]).await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_refused_while_the_disk_is_full_and_go_on_by_themselves() {
    let Some(disk) = Small::mount() else { return };
    let options =
        bigtable::Options { reserve_bytes: RESERVE, ..bigtable::Options::new(disk.path().join("bigtable")) };
    let server = bigtable::Server::start(listener().await, options).await.unwrap();
    let mut clients = Clients::connect(server.addr()).await;
    let table_name = clients.create("t", &["f"]).await;
    let mutations = vec![bigtable_support::set("f", b"q", 1_000, b"v")];
    let request = MutateRowRequest { table_name, row_key: b"k".into(), mutations, ..Default::default() };
    clients.data.mutate_row(request.clone()).await.unwrap();
    disk.fill_but(RESERVE / 2);
    assert_full(&clients.data.mutate_row(request.clone()).await.unwrap_err());
    disk.empty();
    clients.data.mutate_row(request).await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_has_failed_is_told_and_what_was_answered_is_there_at_the_next_start() {
    let Some(disk) = Small::mount() else { return };
    let (server, client) = pubsub_on(&disk, 0).await;
    client.create_topic(pubsub_support::TOPIC).await.unwrap();
    client.subscribe(Subscription::default()).await.unwrap();
    disk.fill_but(8 << 20);
    let mut published = 0;
    let fill = async {
        while client.publish(vec![message(&megabyte())]).await.is_ok() {
            published += 1;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), fill).await.expect("the disk becomes full");
    let failed = tokio::time::timeout(Duration::from_secs(10), server.failed()).await.expect("it is told");
    assert!(failed.to_string().contains("make room and start again"), "{failed}");
    drop(server);
    disk.empty();
    let (server, _client) = tokio::time::timeout(Duration::from_secs(20), pubsub_on(&disk, 0)).await.unwrap();
    let unacked = server.stats(pubsub_support::SUBSCRIPTION).unwrap().unacked;
    assert!(unacked >= published, "{unacked} of {published}");
    server.shutdown().await.unwrap();
}
