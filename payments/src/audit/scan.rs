//! The rows of the tables, scanned in parallel ranges.

use crate::output::Progress;
use gcp::bigtable::read::{self, Error, Reader, Row, Scan, Span};
use schemas::layout::Table;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Most ranges of a table: enough to keep all connections busy to the end.
const MAX_RANGES: usize = 64;

/// Scans of whole tables.
#[derive(Clone, Debug)]
pub struct Tables {
    pub reader: Reader,
    /// Ranges read at once.
    pub parallelism: usize,
}

impl Tables {
    /// Hands on every row of these tables with its newest cells. Each range has a state of its own, which `join` gets
    /// at its end.
    pub async fn scan<S: Send + 'static>(
        &self,
        tables: &[Table],
        bar: &Progress,
        start: impl Fn(Table) -> S,
        each: impl Fn(&mut S, Table, Row<'_>) + Send + Sync + 'static,
        mut join: impl FnMut(Table, S),
    ) -> Result<(), Error> {
        let mut waiting = VecDeque::new();
        for &table in tables {
            waiting.extend(self.ranges(table).await?.into_iter().map(|span| (table, span)));
        }
        let each = Arc::new(each);
        let mut reading = JoinSet::new();
        loop {
            while reading.len() < self.parallelism
                && let Some((table, span)) = waiting.pop_front()
            {
                let (reader, each, bar, state) =
                    (self.reader.clone(), each.clone(), bar.clone(), start(table));
                reading.spawn(async move { read(&reader, table, span, state, &*each, &bar).await });
            }
            let Some(ended) = reading.join_next().await else { return Ok(()) };
            let (table, state) = ended.map_err(|error| Error::Bug(error.to_string()))??;
            join(table, state);
        }
    }

    async fn ranges(&self, table: Table) -> Result<Vec<Span>, Error> {
        let keys = self.reader.sample_keys(table.id()).await?;
        let step = keys.len().div_ceil(MAX_RANGES).max(1);
        Ok(Span::all().split(keys.into_iter().step_by(step)))
    }
}

async fn read<S>(
    reader: &Reader,
    table: Table,
    span: Span,
    mut state: S,
    each: &impl Fn(&mut S, Table, Row<'_>),
    bar: &Progress,
) -> Result<(Table, S), Error> {
    let wanted = Scan { spans: vec![span], filter: Some(read::newest()), ..Scan::of(table.id()) };
    let mut unreported = 0;
    reader
        .scan(wanted, |row| {
            each(&mut state, table, row);
            unreported += 1;
            if unreported == 1_000 {
                bar.add(std::mem::take(&mut unreported));
            }
            ControlFlow::Continue(())
        })
        .await?;
    bar.add(unreported);
    Ok((table, state))
}
