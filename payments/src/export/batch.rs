//! Some rows, column by column. Pure.

use super::columns::{Column, Columns};
use anyhow::Context;
use schemas::layout::flat::{Field, Kind, Row, Value};
use std::num::TryFromIntError;

/// Bytes of texts after which rows are encoded though they are few: others may write rows of any size.
pub const MOST_BYTES: usize = 64 << 20;

/// Rows that are written together.
#[derive(Clone, Debug)]
pub struct Batch {
    pub columns: Columns,
    /// One for each column.
    pub cells: Vec<Cells>,
    pub rows: usize,
    /// Bytes of all texts.
    pub text_bytes: usize,
}

/// What a column has in these rows.
#[derive(Clone, Debug)]
pub struct Cells {
    /// For each row 1 if it has a value and 0 if not: Parquet's definition levels.
    pub levels: Vec<i16>,
    /// Those that are there.
    pub values: Values,
}

#[derive(Clone, Debug)]
pub enum Values {
    /// All texts one behind the other, and where each ends.
    Texts {
        text: String,
        ends: Vec<u32>,
    },
    Dates(Vec<i32>),
    /// Times, too.
    Numbers(Vec<i64>),
    Flags(Vec<bool>),
    Money {
        units: Vec<i64>,
        decimals: Vec<u8>,
    },
}

impl Batch {
    pub fn new(columns: &Columns) -> Self {
        let cells = columns.iter().map(|column| Cells { levels: Vec::new(), values: Values::of(column) });
        Self { columns: columns.clone(), cells: cells.collect(), rows: 0, text_bytes: 0 }
    }

    /// Fails if a column's texts are longer together than their ends can say.
    pub fn push(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        for (column, cells) in self.columns.iter().zip(&mut self.cells) {
            let value = row[column.at];
            if let Some(Value::Text(text)) = value {
                self.text_bytes += text.len();
            }
            let is_there = match value {
                Some(value) => cells.values.push(value).with_context(|| {
                    format!("column {}: rows that are encoded together have 4 GiB of text", column.name)
                })?,
                None => false,
            };
            cells.levels.push(i16::from(is_there));
        }
        self.rows += 1;
        Ok(())
    }

    /// Hands on each row's values, in the order of the columns; none where the row has none.
    pub fn each<'a>(
        &'a self,
        mut row: impl FnMut(&mut dyn Iterator<Item = (&'a Column, Option<Value<'a>>)>),
    ) {
        let mut next = vec![0; self.cells.len()];
        for at in 0..self.rows {
            let columns = self.columns.iter().zip(&self.cells).zip(&mut next);
            row(&mut columns.map(|((column, cells), next)| {
                let value = (cells.levels[at] == 1).then(|| {
                    *next += 1;
                    cells.values.get(*next - 1, column.field.kind)
                });
                (column, value)
            }));
        }
    }
}

/// Rows again, where some of them are taken elsewhere.
impl Batch {
    pub fn each_row(&self, mut each: impl FnMut(&Row<'_>)) {
        self.each(|values| {
            let mut row = [None; Field::ALL.len()];
            values.for_each(|(column, value)| row[column.at] = value);
            each(&row);
        });
    }
}

impl Values {
    fn of(column: &Column) -> Self {
        match column.field.kind {
            Kind::Text => Self::Texts { text: String::new(), ends: Vec::new() },
            Kind::Date => Self::Dates(Vec::new()),
            Kind::Number | Kind::Time => Self::Numbers(Vec::new()),
            Kind::Flag => Self::Flags(Vec::new()),
            Kind::Money => Self::Money { units: Vec::new(), decimals: Vec::new() },
        }
    }

    /// Adds a value; false if it is not of this column's kind.
    fn push(&mut self, value: Value<'_>) -> Result<bool, TryFromIntError> {
        match (self, value) {
            (Self::Texts { text, ends }, Value::Text(value)) => {
                text.push_str(value);
                ends.push(u32::try_from(text.len())?);
            }
            (Self::Dates(days), Value::Date(day)) => days.push(day),
            (Self::Numbers(numbers), Value::Number(number) | Value::Time(number)) => numbers.push(number),
            (Self::Flags(flags), Value::Flag(flag)) => flags.push(flag),
            (Self::Money { units, decimals }, Value::Money { units: value, decimals: places }) => {
                units.push(value);
                decimals.push(places);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn get(&self, at: usize, kind: Kind) -> Value<'_> {
        match self {
            Self::Texts { text, ends } => {
                let start = at.checked_sub(1).map_or(0, |before| ends[before] as usize);
                Value::Text(&text[start..ends[at] as usize])
            }
            Self::Dates(days) => Value::Date(days[at]),
            Self::Numbers(numbers) if kind == Kind::Time => Value::Time(numbers[at]),
            Self::Numbers(numbers) => Value::Number(numbers[at]),
            Self::Flags(flags) => Value::Flag(flags[at]),
            Self::Money { units, decimals } => Value::Money { units: units[at], decimals: decimals[at] },
        }
    }
}
