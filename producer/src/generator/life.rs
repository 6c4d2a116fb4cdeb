//! What becomes of a payment, and what of that is known when the run's range ends.

use schemas::payment::PaymentStatus;

use super::profile::Flow;

/// How a payment ends, if one waits long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Failed,
    Rejected,
    Returned,
    Refunded,
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
        matches!(self, Self::Completed | Self::Returned | Self::Refunded)
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
    /// What is known `at` that time of a payment created before it.
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
            _ => state(PaymentStatus::Completed, timeline.settled),
        }
    }

    /// Whether the state is one in which something went wrong.
    pub const fn has_reason(&self) -> bool {
        matches!(
            self.status,
            PaymentStatus::Failed
                | PaymentStatus::Rejected
                | PaymentStatus::Returned
                | PaymentStatus::Cancelled
        )
    }

    /// Whether the receiver got the money.
    pub const fn is_settled(&self) -> bool {
        matches!(self.status, PaymentStatus::Completed | PaymentStatus::Returned | PaymentStatus::Refunded)
    }
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
}
