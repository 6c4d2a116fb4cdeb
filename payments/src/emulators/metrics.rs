//! The embedded servers' figures, and their names as metrics.

use emulator::figures::Figures;
use monitor::exposition::follow;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

type By<M> = Family<[(&'static str, String); 1], M>;

/// As of the last look.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    published: By<Counter>,
    backlog: By<Gauge>,
    oldest: By<Gauge<f64, AtomicU64>>,
    outstanding: By<Gauge>,
    acked: By<Counter>,
    rows: By<Counter>,
    stored: By<Gauge>,
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The last part of a full name.
fn id(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

impl Metrics {
    /// Takes a look. What is deleted goes.
    pub fn look(&self, figures: &Figures) {
        let Self { published, backlog, oldest, outstanding, acked, rows, stored } = self;
        for (topic, messages) in &figures.published {
            follow(&published.get_or_create(&[("topic", id(topic))]), *messages);
        }
        for gauges in [backlog, outstanding] {
            gauges.clear();
        }
        oldest.clear();
        for subscription in &figures.subscriptions {
            let label = [("subscription", id(&subscription.name))];
            backlog.get_or_create(&label).set(signed(subscription.unacked));
            oldest.get_or_create(&label).set(subscription.oldest.as_secs_f64());
            outstanding.get_or_create(&label).set(signed(subscription.outstanding));
            follow(&acked.get_or_create(&label), subscription.acknowledged);
        }
        stored.clear();
        for table in &figures.tables {
            let label = [("table", id(&table.name))];
            follow(&rows.get_or_create(&label), table.rows_written);
            stored.get_or_create(&label).set(signed(table.stored_bytes));
        }
    }

    /// Makes all of it visible as `payments_emulator_*`.
    pub fn register(&self, registry: &mut Registry) {
        let servers = registry.sub_registry_with_prefix("payments_emulator");
        servers.register("published_messages", "Messages ever published to a topic", self.published.clone());
        servers.register(
            "backlog_messages",
            "Messages of a subscription that nobody has acked",
            self.backlog.clone(),
        );
        servers.register_with_unit(
            "backlog_oldest",
            "Since the publish of the oldest of them",
            Unit::Seconds,
            self.oldest.clone(),
        );
        servers.register("outstanding_messages", "Messages that subscribers hold", self.outstanding.clone());
        servers.register("acked_messages", "Messages acked since the start", self.acked.clone());
        servers.register("rows_mutated", "Rows written since the start", self.rows.clone());
        servers.register_with_unit("stored", "A table's rows on disk", Unit::Bytes, self.stored.clone());
    }
}
