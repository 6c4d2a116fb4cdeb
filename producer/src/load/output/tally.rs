//! Counts of the payments that were made.

use generator::Rail;
use schemas::Payment;
use schemas::payment::PaymentHeader;
use std::fmt;
use std::time::Duration;

/// Counts of what was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub payments: u64,
    /// More than payments where some are sent twice.
    pub messages: u64,
    /// Of all messages, encoded.
    pub bytes: u64,
    /// Payments by rail, in the order of [`Rail::ALL`].
    pub rails: [u64; 7],
    pub elapsed: Duration,
    /// Before the end.
    pub is_stopped: bool,
}

impl Tally {
    pub(super) fn count(&mut self, payment: &Payment, copies: u64, bytes: usize) {
        self.payments += 1;
        self.messages += copies;
        self.bytes += copies * bytes as u64;
        let kind = payment.payment_header.as_ref().map(PaymentHeader::payment_type);
        if let Some(rail) = Rail::ALL.iter().position(|rail| Some(rail.payment_type()) == kind) {
            self.rails[rail] += 1;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.payments += other.payments;
        self.messages += other.messages;
        self.bytes += other.bytes;
        for (rail, more) in self.rails.iter_mut().zip(other.rails) {
            *rail += more;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = self.payments as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON);
        writeln!(out, "payments    {:>16}", self.payments)?;
        writeln!(out, "messages    {:>16}", self.messages)?;
        writeln!(out, "bytes       {:>16}", self.bytes)?;
        write!(out, "payments/s  {per_second:>16.0}")?;
        for (rail, count) in Rail::ALL.into_iter().zip(self.rails) {
            write!(out, "\n{:<11} {count:>16}", rail.name())?;
        }
        Ok(())
    }
}
