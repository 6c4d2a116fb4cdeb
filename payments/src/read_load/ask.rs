//! One read against a table.

use super::draws::Question;
use super::progress::Progress;
use super::tally::Answer;
use gcp::bigtable::read::Reader;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Reads a page and drops its rows: what they hold is `payments verify`'s business. Ends within `patience`.
pub async fn ask(
    reader: Reader,
    question: Question,
    due: Instant,
    patience: Duration,
    progress: Arc<Progress>,
) {
    let sent = Instant::now();
    progress.in_flight.inc();
    // The reader counts its patience from the last row on; a read has an end, too, whose rows only trickle.
    let ended = timeout(patience, reader.scan(question.scan(), |_| ControlFlow::Continue(()))).await;
    let answer = match ended {
        Ok(Ok(scanned)) => Answer::Rows { rows: scanned.rows, bytes: scanned.bytes },
        Ok(Err(error)) => Answer::Failed { code: error.name(), reason: error.to_string() },
        Err(_) => {
            let reason = format!("table {}: no whole answer within {patience:?}", question.table.id());
            Answer::Failed { code: "DEADLINE_EXCEEDED", reason }
        }
    };
    progress.in_flight.dec();
    progress.ended(&question, answer, due.elapsed(), sent.elapsed());
}
