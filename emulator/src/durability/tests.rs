//! That answers come after the syncs they need, seen from a layer between the servers and their stores. Of the store's
//! own call, `tests/power.rs` has the view from below.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::Status;

use super::*;
use crate::proto::bigtable::{
    CheckAndMutateRowRequest, MutateRowRequest, ReadModifyWriteRowRequest, ReadModifyWriteRule,
    read_modify_write_rule::Rule,
};
use crate::proto::bigtable_admin::drop_row_range_request::Target;
use crate::proto::bigtable_admin::modify_column_families_request::{Modification, modification::Mod};
use crate::proto::bigtable_admin::{
    ColumnFamily, DeleteTableRequest, DropRowRangeRequest, ModifyColumnFamiliesRequest,
};
use crate::proto::pubsub::seek_request::Target as SeekTarget;
use crate::proto::pubsub::{
    CreateSnapshotRequest, DeleteSnapshotRequest, DeleteSubscriptionRequest, DeleteTopicRequest, SeekRequest,
    StreamingPullRequest, Subscription,
};
use crate::{bigtable, pubsub};
use bigtable_support::{Clients, set};
use pubsub_support::{Client, SUBSCRIPTION, TOPIC, message};

#[path = "../../tests/bigtable_support/mod.rs"]
mod bigtable_support;
#[path = "../../tests/pubsub_support/mod.rs"]
mod pubsub_support;

/// An answer that does not wait for its sync is there sooner than this, on a slow machine too.
const SOON: Duration = Duration::from_millis(300);

/// A layer that can keep syncs from happening, and copies what is on disk after each.
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    data: PathBuf,
    copies: tempfile::TempDir,
    syncs: AtomicU64,
}

struct Gated {
    store: Box<dyn Synced>,
    gate: Arc<Gate>,
}

impl Synced for Gated {
    fn sync(&self) -> fjall::Result<()> {
        let mut is_open = self.gate.is_open.lock();
        while !*is_open {
            self.gate.opened.wait(&mut is_open);
        }
        self.store.sync()?;
        // Counted once it is whole: the last one is opened while the next sync may be under way.
        let number = self.gate.syncs.load(Ordering::SeqCst) + 1;
        copy(&self.gate.data, &self.gate.copies.path().join(number.to_string()));
        self.gate.syncs.store(number, Ordering::SeqCst);
        Ok(())
    }
}

impl Gate {
    fn new(data: &Path) -> Arc<Self> {
        let (is_open, opened, copies) = (Mutex::new(true), Condvar::new(), tempfile::tempdir().unwrap());
        Arc::new(Self { is_open, opened, data: data.to_owned(), copies, syncs: AtomicU64::new(0) })
    }

    fn syncs(self: &Arc<Self>, durability: Durability) -> impl FnOnce(Database) -> Syncs + Send + 'static {
        let gate = self.clone();
        move |database| Syncs::new(durability, Box::new(Gated { store: Box::new(database), gate }))
    }

    fn set_open(&self, is_open: bool) {
        *self.is_open.lock() = is_open;
        self.opened.notify_all();
    }

    /// Asserts that a call is not answered before a sync, and gives its answer with what was on disk at that time.
    async fn answer<T: Send + 'static>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, Status>> + Send + 'static,
    ) -> (T, PathBuf) {
        self.set_open(false);
        let mut call = tokio::spawn(call);
        if let Ok(early) = timeout(SOON, &mut call).await {
            self.set_open(true);
            early.unwrap().expect(what);
            panic!("{what} was answered before it was on disk");
        }
        self.set_open(true);
        let answer = timeout(Duration::from_secs(10), call).await.expect(what).unwrap().expect(what);
        (answer, self.copies.path().join(self.syncs.load(Ordering::SeqCst).to_string()))
    }
}

