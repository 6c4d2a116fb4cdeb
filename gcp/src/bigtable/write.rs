//! Rows written again: for repairs, a few at a time. The sink's writer is the one for loads.

use super::WRITER;
use super::read::{Error, Reader, delays};
use crate::headers::routed;
use crate::retry::{asked_delay, may_pass};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::MutateRowsRequest;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::mutate_rows_request::Entry;
use tokio::time::Instant;
use tonic::{Code, Status};

/// The service refuses more than 100,000 mutations in one request; a payment has fewer than 60 cells.
const REQUEST_ROWS: usize = 500;

impl Reader {
    /// Writes rows to a table, each whole or not at all.
    ///
    /// # Errors
    /// When a row could not be written; those before it in the list may be or not, and writing them again does no harm.
    pub async fn write(&self, table: &str, entries: Vec<Entry>) -> Result<(), Error> {
        let table_name = self.bigtable().table_name(table);
        for entries in entries.chunks(REQUEST_ROWS) {
            let mut left = entries.to_vec();
            let (mut delays, started) = (delays(), Instant::now());
            while let Err(status) = self.try_write(&table_name, &mut left).await {
                if !may_pass(&status) {
                    return Err(Error::refused(&table_name, WRITER, &status));
                }
                let delay = delays.next(asked_delay(&status));
                if started.elapsed() + delay >= self.patience().give_up {
                    return Err(self.unwritten(table_name, &status));
                }
                tokio::time::sleep(delay).await;
            }
        }
        Ok(())
    }

    fn unwritten(&self, table: String, status: &Status) -> Error {
        let patience_secs = self.patience().give_up.as_secs();
        Error::Unwritten {
            table,
            patience_secs,
            reason: format!("{:?}: {}", status.code(), status.message()),
        }
    }

    /// One call; leaves in `left` what is not confirmed, with an error for the worst of it.
    async fn try_write(&self, table_name: &str, left: &mut Vec<Entry>) -> Result<(), Status> {
        let request = MutateRowsRequest {
            table_name: table_name.to_owned(),
            app_profile_id: self.app_profile().to_owned(),
            entries: left.clone(),
            ..Default::default()
        };
        let mut answers =
            vec![Some(Status::unavailable("the stream ended without an answer for this row")); left.len()];
        let broken = self.collect(request, &mut answers).await.err();
        let mut worst = broken;
        let mut answers = answers.into_iter();
        left.retain(|_| {
            let Some(status) = answers.next().flatten() else { return false };
            if worst.as_ref().is_none_or(|worst| may_pass(worst) && !may_pass(&status)) {
                worst = Some(status);
            }
            true
        });
        match worst {
            Some(status) if !left.is_empty() => Err(status),
            _ => Ok(()),
        }
    }

    async fn collect(
        &self,
        request: MutateRowsRequest,
        answers: &mut [Option<Status>],
    ) -> Result<(), Status> {
        let silence = self.patience().silence.min(self.patience().give_up);
        let (table_name, app_profile) = (request.table_name.clone(), self.app_profile());
        let request = routed(request, &[("table_name", &table_name), ("app_profile_id", app_profile)]);
        let call = async {
            let mut stream = self.bigtable().client().mutate_rows(request).await?.into_inner();
            while let Some(response) = stream.message().await? {
                for entry in response.entries {
                    let told = entry.status.unwrap_or_default();
                    let code = Code::from_i32(told.code);
                    if let Some(answer) = usize::try_from(entry.index).ok().and_then(|at| answers.get_mut(at))
                    {
                        *answer = (code != Code::Ok).then(|| Status::new(code, told.message));
                    }
                }
            }
            Ok(())
        };
        tokio::time::timeout(silence, call)
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("the server did not confirm in time")))
    }
}
