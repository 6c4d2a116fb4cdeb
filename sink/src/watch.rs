//! Looks after everybody whom the sink waits for, and says who does not answer.

use crate::options::Options;
use crate::outage::Outage;
use crate::pane::Stages;
use gcp::pubsub::pull::Health;
use schemas::layout::{PerTable, Table};
use std::fmt::Write;
use std::time::Duration;
use tokio::time::Instant;

/// Without any word for so long a connection to Pub/Sub is dead: it is asked every few seconds.
const SILENCE: Duration = Duration::from_secs(50);

#[derive(Debug)]
pub struct Watch {
    tables: PerTable<Outage>,
    dead_letters: Outage,
    subscription: Outage,
    unready_after: Duration,
}

impl Watch {
    /// `subscription` in full.
    pub fn new(subscription: &str, options: &Options) -> Self {
        Self {
            tables: PerTable::from_fn(|table| Outage::new(format!("table {}", table.id()))),
            dead_letters: Outage::new(format!("topic {}", options.dead_letter_topic)),
            subscription: Outage::new(format!("subscription {subscription}")),
            unready_after: options.unready_after,
        }
    }

    /// To be called every second or so; `held` messages are not settled. Says who has owed an answer for so long that the
    /// sink cannot be called ready.
    pub fn look(&mut self, now: Instant, stages: &Stages, pull: &Health, held: u64) -> Option<String> {
        let mut owing = String::new();
        let mut note = |who: &str, since: Option<Instant>, last: Option<&str>| {
            let waited = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
            if since.is_some() && waited >= self.unready_after {
                let comma = if owing.is_empty() { "" } else { "; " };
                let _ = write!(owing, "{comma}{who} has not answered for {} s", waited.as_secs());
                let _ = last.map_or(Ok(()), |last| write!(owing, " ({last})"));
            }
        };
        let waiting = format_args!("{held} messages held");
        for table in Table::ALL {
            let (since, last) = stages.writer.patience(table).debt();
            note(table.id(), since, last.as_deref());
            self.tables[table].observe(now, since, last.as_deref(), waiting);
        }
        let (since, last) = stages.settler.dead_letters().patience().debt();
        note("the dead-letter topic", since, last.as_deref());
        self.dead_letters.observe(now, since, last.as_deref(), waiting);
        let is_silent = pull.trouble.is_some() || now.saturating_duration_since(pull.heard) > SILENCE;
        note("the subscription", is_silent.then_some(pull.heard), pull.trouble.as_deref());
        self.subscription.observe(now, is_silent.then_some(pull.heard), pull.trouble.as_deref(), waiting);
        (!owing.is_empty()).then_some(owing)
    }
}