/// Copies a folder. Journals are large and empty but for their start.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
            continue;
        }
        let (mut from, mut to) = (File::open(entry.path()).unwrap(), File::create(to).unwrap());
        let (mut block, nothing) = (vec![0; 64 << 10], vec![0; 64 << 10]);
        loop {
            match from.read(&mut block).unwrap() {
                0 => break,
                read if block[..read] == nothing[..read] => {
                    to.seek(SeekFrom::Current(read as i64)).unwrap();
                }
                read => to.write_all(&block[..read]).unwrap(),
            }
        }
        to.set_len(from.stream_position().unwrap()).unwrap();
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn bigtable(dir: &Path, gate: &Arc<Gate>, durability: Durability) -> (bigtable::Server, Clients) {
    let options = bigtable::Options::new(dir);
    let server =
        bigtable::Server::start_with(listener().await, options, gate.syncs(durability)).await.unwrap();
    let clients = Clients::connect(server.addr()).await;
    (server, clients)
}

async fn pubsub(dir: &Path, gate: &Arc<Gate>, durability: Durability) -> (pubsub::Server, Client) {
    let options = pubsub::Options::new(dir);
    let server = pubsub::Server::start_with(listener().await, options, gate.syncs(durability)).await.unwrap();
    let client = Client::connect(&server).await;
    (server, client)
}

/// The rows of a table in a copy of a data directory.
async fn rows(copy: &Path, table: &str) -> Vec<Vec<u8>> {
    let server = bigtable_support::start(copy).await;
    let rows = Clients::connect(server.addr()).await.read_all(table).await;
    server.shutdown().await.unwrap();
    rows.into_iter().map(|(key, _)| key).collect()
}

/// The unacknowledged messages in a copy of a data directory.
async fn unacked(copy: &Path) -> Option<u64> {
    let server = pubsub_support::start(copy).await;
    let unacked = server.stats(SUBSCRIPTION).map(|stats| stats.unacked);
    server.shutdown().await.unwrap();
    unacked
}

