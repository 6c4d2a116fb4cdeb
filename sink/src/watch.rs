//! Looks after everybody whom the sink waits for, and says who does not answer.

use crate::options::Options;
use crate::outage::Outage;
use crate::pane::Stages;
use gcp::pubsub::pull::Health;
use schemas::layout::{PerTable, Table};
use std::time::Duration;
use tokio::time::Instant;

/// Without any word for so long a connection to Pub/Sub is dead: it is asked every few seconds.
const SILENCE: Duration = Duration::from_secs(50);

#[derive(Debug)]
pub struct Watch {
    tables: PerTable<Outage>,
    dead_letters: Outage,
    subscription: Outage,
}

impl Watch {
    /// `subscription` in full.
    pub fn new(subscription: &str, options: &Options) -> Self {
        Self {
            tables: PerTable::from_fn(|table| Outage::new(format!("table {}", table.id()))),
            dead_letters: Outage::new(format!("topic {}", options.dead_letter_topic)),
            subscription: Outage::new(format!("subscription {subscription}")),
        }
    }

    /// To be called every second or so; `held` messages are not settled.
    pub fn look(&mut self, now: Instant, stages: &Stages, pull: &Health, held: u64) {
        let waiting = format_args!("{held} messages held");
        for table in Table::ALL {
            let (since, last) = stages.writer.patience(table).debt();
            self.tables[table].observe(now, since, last.as_deref(), waiting);
        }
        let (since, last) = stages.settler.dead_letters().patience().debt();
        self.dead_letters.observe(now, since, last.as_deref(), waiting);
        let is_silent = pull.trouble.is_some() || now.saturating_duration_since(pull.heard) > SILENCE;
        self.subscription.observe(now, is_silent.then_some(pull.heard), pull.trouble.as_deref(), waiting);
    }
}
