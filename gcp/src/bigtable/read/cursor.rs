//! How far a scan is, and what its next call asks for.

use super::chunk::{Part, Parts};
use super::merger::{Malformed, Merger};
use super::{Error, Patience, Row, Scan, Scanned, Span};
use data::read_rows_request::RequestStatsView;
use data::request_stats::StatsView;
use data::{ReadRowsRequest, RequestStats, RowFilter, RowSet};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use prost::Message;
use std::ops::ControlFlow;
use tonic::Status;

/// What an answer must not say.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    Malformed(Malformed),
    /// A row of this key, which was not asked for.
    Outside(Vec<u8>),
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Moves on to the span that may hold a key; keys come in order. Says whether it does.
fn pass(spans: &[Span], at: &mut usize, key: &[u8]) -> bool {
    while spans.get(*at).and_then(|span| span.end.as_deref()).is_some_and(|end| end <= key) {
        *at += 1;
    }
    spans.get(*at).is_some_and(|span| span.contains(key))
}

/// How far a scan is.
pub struct Cursor {
    pub table_name: String,
    spans: Vec<Span>,
    /// The span that the last row was in; none before it can have another.
    at: usize,
    filter: Option<RowFilter>,
    left: Option<u64>,
    stats: bool,
    pub merger: Merger,
    pub scanned: Scanned,
}

