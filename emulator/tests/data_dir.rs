//! Both servers on a data directory, and the ports they open.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bigtable_support;
mod pubsub_support;

use bigtable_support::{Clients, set};
use emulator::proto::pubsub::Subscription;
use emulator::{Options, Servers};
use pubsub_support::{Client, SUBSCRIPTION, TOPIC, message};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use tokio::net::TcpStream;

fn in_dir(data_dir: &Path) -> Options {
    Options { data_dir: Some(data_dir.to_owned()), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_from_before_the_stamp_is_opened_and_stamped() {
    let dir = tempfile::tempdir().unwrap();
    // As it was done then: two servers and nothing else.
    let pubsub = pubsub_support::start(&dir.path().join("pubsub")).await;
    let client = Client::connect(&pubsub).await;
    client.create_topic(TOPIC).await.unwrap();
    client.subscribe(Subscription::default()).await.unwrap();
    client.publish(vec![message("1")]).await.unwrap();
    let bigtable = bigtable_support::start(&dir.path().join("bigtable")).await;
    let mut clients = Clients::connect(bigtable.addr()).await;
    let table = clients.create("t", &["f"]).await;
    clients.mutate(&table, &[(b"k", vec![set("f", b"q", 1_000, b"v")])]).await.unwrap();
    pubsub.shutdown().await.unwrap();
    bigtable.shutdown().await.unwrap();

    for _ in 0..2 {
        let servers = Servers::start(in_dir(dir.path())).await.unwrap();
        assert_eq!(servers.pubsub.stats(SUBSCRIPTION).unwrap().unacked, 1);
        assert_eq!(Clients::connect(servers.bigtable.addr()).await.read_all(&table).await.len(), 1);
        servers.shutdown().await.unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("payments-emulators.version")).unwrap(), "1\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_data_directory_says_its_own_cause() {
    let refusal = async |data_dir: &Path| {
        Servers::start(in_dir(data_dir)).await.err().expect("it is refused").to_string()
    };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let servers = Servers::start(in_dir(&data)).await.unwrap();
    let locked = refusal(&data).await;
    assert!(locked.contains(&format!("locked by process {};", std::process::id())), "{locked}");
    servers.shutdown().await.unwrap();

    // Earlier programs have locks in the stores alone.
    let store = bigtable_support::start(&data.join("bigtable")).await;
    let locked = refusal(&data).await;
    assert!(locked.contains("bigtable is locked by another server;"), "{locked}");
    store.shutdown().await.unwrap();

    fs::write(data.join("pubsub/version"), b"FJL\x02").unwrap();
    let version = refusal(&data).await;
    assert!(version.contains("pubsub is of another version: a store's V2"), "{version}");
}

async fn is_open(addr: SocketAddr) -> bool {
    TcpStream::connect(addr).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_are_taken_at_once_and_open_only_when_told() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (pubsub_addr, bigtable_addr) = (free(), free());
    let options = Options { pubsub_addr, bigtable_addr, ..Options::default() };
    let mut servers = Servers::prepare(options.clone()).await.unwrap();
    assert!(!is_open(pubsub_addr).await && !is_open(bigtable_addr).await);
    assert!(is_open(servers.pubsub.addr()).await && is_open(servers.bigtable.addr()).await);
    // Set-up has a connection, which may stay.
    let mut clients = Clients::connect(servers.bigtable.addr()).await;
    let table = clients.create("t", &["f"]).await;
    let private = servers.bigtable.addr();
    servers.open().await.unwrap();
    assert_eq!((servers.pubsub.addr(), servers.bigtable.addr()), (pubsub_addr, bigtable_addr));
    assert!(is_open(pubsub_addr).await && is_open(bigtable_addr).await);
    assert!(clients.read_all(&table).await.is_empty());
    assert!(Clients::connect(bigtable_addr).await.read_all(&table).await.is_empty());
    let refused = Servers::prepare(options).await.err().expect("the port is taken");
    assert!(refused.to_string().contains(&pubsub_addr.to_string()), "{refused}");
    while is_open(private).await {
        tokio::task::yield_now().await;
    }
    servers.shutdown().await.unwrap();
}
