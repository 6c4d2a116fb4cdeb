//! Changes of one row that depend on what it holds.

use tonic::Status;

use crate::bigtable::read::filter::Filter;
use crate::bigtable::read::matcher;
use crate::bigtable::store::limits::check_key;
use crate::bigtable::store::row::Cell;
use crate::bigtable::store::schema::Schema;
use crate::bigtable::store::table::Table;
use crate::proto::bigtable::read_modify_write_rule::Rule;
use crate::proto::bigtable::{
    Cell as CellProto, CheckAndMutateRowRequest, Column, Family, Mutation as MutationProto,
    ReadModifyWriteRowRequest, ReadModifyWriteRule, Row,
};

use super::check::{Change, Checker, MAX_MUTATIONS, find};
use super::mutation::Mutation;
use super::writer::Writer;

/// Applies the mutations for whether the predicate matches, and returns whether it did.
pub fn check_and_mutate(table: &Table, request: &CheckAndMutateRowRequest) -> Result<bool, Status> {
    check_key(&request.row_key)?;
    if request.true_mutations.is_empty() && request.false_mutations.is_empty() {
        return Err(Status::invalid_argument("No mutations provided"));
    }
    let filter = Filter::compile(request.predicate_filter.as_ref())?;
    let held = table.hold()?;
    let schema = &held.state.schema;
    let on_match = check_all(&request.true_mutations, schema, held.now_micros)?;
    let otherwise = check_all(&request.false_mutations, schema, held.now_micros)?;
    let (stored, columns) = held.get(&request.row_key)?;
    let cells = held.state.cells(&request.row_key, stored.as_ref(), &columns, held.now_micros)?;
    let row = matcher::Row { key: &request.row_key, schema };
    let matched = !cells.is_empty() && !matcher::run(&filter, row, cells).is_empty();
    let mut writer = Writer::new(&held.state, held.now_micros);
    writer.change(&request.row_key, stored.as_ref(), if matched { &on_match } else { &otherwise })?;
    writer.commit()?;
    Ok(matched)
}

/// Checks the mutations of one row.
pub fn check_all<'a>(
    mutations: &'a [MutationProto],
    schema: &Schema,
    now_micros: i64,
) -> Result<Vec<Change<'a>>, Status> {
    if mutations.len() > MAX_MUTATIONS {
        return Err(Status::invalid_argument(format!(
            "a request may hold {MAX_MUTATIONS} mutations at most"
        )));
    }
    let mut checker = Checker::new(schema, now_micros);
    mutations.iter().map(|mutation| checker.check(Mutation::from(mutation))).collect()
}

/// A cell that a rule made.
struct Made<'a> {
    family: u16,
    qualifier: &'a [u8],
    timestamp_micros: i64,
    value: Vec<u8>,
}

/// Appends to or increments the newest cells of columns. Returns the cells it made.
pub fn read_modify_write(table: &Table, request: &ReadModifyWriteRowRequest) -> Result<Row, Status> {
    check_key(&request.row_key)?;
    if request.rules.is_empty() || request.rules.len() > MAX_MUTATIONS {
        return Err(Status::invalid_argument(format!("rules must be 1 to {MAX_MUTATIONS}")));
    }
    let held = table.hold()?;
    let schema = &held.state.schema;
    let (stored, columns) = held.get(&request.row_key)?;
    let cells = held.state.cells(&request.row_key, stored.as_ref(), &columns, held.now_micros)?;
    let mut made: Vec<Made<'_>> = Vec::new();
    for rule in &request.rules {
        make(rule, schema, &cells, held.now_micros, &mut made)?;
    }
    let changes: Vec<Change<'_>> = made
        .iter()
        .map(|made| Change::Set {
            family: made.family,
            qualifier: made.qualifier,
            timestamp_micros: made.timestamp_micros,
            value: &made.value,
        })
        .collect();
    let mut writer = Writer::new(&held.state, held.now_micros);
    writer.change(&request.row_key, stored.as_ref(), &changes)?;
    writer.commit()?;
    Ok(to_row(&request.row_key, schema, made))
}

/// Applies a rule to the row's cells and to those that earlier rules made.
fn make<'a>(
    rule: &'a ReadModifyWriteRule,
    schema: &Schema,
    cells: &[Cell<'_>],
    now_micros: i64,
    made: &mut Vec<Made<'a>>,
) -> Result<(), Status> {
    let (family, qualifier) = (find(schema, rule.family_name.as_bytes())?, &*rule.column_qualifier);
    let earlier = made.iter().position(|made| made.family == family && made.qualifier == qualifier);
    let stored = cells.iter().find(|cell| cell.family == family && cell.qualifier == qualifier);
    let old = earlier.map_or(stored.map_or(&b""[..], |cell| cell.value), |at| &made[at].value);
    let value = match &rule.rule {
        Some(Rule::AppendValue(suffix)) => [old, suffix].concat(),
        Some(Rule::IncrementAmount(amount)) => increment(old, *amount)?,
        None => return Err(Status::invalid_argument("a rule must append or increment")),
    };
    if let Some(at) = earlier {
        made[at].value = value;
    } else {
        // Never older than what it replaces, as documented at ReadModifyWriteRow.
        let timestamp_micros = stored.map_or(now_micros, |cell| cell.timestamp_micros.max(now_micros));
        made.push(Made { family, qualifier, timestamp_micros, value });
    }
    Ok(())
}

/// A column without a cell counts from 0.
fn increment(old: &[u8], amount: i64) -> Result<Vec<u8>, Status> {
    let number = match old {
        [] => 0,
        old => i64::from_be_bytes(old.try_into().map_err(|_| {
            Status::failed_precondition(format!("a counter must have 8 bytes, the cell has {}", old.len()))
        })?),
    };
    Ok(number.wrapping_add(amount).to_be_bytes().to_vec())
}

fn to_row(key: &[u8], schema: &Schema, mut made: Vec<Made<'_>>) -> Row {
    made.sort_by_key(|made| (made.family, made.qualifier));
    let column = |made: &Made<'_>| Column {
        qualifier: made.qualifier.to_vec(),
        cells: vec![CellProto {
            timestamp_micros: made.timestamp_micros,
            value: made.value.clone(),
            labels: Vec::new(),
        }],
    };
    let families = made.chunk_by(|a, b| a.family == b.family).map(|of_family| Family {
        name: schema.family(of_family[0].family).name.clone(),
        columns: of_family.iter().map(column).collect(),
    });
    Row { key: key.to_vec(), families: families.collect() }
}
