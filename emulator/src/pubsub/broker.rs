//! All topics, subscriptions, snapshots and schemas, by name.

use super::error::Error;
use super::names;
use super::store::Store;
use super::store::records::{Counters, Progress, SnapshotRecord, SubscriptionRecord, TopicRecord};
use super::subscription::Subscription;
use super::subscription::backlog::Backlog;
use super::topic::Topic;
use super::topic::now_micros;
use super::topic::schema::Schema;
use super::topic::writer::Writer;
use crate::figures::SubscriptionFigures;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Everything that has a name.
#[derive(Default)]
pub struct Registry {
    pub topics: BTreeMap<String, Arc<Topic>>,
    pub subscriptions: BTreeMap<String, Arc<Subscription>>,
    pub snapshots: BTreeMap<String, Arc<SnapshotRecord>>,
    pub schemas: BTreeMap<String, Arc<Schema>>,
    /// Deleted topics that a subscription or snapshot still needs.
    pub orphans: HashMap<u64, Arc<Topic>>,
}

/// Subscriptions whose readers are to be started.
pub type Added = mpsc::UnboundedReceiver<Arc<Subscription>>;

pub struct Broker {
    store: Arc<Store>,
    writer: Writer,
    writing: JoinHandle<()>,
    registry: RwLock<Registry>,
    /// Held while the registry is changed; gives out numbers.
    pub changes: Mutex<Counters>,
    /// How often the store was opened.
    opened: u64,
    /// Notified when progress must be saved at once.
    pub urgent: Arc<Notify>,
    /// Every subscription that is put in place goes here, so that its reader is started.
    added: mpsc::UnboundedSender<Arc<Subscription>>,
    pub stopping: CancellationToken,
}

impl Broker {
    /// Loads everything. Subscriptions, loaded or created later, come out of the receiver: each needs a reader. Blocks.
    pub fn open(store: Store, stopping: CancellationToken) -> Result<(Self, Added), Error> {
        let store = Arc::new(store);
        let mut counters = store.counters()?;
        counters.opened += 1;
        store.save_counters(counters)?;
        let (writer, writing) = Writer::start(store.clone());
        let (sender, added) = mpsc::unbounded_channel();
        let broker = Self {
            writer,
            writing,
            registry: RwLock::default(),
            changes: Mutex::new(counters),
            opened: counters.opened,
            urgent: Arc::new(Notify::new()),
            added: sender,
            stopping,
            store,
        };
        broker.load()?;
        Ok((broker, added))
    }

    fn load(&self) -> Result<(), Error> {
        let mut topics = HashMap::new();
        for record in self.store.topics()? {
            topics.insert(record.number, Arc::new(Topic::open(&self.store, record)?));
        }
        for topic in topics.values() {
            let mut registry = self.write();
            if topic.is_deleted() {
                registry.orphans.insert(topic.number, topic.clone());
            } else {
                registry.topics.insert(topic.config().name.clone(), topic.clone());
            }
        }
        for record in self.store.subscriptions()? {
            // Records are written in order and synced, so the topic is there unless the store was tampered with.
            let Some(topic) = topics.get(&record.topic_number) else { continue };
            let progress = self.store.progress(record.number)?;
            self.add_subscription(record, topic.clone(), progress);
        }
        for record in self.store.schemas()? {
            if let Some(schema) = Schema::from_record(record).map_err(Error::Schema)? {
                self.write().schemas.insert(schema.latest().name.clone(), Arc::new(schema));
            }
        }
        for record in self.store.snapshots()? {
            self.write().snapshots.insert(record.snapshot.name.clone(), Arc::new(record));
        }
        Ok(())
    }

    /// Puts a subscription in place and has its reader started. Without progress it starts at the topic's end.
    pub fn add_subscription(
        &self,
        record: SubscriptionRecord,
        topic: Arc<Topic>,
        progress: Option<Progress>,
    ) -> Arc<Subscription> {
        let name = record.subscription.name.clone();
        let progress = progress.unwrap_or_else(|| Progress::start(topic.head()));
        let urgent = self.urgent.clone();
        let subscription =
            Arc::new(Subscription::new(record, topic, progress, self.opened, urgent, &self.stopping));
        if subscription.config().detached {
            subscription.end(names::detached(&name));
        }
        // Once the server is stopping nobody starts readers any more.
        let _ = self.added.send(subscription.clone());
        self.write().subscriptions.insert(name, subscription.clone());
        subscription
    }