impl Cursor {
    pub fn new(table_name: String, scan: Scan) -> Self {
        let spans = scan.spans.into_iter().filter(|span| !span.is_empty()).collect();
        let Scan { filter, limit: left, stats, .. } = scan;
        let (merger, scanned) = (Merger::new(), Scanned::default());
        Self { table_name, spans, at: 0, filter, left, stats, merger, scanned }
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
    ) -> Result<ControlFlow<()>, Fault> {
        self.scanned.bytes += message.len() as u64;
        let mut parts = Parts::of(message);
        loop {
            self.merger.push_usual(&mut parts);
            let part = parts.next_part().map_err(|_| Malformed("a message is cut off"))?;
            let Some(part) = part else { break };
            match part {
                Part::Chunk(chunk) => {
                    let Some(row) = self.merger.push(message, &chunk)? else { continue };
                    if self.left == Some(0) {
                        return Err(Malformed("more rows than asked for").into());
                    }
                    if !pass(&self.spans, &mut self.at, row.key()) {
                        return Err(Fault::Outside(row.key().to_vec()));
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
        self.merger.end_message(message);
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
        self.at = 0;
        let last_key = self.merger.last_key();
        if !last_key.is_empty() {
            self.spans.iter_mut().for_each(|span| span.trim_to_after(last_key));
            self.spans.retain(|span| !span.is_empty());
        }
    }

    /// The error for a fault of this scan's answer.
    pub fn refuse(&self, fault: Fault) -> Error {
        let table = self.table_name.clone();
        match fault {
            Fault::Malformed(Malformed(problem)) => {
                Error::Malformed { table, key: self.merger.last_key().to_vec(), problem }
            }
            Fault::Outside(key) => {
                let nearest = self.spans.get(self.at).or(self.spans.last());
                Error::Outside { table, key, asked: nearest.cloned().unwrap_or_default() }
            }
        }
    }

    pub fn broken(&self, patience: Patience, status: &Status) -> Error {
        Error::broken(self.table_name.clone(), self.merger.last_key().to_vec(), patience, status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data::ReadRowsResponse;
    use data::read_rows_response::CellChunk;
    use data::read_rows_response::cell_chunk::RowStatus;
    use proptest::prelude::*;

    /// Family, qualifier, time, value.
    type Model = (String, Vec<u8>, i64, Vec<u8>);

    fn cell() -> impl Strategy<Value = Model> {
        let family = prop::sample::select(vec!["f", "a family of some length"]).prop_map(str::to_owned);
        let qualifier =
            prop::sample::select(vec![&b"q"[..], b"r", b"", b"a qualifier", b"another_qualifier"]);
        let times = [1_711_000_000_000_000, 1_711_000_000_001_000, 0, -1];
        let value = prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..9),
            1 => prop::collection::vec(any::<u8>(), 90..200)
        ];
        (family, qualifier.prop_map(<[u8]>::to_vec), prop::sample::select(times.to_vec()), value)
    }

    /// As a server says it: everything each time, or only what differs from the cell before.
    fn chunks(key: &[u8], cells: &[Model], is_brief: bool) -> Vec<CellChunk> {
        let mut last: Option<&Model> = None;
        let mut chunks = Vec::new();
        for cell @ (family, qualifier, timestamp_micros, value) in cells {
            let is_new =
                |same: fn(&Model, &Model) -> bool| !is_brief || last.is_none_or(|last| !same(last, cell));
            let is_other_family = is_new(|last, cell| last.0 == cell.0);
            chunks.push(CellChunk {
                row_key: if last.is_none() { key.to_vec() } else { Vec::new() },
                family_name: is_other_family.then(|| family.clone()),
                qualifier: (is_other_family || is_new(|last, cell| last.1 == cell.1))
                    .then(|| qualifier.clone()),
                timestamp_micros: *timestamp_micros,
                value: value.clone(),
                ..CellChunk::default()
            });
            last = Some(cell);
        }
        chunks.last_mut().unwrap().row_status = Some(RowStatus::CommitRow(true));
        chunks
    }

    /// The chunks of a server that sends longer values in pieces of this size.
    fn split(chunk: CellChunk, size: usize) -> Vec<CellChunk> {
        let total = chunk.value.len();
        if total <= size {
            return vec![chunk];
        }
        let status = chunk.row_status;
        let more = |value: &[u8]| CellChunk { value: value.to_vec(), ..CellChunk::default() };
        let mut pieces: Vec<_> = chunk.value.chunks(size).map(more).collect();
        pieces[0] = CellChunk { value: pieces[0].value.clone(), row_status: None, ..chunk };
        let last = pieces.len() - 1;
        pieces[..last].iter_mut().for_each(|piece| piece.value_size = total as i32);
        pieces[last].row_status = status;
        pieces
    }

    proptest! {
        #[test]
        fn rows_are_read_as_they_were_sent(
            kinds in prop::collection::vec(prop::collection::vec(cell(), 1..9), 1..3),
            values in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
            is_brief in any::<bool>(),
            size in 1..40_usize,
            piece in prop_oneof![Just(usize::MAX), 1..60_usize],
        ) {
            // Rows of few kinds, each with values of its own.
            let sent: Vec<(Vec<u8>, Vec<Model>)> = (0_u32..).zip(&values).map(|(number, (kind, byte))| {
                let mut cells = kind.get(&kinds).clone();
                for cell in &mut cells {
                    cell.3.push(*byte);
                }
                (number.to_be_bytes().to_vec(), cells)
            }).collect();
            let all = sent.iter().flat_map(|(key, cells)| chunks(key, cells, is_brief));
            let all: Vec<_> = all.flat_map(|chunk| split(chunk, piece)).collect();
            let mut progress = Cursor::new("t".to_owned(), Scan::of("t"));
            let mut read = Vec::new();
            for part in all.chunks(size) {
                let message = ReadRowsResponse { chunks: part.to_vec(), ..Default::default() }.encode_to_vec();
                let flow = progress.take(&message, &mut |row| {
                    let cells = row.cells().map(|cell| {
                        let family = String::from_utf8(cell.family.to_vec()).unwrap();
                        (family, cell.qualifier.to_vec(), cell.timestamp_micros, cell.value.to_vec())
                    });
                    read.push((row.key().to_vec(), cells.collect::<Vec<_>>()));
                    ControlFlow::Continue(())
                });
                prop_assert_eq!(flow, Ok(ControlFlow::Continue(())));
            }
            prop_assert_eq!(progress.merger.finish(), Ok(()));
            prop_assert_eq!(read, sent);
        }
    }
}
