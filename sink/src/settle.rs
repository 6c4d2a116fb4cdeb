//! Decides each message's fate from the three tables' verdicts, and carries it out.

use crate::collisions::Collisions;
use crate::dead_letter::DeadLetters;
use crate::envelope::{AckHandle, Envelope};
use crate::progress::Progress;
use crate::reject::Reject;
use crate::writer::{Answer, Unwritten, Verdict};
use futures_util::future::join_all;
use gcp::pubsub::pull::Message;
use schemas::layout::{PerTable, Table};
use std::sync::Arc;

/// The decision about a message.
#[derive(Debug, PartialEq)]
enum Fate {
    /// All three tables have its row.
    Ack,
    /// It can never have all its rows.
    DeadLetter(Reject),
    /// Some table has not confirmed: it must come again.
    Nack,
}

/// How a message ended.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Acked,
    /// Its dead letter is published, and it is acked.
    DeadLettered,
    /// Given back to the subscription; its id.
    Nacked(String),
}

/// How a pane's messages ended.
#[derive(Debug)]
pub struct Settled {
    pub outcomes: Vec<Outcome>,
    /// A table that is configured wrongly, with its word.
    pub configuration: Option<(Table, Answer)>,
    /// A table that has not confirmed a row, with the last that was heard.
    pub unconfirmed: Option<(Table, Answer)>,
}

/// Carries out fates.
#[derive(Debug)]
pub struct Settler {
    dead_letters: DeadLetters,
    progress: Arc<Progress>,
}

impl Settler {
    pub fn new(dead_letters: DeadLetters, progress: Arc<Progress>) -> Self {
        Self { dead_letters, progress }
    }

    /// Settles a pane after its write: acks only messages that all three tables have confirmed. `unwritten` are the
    /// rows that each table does not have.
    pub async fn settle(
        &self,
        messages: Vec<Envelope<Message>>,
        collisions: Collisions,
        unwritten: PerTable<Unwritten>,
    ) -> Settled {
        let Decided { fates, configuration, unconfirmed } =
            decide(messages.len(), collisions.rejected, unwritten);
        let outcomes = messages.into_iter().zip(fates).map(|(message, fate)| self.carry_out(message, fate));
        Settled { outcomes: join_all(outcomes).await, configuration, unconfirmed }
    }

    pub fn dead_letters(&self) -> &DeadLetters {
        &self.dead_letters
    }

    /// Settles a message that is no payment.
    pub async fn reject(&self, envelope: Envelope<(Reject, Message)>) -> Outcome {
        let (reject, message) = envelope.value;
        self.dead_letter(&message, &reject, envelope.handle).await
    }

    async fn carry_out(&self, envelope: Envelope<Message>, fate: Fate) -> Outcome {
        let Envelope { value: message, handle } = envelope;
        match fate {
            Fate::Ack => {
                if let Err(error) = handle.ack().await {
                    // The rows are there and will only be written again, the same.
                    tracing::debug!(%error, "ack not confirmed");
                    return self.nacked(&message);
                }
                self.progress.acked.inc();
                Outcome::Acked
            }
            Fate::DeadLetter(reject) => self.dead_letter(&message, &reject, handle).await,
            Fate::Nack => self.nacked(&message),
        }
    }

    async fn dead_letter(&self, message: &Message, reject: &Reject, handle: AckHandle) -> Outcome {
        self.progress.add_rejected(reject.reason());
        if !self.dead_letters.publish(message, reject, handle.delivery_attempt()).await {
            return self.nacked(message);
        }
        if handle.ack().await.is_err() {
            return self.nacked(message);
        }
        self.progress.dead_lettered.inc();
        Outcome::DeadLettered
    }

    fn nacked(&self, message: &Message) -> Outcome {
        self.progress.nacked.inc();
        Outcome::Nacked(message.message_id.clone())
    }
}

/// One fate a row, and the first answers of two kinds.
struct Decided {
    fates: Vec<Fate>,
    configuration: Option<(Table, Answer)>,
    unconfirmed: Option<(Table, Answer)>,
}

fn decide(rows: usize, rejected: Vec<(usize, String)>, unwritten: PerTable<Unwritten>) -> Decided {
    let mut fates: Vec<Fate> = (0..rows).map(|_| Fate::Ack).collect();
    for (row, key) in rejected {
        fates[row] = Fate::DeadLetter(Reject::KeyCollision(key));
    }
    let (mut configuration, mut unconfirmed) = (None, None);
    for (table, unwritten) in unwritten {
        for (row, verdict, answer) in unwritten {
            match verdict {
                Verdict::Written => {}
                Verdict::Poison => {
                    if fates[row] == Fate::Ack {
                        let (code, message) = (answer.code, answer.message);
                        fates[row] =
                            Fate::DeadLetter(Reject::RefusedByTable { table: table.id(), code, message });
                    }
                }
                // One table that has not confirmed outweighs another's refusal: the message will come again.
                Verdict::Unconfirmed | Verdict::Again => {
                    fates[row] = Fate::Nack;
                    unconfirmed.get_or_insert((table, answer));
                }
                Verdict::Configuration => {
                    fates[row] = Fate::Nack;
                    configuration.get_or_insert((table, answer));
                }
            }
        }
    }
    Decided { fates, configuration, unconfirmed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn answer(code: Code) -> Answer {
        Answer { code, message: "m".into(), retry_delay: None }
    }

    fn unwritten(row: usize, verdict: Verdict, code: Code) -> Unwritten {
        vec![(row, verdict, answer(code))]
    }

    #[test]
    fn only_what_all_three_tables_confirmed_is_acked() {
        let unwritten = PerTable {
            by_customer: unwritten(1, Verdict::Unconfirmed, Code::Unavailable),
            by_date: vec![],
            by_transaction: unwritten(2, Verdict::Poison, Code::InvalidArgument),
        };
        let Decided { fates, configuration, unconfirmed } = decide(4, vec![], unwritten);
        assert_eq!(unconfirmed, Some((Table::ByCustomer, answer(Code::Unavailable))));
        assert_eq!(fates[0], Fate::Ack);
        assert_eq!(fates[1], Fate::Nack);
        assert!(matches!(
            &fates[2],
            Fate::DeadLetter(Reject::RefusedByTable { table: "payments_by_transaction", .. })
        ));
        assert_eq!(fates[3], Fate::Ack);
        assert_eq!(configuration, None);
    }

    #[test]
    fn unconfirmed_outweighs_poison_in_either_order() {
        let poison = || unwritten(0, Verdict::Poison, Code::InvalidArgument);
        let open = || unwritten(0, Verdict::Unconfirmed, Code::Unavailable);
        for (by_customer, by_date) in [(poison(), open()), (open(), poison())] {
            let unwritten = PerTable { by_customer, by_date, by_transaction: vec![] };
            assert_eq!(decide(1, vec![], unwritten).fates, [Fate::Nack]);
        }
    }

    #[test]
    fn a_configuration_error_returns_the_message_and_is_told() {
        let by_date = unwritten(0, Verdict::Configuration, Code::NotFound);
        let unwritten = PerTable { by_date, ..PerTable::default() };
        let Decided { fates, configuration, .. } = decide(1, vec![], unwritten);
        assert_eq!(fates, [Fate::Nack]);
        assert_eq!(configuration, Some((Table::ByDate, answer(Code::NotFound))));
    }

    #[test]
    fn a_collision_becomes_a_dead_letter() {
        let fates = decide(2, vec![(1, "key".into())], PerTable::default()).fates;
        assert_eq!(fates, [Fate::Ack, Fate::DeadLetter(Reject::KeyCollision("key".into()))]);
    }
}
