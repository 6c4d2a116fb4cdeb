//! A payment's life, and how much of it is known when the run's range ends.

use schemas::payment::PaymentStatus;

use crate::profile::Flow;

/// How a payment ends, if one waits long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Failed,
    Rejected,
    Returned,
    Refunded,
    PartiallyRefunded,
    ChargedBack,
    Cancelled,
}

impl Outcome {
    /// The outcome at a quantile (0 to 1), at the flow's rates.
    pub fn at(u: f64, flow: &Flow) -> Self {
        let outcomes = [
            (flow.failed, Self::Failed),
            (flow.rejected, Self::Rejected),
            (flow.returned, Self::Returned),
            (flow.refunded, Self::Refunded),
            (flow.partially_refunded, Self::PartiallyRefunded),
            (flow.charged_back, Self::ChargedBack),
            (flow.cancelled, Self::Cancelled),
        ];
        let mut sum = 0.0;
        for (rate, outcome) in outcomes {
            sum += rate;
            if u < sum {
                return outcome;
            }
        }
        Self::Completed
    }

    /// Whether the money arrived, if only for a while.
    pub const fn settles(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Returned | Self::Refunded | Self::PartiallyRefunded | Self::ChargedBack
        )
    }
}

/// When a payment's stations are reached, in UTC microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeline {
    /// Accepted for processing, or declined.
    pub accepted: i64,
    /// The receiver has the money.
    pub settled: i64,
    /// Sent back or refunded.
    pub undone: i64,
}

/// A payment's state at a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub status: PaymentStatus,
    pub updated_micros: i64,
}

impl State {
    /// The state known `at` that time of a payment created before it.
    pub fn at(created: i64, timeline: &Timeline, outcome: Outcome, at: i64) -> Self {
        let state = |status, updated: i64| Self { status, updated_micros: updated.max(created) };
        if at < timeline.accepted {
            return state(PaymentStatus::Pending, created);
        }
        match outcome {
            Outcome::Failed => state(PaymentStatus::Failed, timeline.accepted),
            Outcome::Rejected => state(PaymentStatus::Rejected, timeline.accepted),
            Outcome::Cancelled => state(PaymentStatus::Cancelled, timeline.accepted),
            _ if at < timeline.settled => state(PaymentStatus::Processing, timeline.accepted),
            Outcome::Returned if at >= timeline.undone => state(PaymentStatus::Returned, timeline.undone),
            Outcome::Refunded if at >= timeline.undone => state(PaymentStatus::Refunded, timeline.undone),
            Outcome::PartiallyRefunded if at >= timeline.undone => {
                state(PaymentStatus::PartiallyRefunded, timeline.undone)
            }
            Outcome::ChargedBack if at >= timeline.undone => {
                state(PaymentStatus::ChargedBack, timeline.undone)
            }
            _ => state(PaymentStatus::Completed, timeline.settled),
        }
    }

    /// The states after the first, in order: a payment's changes.
    fn changes(timeline: &Timeline, outcome: Outcome) -> impl Iterator<Item = Self> {
        let Timeline { accepted, settled, undone } = *timeline;
        let stations = match outcome {
            Outcome::Failed | Outcome::Rejected | Outcome::Cancelled => [Some(accepted), None, None],
            Outcome::Completed => [Some(accepted), Some(settled), None],
            // A payment that cannot be undone ends settled.
            Outcome::Returned | Outcome::Refunded | Outcome::PartiallyRefunded | Outcome::ChargedBack => {
                [Some(accepted), Some(settled), Some(undone).filter(|undone| *undone < i64::MAX)]
            }
        };
        let timeline = *timeline;
        stations.into_iter().flatten().map(move |at| Self::at(i64::MIN, &timeline, outcome, at))
    }

    /// Whether the state is one in which something went wrong.
    pub const fn has_reason(&self) -> bool {
        matches!(
            self.status,
            PaymentStatus::Failed
                | PaymentStatus::Rejected
                | PaymentStatus::Returned
                | PaymentStatus::ChargedBack
                | PaymentStatus::Cancelled
        )
    }

    /// Whether the receiver got the money.
    pub const fn is_settled(&self) -> bool {
        matches!(
            self.status,
            PaymentStatus::Completed
                | PaymentStatus::Returned
                | PaymentStatus::Refunded
                | PaymentStatus::PartiallyRefunded
                | PaymentStatus::ChargedBack
        )
    }
}

/// Within which time instant rails have settled and cards are authorised, in microseconds; nothing else has ended by then.
const ANSWER: i64 = 10_000_000;

/// How far into a payment's life one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As known at a time, in UTC microseconds.
    At(i64),
    /// After the first `number` changes of a life that is compressed into `span_micros` where it is longer; for a span of
    /// 0 once, with what its rail answered within seconds.
    Change { number: u32, span_micros: i64 },
}

impl View {
    /// Whether the payment is seen in one state after the other.
    pub const fn is_followed(self) -> bool {
        matches!(self, Self::Change { span_micros: 1.., .. })
    }

