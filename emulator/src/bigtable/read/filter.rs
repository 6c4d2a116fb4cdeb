//! Row filters, compiled once a call.

use std::hash::{BuildHasher, RandomState};

use prost::Message;
use regex::bytes::Regex;
use tonic::Status;

use crate::proto::bigtable::column_range::{EndQualifier, StartQualifier};
use crate::proto::bigtable::row_filter::{Condition, Filter as Kind};
use crate::proto::bigtable::value_range::{EndValue, StartValue};
use crate::proto::bigtable::{ColumnRange, RowFilter, TimestampRange, ValueRange};

use super::pattern::compile as compile_pattern;

/// Limits of the service, as documented at `RowFilter`.
const MAX_BYTES: usize = 20_480;
const MAX_DEPTH: usize = 20;

/// A compiled filter.
#[derive(Debug)]
pub enum Filter {
    PassAll,
    BlockAll,
    Chain(Vec<Filter>),
    Interleave(Vec<Filter>),
    Condition {
        predicate: Box<Filter>,
        on_match: Box<Filter>,
        otherwise: Box<Filter>,
    },
    Sink,
    RowKey(Regex),
    /// Keeps a row when its hash is below the bound.
    RowSample {
        below: u64,
        hasher: RandomState,
    },
    Family(Regex),
    Qualifier(Regex),
    Column {
        family: String,
        qualifiers: Span,
    },
    Timestamps {
        start_micros: i64,
        end_micros: i64,
    },
    Value(Regex),
    Values(Span),
    RowOffset(usize),
    RowLimit(usize),
    ColumnLimit(usize),
    StripValue,
    Label(String),
}

/// A range of byte strings, both ends optional.
#[derive(Debug, Default)]
pub struct Span {
    start: Option<(Vec<u8>, bool)>,
    end: Option<(Vec<u8>, bool)>,
}

impl Span {
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let after_start = self.start.as_ref().is_none_or(|(start, closed)| match bytes.cmp(start) {
            std::cmp::Ordering::Equal => *closed,
            order => order.is_gt(),
        });
        after_start
            && self.end.as_ref().is_none_or(|(end, closed)| match bytes.cmp(end) {
                std::cmp::Ordering::Equal => *closed,
                order => order.is_lt(),
            })
    }
}

impl Filter {
    /// Compiles a request's filter. `INVALID_ARGUMENT` if the service would refuse it.
    pub fn compile(filter: Option<&RowFilter>) -> Result<Filter, Status> {
        let Some(filter) = filter else { return Ok(Filter::PassAll) };
        if filter.encoded_len() > MAX_BYTES {
            return Err(invalid(format!("filters are limited to {MAX_BYTES} bytes")));
        }
        compile(filter, Place { depth: 0, in_predicate: false })
    }

    /// How many of a column's newest cells pass, if the filter asks for nothing else.
    pub fn newest(&self) -> Option<usize> {
        match self {
            Filter::PassAll => Some(usize::MAX),
            Filter::ColumnLimit(limit) => Some(*limit),
            _ => None,
        }
    }

    fn labels(&self) -> bool {
        match self {
            Filter::Label(_) => true,
            Filter::Chain(filters) | Filter::Interleave(filters) => filters.iter().any(Filter::labels),
            Filter::Condition { on_match, otherwise, .. } => on_match.labels() || otherwise.labels(),
            _ => false,
        }
    }
}

#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    in_predicate: bool,
}

impl Place {
    fn inside(self) -> Place {
        Place { depth: self.depth + 1, ..self }
    }
}

fn compile(filter: &RowFilter, place: Place) -> Result<Filter, Status> {
    if place.depth > MAX_DEPTH {
        return Err(invalid(format!("filters may be nested {MAX_DEPTH} deep")));
    }
    let Some(kind) = &filter.filter else { return Err(invalid("a filter must be set")) };
    Ok(match kind {
        Kind::Chain(chain) => compile_chain(&chain.filters, place)?,
        Kind::Interleave(interleave) => Filter::Interleave(compile_all(&interleave.filters, place)?),
        Kind::Condition(condition) => compile_condition(condition, place)?,
        Kind::Sink(on) if place.in_predicate && *on => {
            return Err(invalid("sink is not allowed in a predicate"));
        }
        Kind::Sink(on) => flag(*on, Filter::Sink)?,
        Kind::PassAllFilter(on) => flag(*on, Filter::PassAll)?,
        Kind::BlockAllFilter(on) => flag(*on, Filter::BlockAll)?,
        Kind::StripValueTransformer(on) => flag(*on, Filter::StripValue)?,
        Kind::RowKeyRegexFilter(pattern) => Filter::RowKey(compile_pattern(pattern)?),
        Kind::FamilyNameRegexFilter(pattern) => Filter::Family(compile_pattern(pattern.as_bytes())?),
        Kind::ColumnQualifierRegexFilter(pattern) => Filter::Qualifier(compile_pattern(pattern)?),
        Kind::ValueRegexFilter(pattern) => Filter::Value(compile_pattern(pattern)?),
        Kind::RowSampleFilter(share) => compile_sample(*share)?,
        Kind::ColumnRangeFilter(range) => compile_columns(range)?,
        Kind::ValueRangeFilter(range) => Filter::Values(compile_values(range)?),
        Kind::TimestampRangeFilter(range) => compile_timestamps(*range)?,
        Kind::CellsPerRowOffsetFilter(cells) => Filter::RowOffset(count(*cells, 0)?),
        Kind::CellsPerRowLimitFilter(cells) => Filter::RowLimit(count(*cells, 1)?),
        Kind::CellsPerColumnLimitFilter(cells) => Filter::ColumnLimit(count(*cells, 1)?),
        Kind::ApplyLabelTransformer(label) => compile_label(label)?,
    })
}

