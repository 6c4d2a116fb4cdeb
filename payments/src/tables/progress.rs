//! How far a scan is, and what its next call asks for.

use super::chunk::{Part, Parts};
use super::merger::{Malformed, Merger};
use super::reader::{Patience, Scan, Scanned};
use super::{Error, Row, Span};
use data::read_rows_request::RequestStatsView;
use data::request_stats::StatsView;
use data::{ReadRowsRequest, RequestStats, RowFilter, RowSet};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use prost::Message;
use std::ops::ControlFlow;
use tonic::Status;

/// How far a scan is.
pub struct Progress {
    pub table_name: String,
    spans: Vec<Span>,
    filter: Option<RowFilter>,
    left: Option<u64>,
    stats: bool,
    pub merger: Merger,
    pub scanned: Scanned,
}

impl Progress {
    pub fn new(table_name: String, scan: Scan) -> Self {
        let spans = scan.spans.into_iter().filter(|span| !span.is_empty()).collect();
        let Scan { filter, limit: left, stats, .. } = scan;
        Self { table_name, spans, filter, left, stats, merger: Merger::new(), scanned: Scanned::default() }
    }

    /// No keys left would be a request for all.
    pub fn is_done(&self) -> bool {
        self.spans.is_empty() || self.left == Some(0)
    }

    pub fn request(&self, app_profile: &str) -> ReadRowsRequest {
        let (keys, ranges): (Vec<_>, Vec<_>) = self.spans.iter().partition(|span| span.is_key());
        let rows = RowSet {
            row_keys: keys.into_iter().map(|span| span.start.clone()).collect(),
            row_ranges: ranges.into_iter().map(Span::to_proto).collect(),
        };
        let view =
            if self.stats { RequestStatsView::RequestStatsFull } else { RequestStatsView::Unspecified };
        ReadRowsRequest {
            table_name: self.table_name.clone(),
            app_profile_id: app_profile.to_owned(),
            rows: Some(rows),
            filter: self.filter.clone(),
            rows_limit: self.left.unwrap_or(0) as i64,
            request_stats_view: view.into(),
            ..Default::default()
        }
    }

    /// Hands on what a message completes.
    pub fn take(
        &mut self,
        message: &[u8],
        each: &mut impl FnMut(Row<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Malformed> {
        self.scanned.bytes += message.len() as u64;
        let mut parts = Parts::of(message);
        while let Some(part) = parts.next_part().map_err(|_| Malformed("a message is cut off"))? {
            match part {
                Part::Chunk(chunk) => {
                    let Some(row) = self.merger.push(&chunk)? else { continue };
                    if self.left == Some(0) {
                        return Err(Malformed("more rows than asked for"));
                    }
                    self.scanned.rows += 1;
                    self.left = self.left.map(|left| left - 1);
                    if each(row).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Part::LastScanned(key) => self.merger.scanned(key)?,
                Part::Stats(encoded) => self.note(encoded),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn note(&mut self, encoded: &[u8]) {
        let Ok(RequestStats { stats_view: Some(StatsView::FullReadStatsView(view)) }) =
            RequestStats::decode(encoded)
        else {
            return;
        };
        let Some(told) = view.read_iteration_stats else { return };
        let sum = self.scanned.stats.get_or_insert_default();
        sum.rows_seen_count += told.rows_seen_count;
        sum.rows_returned_count += told.rows_returned_count;
        sum.cells_seen_count += told.cells_seen_count;
        sum.cells_returned_count += told.cells_returned_count;
    }

    /// Leaves what the broken stream did not get to.
    pub fn resume(&mut self) {
        self.merger.restart();
        let last_key = self.merger.last_key();
        if !last_key.is_empty() {
            self.spans.iter_mut().for_each(|span| span.trim_to_after(last_key));
            self.spans.retain(|span| !span.is_empty());
        }
    }

    pub fn malformed(&self, problem: &'static str) -> Error {
        Error::Malformed { table: self.table_name.clone(), key: self.merger.last_key().to_vec(), problem }
    }

    pub fn broken(&self, patience: Patience, status: &Status) -> Error {
        Error::Broken {
            table: self.table_name.clone(),
            key: self.merger.last_key().to_vec(),
            patience_secs: patience.give_up.as_secs(),
            reason: format!("{:?}: {}", status.code(), status.message()),
        }
    }
}
