//! Publishing letters again or dropping them, a batch at a time, and none before its copy is confirmed.

use crate::letters::{Choice, KEY_COLLISION, Letter, Mailbox, publish};
use crate::moment;
use crate::output::Progress;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use prost::Message;
use service::Error;
use std::collections::BTreeMap;

/// The service takes 10 MB in one publish request; the rest is room for its framing.
const REQUEST_BYTES: usize = 9_000_000;

/// The task.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    pub choice: &'a Choice,
    /// Most letters; 0 is all.
    pub limit: usize,
    /// Without it, letters are only counted.
    pub yes: bool,
    /// The topic to publish letters to; without one they are dropped.
    pub redrive_to: Option<(&'a Pubsub, &'a str)>,
    /// Letters of [`KEY_COLLISION`] stay.
    pub leave_collisions: bool,
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Letters by reason.
    pub by_reason: BTreeMap<String, usize>,
    /// Letters with other reasons; these stay.
    pub other: usize,
    /// Letters of [`KEY_COLLISION`] that stay.
    pub collisions: usize,
    /// Letters that came after the start, such as a redriven message that fails again; these stay.
    pub newer: usize,
}

impl Done {
    pub fn chosen(&self) -> usize {
        self.by_reason.values().sum()
    }
}

impl Work<'_> {
    pub fn verb(&self) -> &'static str {
        if self.redrive_to.is_some() { "publish again" } else { "drop" }
    }

    /// Works through the letters that are there now. `done` counts them even if this fails.
    pub async fn run(&self, mailbox: &mut Mailbox<'_>, done: &mut Done) -> anyhow::Result<()> {
        let started = moment::now_micros();
        let bar = Progress::new("letters", None);
        while self.limit == 0 || done.chosen() < self.limit {
            let letters = mailbox.next().await?;
            if letters.is_empty() {
                break;
            }
            let chosen = self.choose(letters, started, done);
            for batch in batches(&chosen) {
                if self.yes {
                    self.settle(mailbox, batch).await?;
                }
                for letter in batch {
                    *done.by_reason.entry(letter.reason().to_owned()).or_default() += 1;
                }
                bar.add(batch.len() as u64);
            }
        }
        bar.finish();
        Ok(())
    }

    fn choose(&self, letters: Vec<Letter>, started_micros: i64, done: &mut Done) -> Vec<Letter> {
        let room = if self.limit == 0 { usize::MAX } else { self.limit - done.chosen() };
        let mut chosen = Vec::new();
        for letter in letters {
            if letter.published_micros() > started_micros {
                done.newer += 1;
            } else if !self.choice.takes(&letter) {
                done.other += 1;
            } else if self.leave_collisions && letter.reason() == KEY_COLLISION {
                done.collisions += 1;
            } else if chosen.len() < room {
                chosen.push(letter);
            }
        }
        chosen
    }

    async fn settle(&self, mailbox: &mut Mailbox<'_>, batch: &[Letter]) -> anyhow::Result<()> {
        let Some((pubsub, topic)) = self.redrive_to else {
            return Ok(mailbox.ack(batch).await?);
        };
        let copies: Vec<proto::PubsubMessage> = batch.iter().map(Letter::original).collect();
        publish(pubsub, topic, copies).await.map_err(|error| twice(error, batch.len()))?;
        mailbox.ack(batch).await.map_err(|error| twice(error, batch.len()))
    }
}

/// Parts that each fit into one publish request.
fn batches(letters: &[Letter]) -> Vec<&[Letter]> {
    let (mut batches, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, letter) in letters.iter().enumerate() {
        let more = letter.message.encoded_len();
        if at > start && bytes + more > REQUEST_BYTES {
            batches.push(&letters[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += more;
    }
    if start < letters.len() {
        batches.push(&letters[start..]);
    }
    batches
}

/// The error of a redrive that broke off, with what it may have left.
fn twice(error: Error, letters: usize) -> anyhow::Error {
    let left = format!(
        "{letters} letter(s) may have been published and are still letters; redriving them again writes the same rows"
    );
    match error {
        // No flag or resource is wrong: exit code 1.
        Error::Refused { .. } => anyhow::anyhow!("{left}: {error}"),
        error => anyhow::Error::new(error).context(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(bytes: usize) -> Letter {
        let message = proto::PubsubMessage { data: vec![0; bytes], ..Default::default() };
        Letter { ack_id: String::new(), message }
    }

    #[test]
    fn large_letters_go_in_several_requests_and_none_is_left_out() {
        let letters = [4_000_000, 4_000_000, 4_000_000, 9_999_999, 1, 2].map(letter);
        let sizes: Vec<_> = batches(&letters).iter().map(|batch| batch.len()).collect();
        assert_eq!(sizes, [2, 1, 1, 2]);
        assert!(batches(&[]).is_empty());
    }
}
