//! Several publishers, and several streams that acknowledge, give back, hold on to and lose messages at random.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pubsub_support;

use emulator::proto::pubsub::{ReceivedMessage, StreamingPullRequest, Subscription};
use pubsub_support::{Bed, Client, numbers};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const PUBLISHERS: u32 = 3;
const STREAMS: u64 = 4;
const BATCHES: u32 = 30;
const BATCH: u32 = 100;
const LEASE: Duration = Duration::from_secs(10);
/// A lease as its client sees it: it started before the message arrived.
const SEEN: Duration = Duration::from_secs(9);

/// Who has what, as the clients see it.
#[derive(Default)]
struct Ledger {
    acked: HashSet<u32>,
    held: HashMap<u32, (u64, Instant)>,
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Takes messages until all are acknowledged. Every now and then the whole connection is replaced.
async fn consume(endpoint: String, name: u64, ledger: Arc<Mutex<Ledger>>) {
    let mut dice = Dice(name * 7919 + 1);
    let total = (PUBLISHERS * BATCHES * BATCH) as usize;
    while ledger.lock().unwrap().acked.len() < total {
        let client = Client::to(&endpoint).await;
        let first = StreamingPullRequest {
            max_outstanding_messages: 200,
            stream_ack_deadline_seconds: LEASE.as_secs() as i32,
            ..Default::default()
        };
        let mut pull = client.stream_with(first).await.unwrap();
        for _ in 0..20 + dice.roll(60) {
            let next = tokio::time::timeout(Duration::from_millis(200), pull.next()).await;
            if ledger.lock().unwrap().acked.len() == total {
                return;
            }
            let Ok(response) = next else { continue };
            let received = response.unwrap().received_messages;
            record(&ledger, name, &received);
            settle(&client, &mut dice, &ledger, &received).await;
        }
        // Its client no longer has the messages that the stream still holds.
        ledger.lock().unwrap().held.retain(|_, (holder, _)| *holder != name);
    }
}

fn record(ledger: &Mutex<Ledger>, name: u64, received: &[ReceivedMessage]) {
    let mut ledger = ledger.lock().unwrap();
    for n in numbers(received) {
        assert!(!ledger.acked.contains(&n), "{n} came after its acknowledgement was answered");
        let held = ledger.held.insert(n, (name, Instant::now() + SEEN));
        if let Some((other, until)) = held {
            assert!(other == name || until <= Instant::now(), "{n} is with {other} and {name}");
        }
    }
}

async fn settle(client: &Client, dice: &mut Dice, ledger: &Mutex<Ledger>, received: &[ReceivedMessage]) {
    let (mut done, mut back) = (Vec::new(), Vec::new());
    for message in received {
        match dice.roll(100) {
            0..5 => back.push(message.clone()),
            5 => {}
            _ => done.push(message.clone()),
        }
    }
    ledger.lock().unwrap().held.retain(|n, _| !numbers(&back).contains(n));
    client.modify(&back, 0).await.unwrap();
    // Before the call returns another stream cannot get them, after it nobody may.
    client.ack(&done).await.unwrap();
    let mut ledger = ledger.lock().unwrap();
    for n in numbers(&done) {
        ledger.held.remove(&n);
        ledger.acked.insert(n);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_acknowledged_in_the_end_and_none_is_with_two_streams() {
    let bed = Bed::with(Subscription::default()).await;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut tasks = JoinSet::new();
    for stream in 1..=STREAMS {
        tasks.spawn(consume(bed.endpoint(), stream, ledger.clone()));
    }
    for publisher in 0..PUBLISHERS {
        let client = Client::connect(&bed.server).await;
        tasks.spawn(async move {
            for batch in 0..BATCHES {
                let first = (publisher * BATCHES + batch) * BATCH;
                client.publish_numbers(first..first + BATCH).await;
            }
        });
    }
    let finished = tokio::time::timeout(Duration::from_mins(2), async {
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
    });
    finished.await.unwrap();
    assert_eq!(bed.stats().unacked, 0);
    bed.server.shutdown().await.unwrap();
}
