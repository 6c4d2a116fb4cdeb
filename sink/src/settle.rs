//! Decides each message's fate from what the three tables said, and carries it out.

use crate::collisions::Rivals;
use crate::dead_letter::DeadLetters;
use crate::envelope::{AckHandle, Envelope};
use crate::progress::Progress;
use crate::reject::Reject;
use crate::writer::{Answer, Failure, Report};
use futures_util::future::join_all;
use google_cloud_pubsub::model::Message;
use schemas::layout::Table;
use std::sync::Arc;

/// What is to become of a message.
#[derive(Debug, PartialEq)]
enum Fate {
    /// All three tables have its row.
    Ack,
    /// It can never have all its rows.
    DeadLetter(Reject),
    /// Some table has not confirmed: it must come again.
    Return,
}

/// What became of a message.
#[derive(Debug, PartialEq)]
pub enum End {
    Acked,
    /// Its dead letter is published, and it is acked.
    Buried,
    /// Given back to the subscription; its id.
    Returned(String),
}

/// How a pane ended.
#[derive(Debug, Default)]
pub struct Settled {
    /// Message by message.
    pub ends: Vec<End>,
    /// Set when a table, a permission or the login is wrong.
    pub configuration: Option<(Table, Answer)>,
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

    /// Settles a written pane: acks only what all three tables have confirmed.
    pub async fn settle(
        &self,
        messages: Vec<Envelope<Message>>,
        rivals: Rivals,
        reports: [Report; 3],
    ) -> Settled {
        let (mut fates, configuration) = fates(messages.len(), rivals.collisions, reports);
        follow(&mut fates, &rivals.superseded);
        let settled = messages.into_iter().zip(fates).map(|(message, fate)| self.carry_out(message, fate));
        Settled { ends: join_all(settled).await, configuration }
    }

    /// Settles a message that is no payment.
    pub async fn reject(&self, envelope: Envelope<(Reject, Message)>) -> Settled {
        let (reject, message) = envelope.value;
        let end = self.bury(&message, &reject, envelope.handle).await;
        Settled { ends: vec![end], configuration: None }
    }

    async fn carry_out(&self, envelope: Envelope<Message>, fate: Fate) -> End {
        let Envelope { value: message, handle } = envelope;
        match fate {
            Fate::Ack => {
                if let Err(error) = handle.ack().await {
                    // The rows are there and will only be written again, the same.
                    tracing::debug!(%error, "ack not confirmed");
                    return self.returned(&message);
                }
                self.progress.acked.inc();
                End::Acked
            }
            Fate::DeadLetter(reject) => self.bury(&message, &reject, handle).await,
            Fate::Return => self.returned(&message),
        }
    }

    async fn bury(&self, message: &Message, reject: &Reject, handle: AckHandle) -> End {
        if let Err(error) = self.dead_letters.publish(message, reject, handle.delivery_attempt()).await {
            tracing::error!(message_id = message.message_id, %error, "no dead letter could be published");
            return self.returned(message);
        }
        if handle.ack().await.is_err() {
            return self.returned(message);
        }
        self.progress.dead_lettered.inc();
        End::Buried
    }

    fn returned(&self, message: &Message) -> End {
        self.progress.returned.inc();
        End::Returned(message.message_id.clone())
    }
}

/// One fate a row, and the first configuration error met.
fn fates(
    rows: usize,
    collisions: Vec<(usize, String)>,
    reports: [Report; 3],
) -> (Vec<Fate>, Option<(Table, Answer)>) {
    let mut fates: Vec<Fate> = (0..rows).map(|_| Fate::Ack).collect();
    for (row, key) in collisions {
        fates[row] = Fate::DeadLetter(Reject::KeyCollision(key));
    }
    let mut configuration = None;
    for (table, report) in Table::ALL.into_iter().zip(reports) {
        for (row, failure) in report.failed {
            match failure {
                Failure::Poison(answer) => {
                    if fates[row] == Fate::Ack {
                        let (code, message) = (answer.code, answer.message);
                        fates[row] =
                            Fate::DeadLetter(Reject::RefusedByTable { table: table.id(), code, message });
                    }
                }
                // Not known to be written anywhere outweighs known to be wrong: the message will come again.
                Failure::Unconfirmed(_) => fates[row] = Fate::Return,
                Failure::Configuration(answer) => {
                    fates[row] = Fate::Return;
                    configuration.get_or_insert((table, answer));
                }
            }
        }
    }
    (fates, configuration)
}

/// A row that gave way to a later version is done with when that one is written; if it is not, both come again.
fn follow(fates: &mut [Fate], superseded: &[(usize, usize)]) {
    for (row, by) in superseded {
        if fates[*by] != Fate::Ack {
            fates[*row] = Fate::Return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn answer(code: Code) -> Answer {
        Answer { code, message: "m".into(), retry_delay: None }
    }

    fn report(failed: Vec<(usize, Failure)>) -> Report {
        Report { failed }
    }

    #[test]
    fn only_what_all_three_tables_confirmed_is_acked() {
        let reports = [
            report(vec![(1, Failure::Unconfirmed(answer(Code::Unavailable)))]),
            report(vec![]),
            report(vec![(2, Failure::Poison(answer(Code::InvalidArgument)))]),
        ];
        let (fates, configuration) = fates(4, vec![], reports);
        assert_eq!(fates[0], Fate::Ack);
        assert_eq!(fates[1], Fate::Return);
        assert!(matches!(
            &fates[2],
            Fate::DeadLetter(Reject::RefusedByTable { table: "payments_by_transaction", .. })
        ));
        assert_eq!(fates[3], Fate::Ack);
        assert_eq!(configuration, None);
    }

    #[test]
    fn unconfirmed_outweighs_poison_in_either_order() {
        let poison = || report(vec![(0, Failure::Poison(answer(Code::InvalidArgument)))]);
        let open = || report(vec![(0, Failure::Unconfirmed(answer(Code::Unavailable)))]);
        assert_eq!(fates(1, vec![], [poison(), open(), report(vec![])]).0, [Fate::Return]);
        assert_eq!(fates(1, vec![], [open(), poison(), report(vec![])]).0, [Fate::Return]);
    }

    #[test]
    fn a_configuration_error_returns_the_message_and_is_told() {
        let reports = [
            report(vec![]),
            report(vec![(0, Failure::Configuration(answer(Code::NotFound)))]),
            report(vec![]),
        ];
        let (fates, configuration) = fates(1, vec![], reports);
        assert_eq!(fates, [Fate::Return]);
        assert_eq!(configuration, Some((Table::ByDate, answer(Code::NotFound))));
    }

    #[test]
    fn a_version_that_gave_way_is_acked_only_with_the_one_that_was_written() {
        let failed = report(vec![(1, Failure::Unconfirmed(answer(Code::Unavailable)))]);
        let (mut fates, _) = fates(4, vec![], [failed, report(vec![]), report(vec![])]);
        follow(&mut fates, &[(0, 1), (2, 3)]);
        assert_eq!(fates, [Fate::Return, Fate::Return, Fate::Ack, Fate::Ack]);
    }

    #[test]
    fn a_collision_becomes_a_dead_letter() {
        let (fates, _) = fates(2, vec![(1, "key".into())], Default::default());
        assert_eq!(fates, [Fate::Ack, Fate::DeadLetter(Reject::KeyCollision("key".into()))]);
    }
}