fn compile_all(filters: &[RowFilter], place: Place) -> Result<Vec<Filter>, Status> {
    filters.iter().map(|filter| compile(filter, place.inside())).collect()
}

fn compile_chain(filters: &[RowFilter], place: Place) -> Result<Filter, Status> {
    let filters = compile_all(filters, place)?;
    if filters.iter().filter(|filter| filter.labels()).count() > 1 {
        return Err(invalid("a chain may apply one label"));
    }
    Ok(Filter::Chain(filters))
}

fn compile_condition(condition: &Condition, place: Place) -> Result<Filter, Status> {
    let Some(predicate) = &condition.predicate_filter else {
        return Err(invalid("a condition needs a predicate"));
    };
    // A missing branch lets nothing through.
    let branch = |filter: &Option<Box<RowFilter>>| match filter {
        Some(filter) => compile(filter, place.inside()).map(Box::new),
        None => Ok(Box::new(Filter::BlockAll)),
    };
    Ok(Filter::Condition {
        predicate: Box::new(compile(predicate, Place { in_predicate: true, ..place.inside() })?),
        on_match: branch(&condition.true_filter)?,
        otherwise: branch(&condition.false_filter)?,
    })
}

fn compile_sample(share: f64) -> Result<Filter, Status> {
    if share <= 0.0 || share >= 1.0 || share.is_nan() {
        return Err(invalid(format!("row_sample_filter {share} is not between 0 and 1")));
    }
    Ok(Filter::RowSample { below: (share * u64::MAX as f64) as u64, hasher: RandomState::new() })
}

/// Whether a sample with this bound takes the row.
pub fn sampled(hasher: &RandomState, below: u64, key: &[u8]) -> bool {
    hasher.hash_one(key) < below
}

fn compile_columns(range: &ColumnRange) -> Result<Filter, Status> {
    let start = range.start_qualifier.as_ref().map(|start| match start {
        StartQualifier::StartQualifierClosed(bytes) => (bytes.clone(), true),
        StartQualifier::StartQualifierOpen(bytes) => (bytes.clone(), false),
    });
    let end = range.end_qualifier.as_ref().map(|end| match end {
        EndQualifier::EndQualifierClosed(bytes) => (bytes.clone(), true),
        EndQualifier::EndQualifierOpen(bytes) => (bytes.clone(), false),
    });
    Ok(Filter::Column { family: range.family_name.clone(), qualifiers: span(start, end)? })
}

fn compile_values(range: &ValueRange) -> Result<Span, Status> {
    let start = range.start_value.as_ref().map(|start| match start {
        StartValue::StartValueClosed(bytes) => (bytes.clone(), true),
        StartValue::StartValueOpen(bytes) => (bytes.clone(), false),
    });
    let end = range.end_value.as_ref().map(|end| match end {
        EndValue::EndValueClosed(bytes) => (bytes.clone(), true),
        EndValue::EndValueOpen(bytes) => (bytes.clone(), false),
    });
    span(start, end)
}

fn span(start: Option<(Vec<u8>, bool)>, end: Option<(Vec<u8>, bool)>) -> Result<Span, Status> {
    if let (Some((start, _)), Some((end, _))) = (&start, &end)
        && start > end
    {
        return Err(invalid("a filter's range must start before it ends"));
    }
    Ok(Span { start, end })
}

fn compile_timestamps(range: TimestampRange) -> Result<Filter, Status> {
    let (start_micros, end_micros) = (range.start_timestamp_micros, range.end_timestamp_micros);
    if start_micros < 0 || end_micros < 0 || (end_micros != 0 && end_micros < start_micros) {
        return Err(invalid(format!("timestamp range {start_micros}..{end_micros} is not one")));
    }
    Ok(Filter::Timestamps { start_micros, end_micros })
}

fn compile_label(label: &str) -> Result<Filter, Status> {
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if label.is_empty() || label.len() > 15 || !label.bytes().all(valid) {
        return Err(invalid(format!("label {label:?} does not match [a-z0-9\\-]{{1,15}}")));
    }
    Ok(Filter::Label(label.to_owned()))
}

fn flag(on: bool, filter: Filter) -> Result<Filter, Status> {
    if on { Ok(filter) } else { Err(invalid("a filter's flag must be true")) }
}

fn count(cells: i32, least: i32) -> Result<usize, Status> {
    match usize::try_from(cells) {
        Ok(count) if cells >= least => Ok(count),
        _ => Err(invalid(format!("a filter's number of cells must be at least {least}, not {cells}"))),
    }
}

fn invalid(message: impl Into<String>) -> Status {
    Status::invalid_argument(message)
}