    /// The version of the payment that is seen, from 1.
    pub const fn version(self) -> u32 {
        match self {
            Self::Change { number, span_micros: 1.. } => number + 1,
            _ => 1,
        }
    }

    /// The state that is seen, and when the next change is due, in UTC microseconds.
    pub fn state(self, created: i64, timeline: &Timeline, outcome: Outcome) -> (State, Option<i64>) {
        let (number, span) = match self {
            Self::At(at) => return (State::at(created, timeline, outcome, at), None),
            Self::Change { span_micros: ..=0, .. } => {
                return (State::at(created, timeline, outcome, created + ANSWER), None);
            }
            Self::Change { number, span_micros } => (number as usize, span_micros),
        };
        let first = State { status: PaymentStatus::Pending, updated_micros: created };
        let mut states = [first; 4];
        let mut last = 0;
        for state in State::changes(timeline, outcome) {
            last += 1;
            states[last] = state;
        }
        let whole = states[last].updated_micros.saturating_sub(created);
        for at in 1..=last {
            let passed = states[at].updated_micros.saturating_sub(created).max(0);
            let passed = if whole <= span { passed } else { scaled(passed, span, whole) };
            states[at].updated_micros = (created + passed).max(states[at - 1].updated_micros + 1);
        }
        let next = (number < last).then(|| states[number + 1].updated_micros);
        (states[number.min(last)], next)
    }
}

fn scaled(value: i64, numerator: i64, denominator: i64) -> i64 {
    (i128::from(value) * i128::from(numerator) / i128::from(denominator)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMELINE: Timeline = Timeline { accepted: 20, settled: 30, undone: 40 };

    #[test]
    fn a_payment_passes_its_stations_in_order() {
        let status = |outcome, at| State::at(10, &TIMELINE, outcome, at).status;
        for outcome in [Outcome::Completed, Outcome::Returned, Outcome::Failed] {
            assert_eq!(status(outcome, 15), PaymentStatus::Pending);
        }
        assert_eq!(status(Outcome::Returned, 25), PaymentStatus::Processing);
        assert_eq!(status(Outcome::Returned, 35), PaymentStatus::Completed);
        assert_eq!(status(Outcome::Returned, 45), PaymentStatus::Returned);
        assert_eq!(status(Outcome::Refunded, 45), PaymentStatus::Refunded);
        assert_eq!(status(Outcome::Failed, 25), PaymentStatus::Failed);
        assert_eq!(status(Outcome::Completed, 99), PaymentStatus::Completed);
    }

    #[test]
    fn the_last_change_is_never_before_the_creation_nor_after_the_look() {
        for at in 10..60 {
            for outcome in [Outcome::Completed, Outcome::Failed, Outcome::Returned, Outcome::Cancelled] {
                let state = State::at(10, &TIMELINE, outcome, at);
                assert!((10..=at).contains(&state.updated_micros));
            }
        }
    }

    const SPAN: i64 = 1_000;

    fn seen(outcome: Outcome, timeline: &Timeline, number: u32) -> (PaymentStatus, i64, Option<i64>) {
        let view = View::Change { number, span_micros: SPAN };
        let (state, next) = view.state(10, timeline, outcome);
        (state.status, state.updated_micros, next)
    }

    #[test]
    fn a_life_shorter_than_the_span_keeps_its_times() {
        use PaymentStatus::{Completed, Pending, Processing, Returned};
        let at = |number| seen(Outcome::Returned, &TIMELINE, number);
        assert_eq!(at(0), (Pending, 10, Some(20)));
        assert_eq!(at(1), (Processing, 20, Some(30)));
        assert_eq!(at(2), (Completed, 30, Some(40)));
        assert_eq!(at(3), (Returned, 40, None));
        assert_eq!(seen(Outcome::Failed, &TIMELINE, 1), (PaymentStatus::Failed, 20, None));
    }

    #[test]
    fn a_long_life_is_compressed_into_the_span_and_keeps_its_order() {
        let long = Timeline { accepted: 11, settled: 1_000_010, undone: 2_000_010 };
        let at = |number| seen(Outcome::Returned, &long, number);
        assert_eq!(at(0).2, Some(11));
        assert_eq!(at(2), (PaymentStatus::Completed, 510, Some(1_010)));
        assert_eq!(at(3), (PaymentStatus::Returned, 1_010, None));
    }

    #[test]
    fn what_cannot_be_undone_ends_settled_and_a_life_without_a_span_is_its_first_seconds() {
        let instant = Timeline { undone: i64::MAX, ..TIMELINE };
        assert_eq!(seen(Outcome::Returned, &instant, 2), (PaymentStatus::Completed, 30, None));
        let view = View::Change { number: 0, span_micros: 0 };
        let later = Timeline { settled: 20_000_000, ..TIMELINE };
        let (state, next) = view.state(10, &later, Outcome::Refunded);
        assert_eq!((state.status, state.updated_micros, next), (PaymentStatus::Processing, 20, None));
        let (state, next) = view.state(10, &instant, Outcome::Completed);
        assert_eq!((state.status, state.updated_micros, next), (PaymentStatus::Completed, 30, None));
        assert_eq!(view.version(), 1);
    }
}