    /// Ends the writer once everything published is stored; what remains is to be saved and closed.
    pub async fn end(self) -> Result<(Arc<Store>, Registry), Error> {
        let Self { store, writer, writing, registry, .. } = self;
        drop(writer);
        writing.await?;
        Ok((store, registry.into_inner()))
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    pub fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read()
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write()
    }

    pub fn topic(&self, name: &str) -> Result<Arc<Topic>, Status> {
        self.read().topics.get(name).cloned().ok_or_else(|| names::not_found(name))
    }

    pub fn subscription(&self, name: &str) -> Result<Arc<Subscription>, Status> {
        self.read().subscriptions.get(name).cloned().ok_or_else(|| names::not_found(name))
    }

    pub fn snapshot(&self, name: &str) -> Result<Arc<SnapshotRecord>, Status> {
        self.read().snapshots.get(name).cloned().ok_or_else(|| names::not_found(name))
    }

    /// All topics that still have a log.
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        let registry = self.read();
        registry.topics.values().chain(registry.orphans.values()).cloned().collect()
    }

    /// How a subscription is, its backlog as of now.
    pub async fn figures(&self, subscription: Arc<Subscription>) -> Result<SubscriptionFigures, Status> {
        let (topic, name) = (subscription.topic.clone(), subscription.name());
        let (floor, unacked, outstanding, acknowledged) = {
            let backlog = subscription.lock();
            let unacked = backlog.unacked(topic.head());
            (backlog.floor(), unacked, backlog.outstanding(), backlog.acknowledged())
        };
        let oldest = match unacked {
            0 => None,
            _ => self.store_call(move |_| Ok(topic.log.published_micros(floor)?)).await?,
        };
        let age = oldest.map_or(0, |published| now_micros().saturating_sub(published));
        let oldest = Duration::from_micros(u64::try_from(age).unwrap_or(0));
        Ok(SubscriptionFigures { name, unacked, oldest, outstanding, acknowledged })
    }

    pub fn subscriptions(&self) -> Vec<Arc<Subscription>> {
        self.read().subscriptions.values().cloned().collect()
    }

    /// Runs a storage call where it may block.
    pub async fn store_call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Store) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Status> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || call(&store)).await;
        Ok(done.map_err(|error| Status::internal(error.to_string()))??)
    }

    /// A number that has never been given out before.
    pub async fn next_number(&self, counters: &mut Counters) -> Result<u64, Status> {
        counters.last_number += 1;
        let saved = *counters;
        self.store_call(move |store| store.save_counters(saved)).await?;
        Ok(saved.last_number)
    }

    /// Deletes the logs of deleted topics that nobody needs any more. Call with `changes` held.
    pub async fn drop_orphans(&self) -> Result<(), Status> {
        let unneeded: Vec<Arc<Topic>> = {
            let mut registry = self.write();
            let Registry { subscriptions, snapshots, orphans, .. } = &mut *registry;
            let needed = |number| {
                subscriptions.values().any(|subscription| subscription.topic.number == number)
                    || snapshots.values().any(|snapshot| snapshot.topic_number == number)
            };
            let numbers: Vec<u64> = orphans.keys().copied().filter(|&number| !needed(number)).collect();
            numbers.iter().filter_map(|number| orphans.remove(number)).collect()
        };
        for topic in unneeded {
            self.store_call(move |store| {
                store.delete_topic(topic.number)?;
                store.delete_log(topic.log.clone())
            })
            .await?;
        }
        Ok(())
    }

    /// For a client, and for retention once the snapshot has expired.
    pub async fn delete_snapshot(&self, name: &str) -> Result<(), Status> {
        let _changes = self.changes.lock().await;
        self.snapshot(name)?;
        self.write().snapshots.remove(name);
        let stored = name.to_owned();
        self.store_call(move |store| store.delete_snapshot(&stored)).await?;
        self.drop_orphans().await
    }

    /// Marks a topic as deleted, and keeps its log while it is needed.
    pub async fn orphan(&self, topic: Arc<Topic>) -> Result<(), Status> {
        topic.set_deleted();
        let record: TopicRecord = topic.record();
        self.write().topics.remove(&record.topic.name);
        self.store_call(move |store| store.save_topic(&record)).await?;
        self.write().orphans.insert(topic.number, topic);
        self.drop_orphans().await
    }

    /// A look at a subscription's state.
    pub fn inspect<T>(&self, name: &str, look: impl FnOnce(&Subscription, &Backlog) -> T) -> Option<T> {
        let subscription = self.subscription(name).ok()?;
        let backlog = subscription.lock();
        Some(look(&subscription, &backlog))
    }
}