fn row(table: &str, key: &str) -> MutateRowRequest {
    MutateRowRequest {
        table_name: table.to_owned(),
        row_key: key.into(),
        mutations: vec![set("f", b"q", 1_000, b"v")],
        ..MutateRowRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_of_rows_is_answered_before_it_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(dir.path());
    let (server, mut clients) = bigtable(dir.path(), &gate, Durability::Disk).await;
    let table = clients.create("t", &["f"]).await;
    let (mut data, request) = (clients.data.clone(), row(&table, "one"));
    let (_, disk) = gate.answer("MutateRow", async move { data.mutate_row(request).await }).await;
    assert_eq!(rows(&disk, &table).await, [b"one"]);

    let (mut data, request) = (clients.data.clone(), row(&table, "one"));
    let again = gate.answer("MutateRow that changes nothing", async move { data.mutate_row(request).await });
    again.await;

    let (mut many, name) = (clients.clone(), table.clone());
    let entries = async move { many.mutate(&name, &[(b"two", vec![set("f", b"q", 1_000, b"v")])]).await };
    let (codes, disk) = gate.answer("MutateRows", entries).await;
    assert_eq!(codes, [0]);
    assert_eq!(rows(&disk, &table).await, [b"one", b"two"]);

    let request = CheckAndMutateRowRequest {
        table_name: table.clone(),
        row_key: b"three".into(),
        false_mutations: vec![set("f", b"q", 1_000, b"v")],
        ..CheckAndMutateRowRequest::default()
    };
    let mut data = clients.data.clone();
    let call = async move { data.check_and_mutate_row(request).await };
    let (_, disk) = gate.answer("CheckAndMutateRow", call).await;
    assert_eq!(rows(&disk, &table).await, [b"one".as_slice(), b"three", b"two"]);

    let rule = ReadModifyWriteRule {
        family_name: "f".to_owned(),
        column_qualifier: b"q".into(),
        rule: Some(Rule::AppendValue(b"v".into())),
    };
    let request = ReadModifyWriteRowRequest {
        table_name: table.clone(),
        row_key: b"four".into(),
        rules: vec![rule],
        ..ReadModifyWriteRowRequest::default()
    };
    let mut data = clients.data.clone();
    let call = async move { data.read_modify_write_row(request).await };
    let (_, disk) = gate.answer("ReadModifyWriteRow", call).await;
    assert_eq!(rows(&disk, &table).await.len(), 4);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_of_tables_is_answered_before_it_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(dir.path());
    let (server, mut clients) = bigtable(dir.path(), &gate, Durability::Disk).await;
    let mut other = clients.clone();
    let (table, disk) = gate.answer("CreateTable", async move { Ok(other.create("t", &["f"]).await) }).await;
    assert!(rows(&disk, &table).await.is_empty());

    let family = Modification {
        id: "g".to_owned(),
        r#mod: Some(Mod::Create(ColumnFamily::default())),
        ..Modification::default()
    };
    let request = ModifyColumnFamiliesRequest {
        name: table.clone(),
        modifications: vec![family],
        ..ModifyColumnFamiliesRequest::default()
    };
    let mut admin = clients.admin.clone();
    gate.answer("ModifyColumnFamilies", async move { admin.modify_column_families(request).await }).await;

    for target in [Target::RowKeyPrefix(b"k".into()), Target::DeleteAllDataFromTable(true)] {
        clients.data.mutate_row(row(&table, "k")).await.unwrap();
        let request = DropRowRangeRequest { name: table.clone(), target: Some(target) };
        let mut admin = clients.admin.clone();
        let (_, disk) = gate.answer("DropRowRange", async move { admin.drop_row_range(request).await }).await;
        assert!(rows(&disk, &table).await.is_empty());
    }

    let mut admin = clients.admin.clone();
    let request = DeleteTableRequest { name: table.clone() };
    gate.answer("DeleteTable", async move { admin.delete_table(request).await }).await;
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_and_no_exact_acknowledgement_is_confirmed_before_it_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(dir.path());
    let (server, client) = pubsub(dir.path(), &gate, Durability::Disk).await;
    client.create_topic(TOPIC).await.unwrap();
    let exactly_once = Subscription { enable_exactly_once_delivery: true, ..Subscription::default() };
    client.subscribe(exactly_once).await.unwrap();

    let publisher = client.clone();
    let call = async move { publisher.publish(vec![message("1"), message("2")]).await };
    let (_, disk) = gate.answer("Publish", call).await;
    assert_eq!(unacked(&disk).await, Some(2));

    let mut received = Vec::new();
    while received.len() < 2 {
        received.extend(client.pull(2).await.unwrap());
    }
    let (subscriber, first) = (client.clone(), received[..1].to_vec());
    let ((), disk) = gate.answer("Acknowledge", async move { subscriber.ack(&first).await }).await;
    assert_eq!(unacked(&disk).await, Some(1));

    let mut stream = client.stream().await;
    let ack_ids = vec![received[1].ack_id.clone()];
    let confirmed = async move {
        stream.requests.send(StreamingPullRequest { ack_ids, ..Default::default() }).await.unwrap();
        loop {
            let response = stream.next().await?;
            if response.acknowledge_confirmation.is_some() {
                return Ok(());
            }
        }
    };
    let ((), disk) = gate.answer("an acknowledgement in a stream", confirmed).await;
    assert_eq!(unacked(&disk).await, Some(0));
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_of_topics_subscriptions_and_snapshots_is_answered_before_it_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(dir.path());
    let (server, client) = pubsub(dir.path(), &gate, Durability::Disk).await;
    let other = client.clone();
    gate.answer("CreateTopic", async move { other.create_topic(TOPIC).await }).await;
    let other = client.clone();
    let call = async move { other.subscribe(Subscription::default()).await };
    let (_, disk) = gate.answer("CreateSubscription", call).await;
    assert_eq!(unacked(&disk).await, Some(0));

    client.publish(vec![message("1")]).await.unwrap();
    let (name, subscription) = ("projects/p/snapshots/before".to_owned(), SUBSCRIPTION.to_owned());
    let request = CreateSnapshotRequest {
        name: name.clone(),
        subscription: subscription.clone(),
        ..CreateSnapshotRequest::default()
    };
    let mut subscriber = client.subscriber.clone();
    gate.answer("CreateSnapshot", async move { subscriber.create_snapshot(request).await }).await;

    let received = client.pull(1).await.unwrap();
    client.ack(&received).await.unwrap();
    let target = Some(SeekTarget::Snapshot(name.clone()));
    let request = SeekRequest { subscription: subscription.clone(), target };
    let mut subscriber = client.subscriber.clone();
    let (_, disk) = gate.answer("Seek", async move { subscriber.seek(request).await }).await;
    assert_eq!(unacked(&disk).await, Some(1));

    let mut subscriber = client.subscriber.clone();
    let request = DeleteSnapshotRequest { snapshot: name };
    gate.answer("DeleteSnapshot", async move { subscriber.delete_snapshot(request).await }).await;
    let mut subscriber = client.subscriber.clone();
    let request = DeleteSubscriptionRequest { subscription };
    let call = async move { subscriber.delete_subscription(request).await };
    let (_, disk) = gate.answer("DeleteSubscription", call).await;
    assert_eq!(unacked(&disk).await, None);
    let mut publisher = client.publisher.clone();
    let request = DeleteTopicRequest { topic: TOPIC.to_owned() };
    gate.answer("DeleteTopic", async move { publisher.delete_topic(request).await }).await;
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_messages_that_a_killed_process_keeps_wait_for_no_sync() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(dir.path());
    let (server, mut clients) = bigtable(dir.path(), &gate, Durability::Process).await;
    let table = clients.create("t", &["f"]).await;
    gate.set_open(false);
    let answer = timeout(Duration::from_secs(10), clients.data.mutate_row(row(&table, "one"))).await;
    answer.expect("in time").unwrap();
    gate.set_open(true);
    server.shutdown().await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(dir.path());
    let (server, client) = pubsub(dir.path(), &gate, Durability::Process).await;
    client.create_topic(TOPIC).await.unwrap();
    gate.set_open(false);
    let answer = timeout(Duration::from_secs(10), client.publish(vec![message("1")])).await;
    answer.expect("in time").unwrap();
    gate.set_open(true);
    server.shutdown().await.unwrap();
}

/// A store that counts, and knows how much was written when its last sync began.
#[derive(Default)]
struct Counted {
    written: AtomicU64,
    on_disk: AtomicU64,
    syncs: AtomicU64,
    /// Held by a test that keeps syncs from ending.
    door: Mutex<()>,
    fails: std::sync::atomic::AtomicBool,
}

impl Synced for Arc<Counted> {
    fn sync(&self) -> fjall::Result<()> {
        let written = self.written.load(Ordering::SeqCst);
        self.syncs.fetch_add(1, Ordering::SeqCst);
        drop(self.door.lock());
        thread::sleep(Duration::from_micros(50));
        if self.fails.load(Ordering::SeqCst) {
            return Err(fjall::Error::Poisoned);
        }
        self.on_disk.fetch_max(written, Ordering::SeqCst);
        Ok(())
    }
}

fn counted() -> (Arc<Counted>, Syncs) {
    let store = Arc::new(Counted::default());
    (store.clone(), Syncs::new(Durability::Disk, Box::new(store)))
}

fn until(condition: impl Fn() -> bool) {
    let waiting = std::time::Instant::now();
    while !condition() {
        assert!(waiting.elapsed() < Duration::from_secs(10), "in time");
        thread::yield_now();
    }
}

#[test]
fn those_who_wait_together_share_a_sync() {
    let (store, syncs) = counted();
    let (door, waiting) = (store.door.lock(), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| syncs.settle().unwrap());
        until(|| store.syncs.load(Ordering::SeqCst) == 1);
        for _ in 0..20 {
            scope.spawn(|| {
                waiting.fetch_add(1, Ordering::SeqCst);
                syncs.settle().unwrap();
            });
        }
        until(|| waiting.load(Ordering::SeqCst) == 20);
        thread::sleep(Duration::from_millis(100));
        drop(door);
    });
    assert_eq!(store.syncs.load(Ordering::SeqCst), 2);
}

#[test]
fn nobody_is_content_with_a_sync_that_began_before_its_write() {
    let (store, syncs) = counted();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let mine = store.written.fetch_add(1, Ordering::SeqCst) + 1;
                    syncs.settle().unwrap();
                    assert!(store.on_disk.load(Ordering::SeqCst) >= mine);
                }
            });
        }
    });
}

#[test]
fn a_sync_that_failed_confirms_nothing_to_anybody() {
    let (store, syncs) = counted();
    store.fails.store(true, Ordering::SeqCst);
    let door = store.door.lock();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| syncs.settle())).collect();
        until(|| store.syncs.load(Ordering::SeqCst) == 1);
        drop(door);
        assert!(waiting.into_iter().all(|waiting| waiting.join().unwrap().is_err()));
    });
}
