//! Bigtable's answer for a row, and what it means.

use gcp::retry;
use googleapis_tonic_google_bigtable_v2::google::rpc;
use std::time::Duration;
use tonic::{Code, Status};

/// The last word on one entry: from the service, or about the call that it was in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: Code,
    pub message: String,
    /// The pause that the service asks for before the next attempt (`google.rpc.RetryInfo`).
    pub retry_delay: Option<Duration>,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}: {}", self.code, self.message)
    }
}

impl Answer {
    /// For an entry that a finished stream did not mention.
    pub fn missing() -> Self {
        let message = "the stream ended without an answer for this row".to_owned();
        Self { code: Code::Unavailable, message, retry_delay: None }
    }

    pub fn timed_out(limit: Duration) -> Self {
        let message = format!("no complete answer within {} ms", limit.as_millis());
        Self { code: Code::DeadlineExceeded, message, retry_delay: None }
    }

    /// For entries whose call never had its turn.
    pub fn no_turn() -> Self {
        let message = "the write timeout is over before its request could be sent".to_owned();
        Self { code: Code::DeadlineExceeded, message, retry_delay: None }
    }

    /// For entries whose call was ended, or never made, because the sink stops.
    pub fn stopped() -> Self {
        let message = "the sink stopped before an answer came".to_owned();
        Self { code: Code::Cancelled, message, retry_delay: None }
    }

    /// For all entries of a call that failed as a whole.
    pub fn of_call(status: &Status) -> Self {
        Self {
            code: gcp::call::code(status),
            message: status.message().to_owned(),
            retry_delay: retry::asked_delay(status),
        }
    }

    /// For one entry; no status is the service's way of saying OK.
    pub fn of_entry(status: Option<rpc::Status>) -> Self {
        let status = status.unwrap_or_default();
        let retry_delay = retry::asked_delay_in(&status.details);
        Self { code: Code::from_i32(status.code), message: status.message, retry_delay }
    }

    fn is_transient(&self) -> bool {
        self.retry_delay.is_some() || retry::is_transient(self.code, &self.message)
    }

    /// Whether nothing says if another attempt fares better, so that a few are made.
    pub fn is_odd(&self) -> bool {
        matches!(self.code, Code::Internal | Code::Unknown | Code::Cancelled) && !self.is_transient()
    }

    /// Whether the service has more to do than it can.
    pub fn is_overload(&self) -> bool {
        match self.code {
            Code::ResourceExhausted => true,
            Code::Unavailable => self.message.to_ascii_lowercase().contains("too many"),
            _ => false,
        }
    }

    /// Whether a call's refusal may be one row's fault. What is wrong with the table or the login is no row's.
    pub fn is_about_content(&self) -> bool {
        matches!(self.code, Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition)
            && !self.is_transient()
    }
}

/// The meaning of an answer for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Written,
    /// Another attempt may fare better.
    Again,
    /// The row itself is wrong: no retry can help, it belongs on the dead-letter topic.
    Poison,
    /// The table, the permission or the login is wrong: nothing will be written until somebody mends it.
    Configuration,
    /// Not known to be written; its message must come again.
    Unconfirmed,
}

/// The one place that decides whether an answer is final. `patient` as long as an odd one is met by another attempt.
pub fn classify(answer: &Answer, patient: bool) -> Verdict {
    if answer.code == Code::Ok {
        return Verdict::Written;
    }
    if answer.is_transient() || (patient && answer.is_odd()) {
        return Verdict::Again;
    }
    match answer.code {
        Code::Ok => Verdict::Written,
        Code::InvalidArgument | Code::OutOfRange => Verdict::Poison,
        Code::NotFound
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::FailedPrecondition
        | Code::Unimplemented => Verdict::Configuration,
        // The transient ones are dealt with above.
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::ResourceExhausted
        | Code::Cancelled
        | Code::Unknown
        | Code::AlreadyExists
        | Code::Internal
        | Code::DataLoss => Verdict::Unconfirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: Code, message: &str) -> Answer {
        Answer { code, message: message.into(), retry_delay: None }
    }

    #[test]
    fn transient_codes_are_retried() {
        for code in [Code::Unavailable, Code::DeadlineExceeded, Code::Aborted, Code::ResourceExhausted] {
            assert_eq!(classify(&answer(code, ""), false), Verdict::Again);
        }
        assert_eq!(
            classify(&answer(Code::Internal, "Received RST_STREAM with error code 2"), false),
            Verdict::Again
        );
    }

    #[test]
    fn a_wrong_row_is_poison_and_a_wrong_table_is_configuration() {
        let poison = answer(Code::InvalidArgument, "value too large");
        assert_eq!(classify(&poison, true), Verdict::Poison);
        let missing = answer(Code::NotFound, "table not found");
        assert_eq!(classify(&missing, true), Verdict::Configuration);
    }

    #[test]
    fn an_unknown_fault_is_never_taken_for_written() {
        let odd = answer(Code::Internal, "something else");
        assert_eq!(classify(&odd, true), Verdict::Again);
        assert_eq!(classify(&odd, false), Verdict::Unconfirmed);
    }

    #[test]
    fn retry_info_makes_any_code_retryable_but_ok() {
        let asked = |code| Answer { retry_delay: Some(Duration::from_millis(30)), ..answer(code, "odd") };
        for code in [Code::Internal, Code::InvalidArgument, Code::DataLoss] {
            assert_eq!(classify(&asked(code), false), Verdict::Again);
        }
        assert_eq!(classify(&asked(Code::Ok), false), Verdict::Written);
    }
}
