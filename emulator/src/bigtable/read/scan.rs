//! A `ReadRows` call: a scan that stops after a few messages and goes on when the client has taken them.

use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fjall::Slice;
use tonic::Status;

use crate::bigtable::clock::now_micros;
use crate::bigtable::store::columns::Columns;
use crate::bigtable::store::storage::failed;
use crate::bigtable::store::table::{State, Table};
use crate::proto::bigtable::ReadRowsRequest;

use super::chunks::{Buffers, Messages};
use super::fields::Fields;
use super::filter::Filter;
use super::keys::{Interval, after, intervals};
use super::matcher;

/// A scan that finds nothing reports how far it has come about this often, so that the client sees it is alive and
/// other scans get their turn.
const SILENCE: Duration = Duration::from_millis(500);
const SILENT_ROWS: u32 = 20_000;

/// A scan. It keeps no iterator between messages: a client that reads slowly pins neither memory nor files.
pub struct Scan {
    table: Arc<Table>,
    filter: Arc<Filter>,
    /// Left to read, in the order of travel.
    left: VecDeque<Interval>,
    reversed: bool,
    rows_left: Option<u64>,
    /// Messages that are made but not yet taken.
    ready: VecDeque<Bytes>,
    buffers: Arc<Buffers>,
}

/// One step of a scan, on one state of the table.
struct Step {
    state: Arc<State>,
    columns: Arc<Columns>,
    fields: Fields,
    now_micros: i64,
    /// By the family's rank.
    newest_live_from: Vec<i64>,
    started: Instant,
    messages: Messages,
    rows: u32,
    last_scanned: Option<Vec<u8>>,
}

impl Scan {
    /// Checks a request.
    pub fn new(table: Arc<Table>, request: ReadRowsRequest) -> Result<Scan, Status> {
        let filter = Arc::new(Filter::compile(request.filter.as_ref())?);
        let rows_left = match request.rows_limit {
            0 => None,
            limit => {
                let refused = |_| Status::invalid_argument(format!("rows_limit {limit} is negative"));
                Some(u64::try_from(limit).map_err(refused)?)
            }
        };
        let mut left = intervals(request.rows)?;
        if request.reversed {
            left.make_contiguous().reverse();
        }
        Ok(Scan {
            table,
            filter,
            left,
            reversed: request.reversed,
            rows_left,
            ready: VecDeque::new(),
            buffers: Arc::default(),
        })
    }

    /// Whether nothing is left to read.
    pub fn is_done(&self) -> bool {
        self.ready.is_empty() && (self.left.is_empty() || self.rows_left == Some(0))
    }

    /// The next message, if it is already made.
    pub fn ready_message(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    /// Reads on until there are messages. None once the scan has ended. Blocks on the disk.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, Status> {
        while self.ready.is_empty() && !self.is_done() {
            self.step()?;
        }
        Ok(self.ready.pop_front())
    }

    fn step(&mut self) -> Result<(), Status> {
        let (state, now_micros) = (self.table.state()?, now_micros());
        let mut step = Step {
            newest_live_from: state.schema.newest_live_from(now_micros),
            columns: state.storage.columns(),
            fields: Fields::default(),
            state,
            now_micros,
            started: Instant::now(),
            messages: Messages::new(self.buffers.clone()),
            rows: 0,
            last_scanned: None,
        };
        while let Some(interval) = self.left.pop_front() {
            if let Some(rest) = self.read_interval(&interval, &mut step)? {
                self.left.push_front(rest);
            }
            if self.rows_left == Some(0) || step.is_over() {
                break;
            }
        }
        let last_scanned = step.last_scanned.take().filter(|_| !self.is_done());
        self.ready = step.messages.finish(last_scanned.as_deref()).into();
        Ok(())
    }

    /// Reads an interval. Returns the rest of it if the step is over first.
    fn read_interval(&mut self, interval: &Interval, step: &mut Step) -> Result<Option<Interval>, Status> {
        if let Some(key) = interval.single() {
            match step.state.storage.get(key)? {
                Some(stored) => self.read_row(key, &stored, step)?,
                None => step.last_scanned = Some(key.to_vec()),
            }
            return Ok(None);
        }
        let end = interval.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut rows = step.state.storage.rows.range::<&[u8], _>((Bound::Included(&*interval.start), end));
        loop {
            let next = if self.reversed { rows.next_back() } else { rows.next() };
            let Some(row) = next else { return Ok(None) };
            let (key, stored) = row.into_inner().map_err(|error| failed(&error))?;
            self.read_row(&key, &stored, step)?;
            if self.rows_left == Some(0) {
                return Ok(None);
            }
            if step.is_over() {
                return Ok(Some(self.rest(interval, &key)));
            }
        }
    }

    fn rest(&self, interval: &Interval, key: &[u8]) -> Interval {
        if self.reversed {
            return Interval { start: interval.start.clone(), end: Some(key.to_vec()) };
        }
        Interval { start: after(key.to_vec()), end: interval.end.clone() }
    }

    fn read_row(&mut self, key: &[u8], stored: &Slice, step: &mut Step) -> Result<(), Status> {
        step.rows += 1;
        let state = &step.state;
        // After the row was read, so that the dictionary has its columns.
        state.storage.refresh(&mut step.columns);
        if step.rows > 1 {
            // Not for a single row: encoding every name would cost more than it saves.
            step.fields.extend(&state.schema, &step.columns);
        }
        let mut writer = step.messages.row(key, &state.schema, &step.fields);
        if let Some(newest) = self.filter.newest() {
            // The usual scan, without a list of the row's cells. A column's live cells are its newest ones.
            state.visit(key, stored, &step.columns, |cell, place| {
                let lives = if place.nth == 0 {
                    cell.timestamp_micros >= step.newest_live_from[usize::from(cell.family)]
                } else {
                    cell.lives(&state.schema, place.nth, step.now_micros)
                };
                if lives && place.nth < newest {
                    writer.push_stored(&cell, place);
                }
            })?;
        } else {
            let cells = state.cells(key, Some(stored), &step.columns, step.now_micros)?;
            let cells = matcher::run(&self.filter, matcher::Row { key, schema: &state.schema }, cells);
            writer.push_all(&cells);
        }
        if !writer.finish() {
            step.last_scanned = Some(key.to_vec());
            return Ok(());
        }
        if let Some(left) = &mut self.rows_left {
            *left -= 1;
        }
        Ok(())
    }
}

impl Step {
    fn is_over(&self) -> bool {
        self.messages.is_full()
            || self.rows >= SILENT_ROWS
            || self.rows.is_multiple_of(16) && self.started.elapsed() >= SILENCE
    }
}
