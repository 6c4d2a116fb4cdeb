//! Rows as row groups of Parquet files.
//!
//! A row group is encoded apart from its file, so that several are made at once, and each is copied in at its turn.

use super::batch::{Batch, Cells, Values};
use super::columns::{Column, Columns};
use super::sink::Sink;
use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor, Type, TypePtr};
use schemas::layout::flat::Kind;
use std::sync::Arc;

/// BigQuery's NUMERIC, to the digit, and what other readers have room for, too. Every amount fits: those of an INT64 in
/// any currency have at most 19 digits before the point and 4 behind it.
pub const PRECISION: i32 = 38;
pub const SCALE: u32 = 9;

/// An encoded row group: each column's bytes, and what is to be said of them in the file's footer.
pub struct RowGroup(Vec<(Bytes, ColumnCloseResult)>);

/// A file that row groups are copied into.
pub struct Writer(SerializedFileWriter<Sink>);

impl Writer {
    pub fn new(columns: &Columns, sink: Sink) -> Result<Self> {
        SerializedFileWriter::new(sink, schema(columns)?, properties()).map(Self)
    }

    pub fn write(&mut self, group: RowGroup) -> Result<()> {
        let mut out = self.0.next_row_group()?;
        for (bytes, closed) in group.0 {
            out.append_column(&bytes, closed)?;
        }
        out.close()?;
        Ok(())
    }

    /// Writes the footer.
    pub fn finish(self) -> Result<Sink> {
        self.0.into_inner()
    }
}

/// The rows as a row group.
pub fn row_group(batch: Batch) -> Result<RowGroup> {
    let (schema, properties) = (SchemaDescriptor::new(schema(&batch.columns)?), properties());
    let cells = batch.cells.into_iter().zip(schema.columns());
    cells.map(|(cells, column)| encode(cells, column, &properties)).collect::<Result<_>>().map(RowGroup)
}

fn encode(
    cells: Cells,
    column: &ColumnDescPtr,
    properties: &WriterPropertiesPtr,
) -> Result<(Bytes, ColumnCloseResult)> {
    let mut out = TrackedWrite::new(Vec::new());
    let pages = Box::new(SerializedPageWriter::new(&mut out));
    let mut writer = get_column_writer(column.clone(), properties.clone(), pages);
    let levels = (column.max_def_level() > 0).then_some(&*cells.levels);
    match (&mut writer, cells.values) {
        (ColumnWriter::ByteArrayColumnWriter(writer), Values::Texts { text, ends }) => {
            writer.write_batch(&texts(text, &ends), levels, None)?
        }
        (ColumnWriter::Int32ColumnWriter(writer), Values::Dates(days)) => {
            writer.write_batch(&days, levels, None)?
        }
        (ColumnWriter::Int64ColumnWriter(writer), Values::Numbers(numbers)) => {
            writer.write_batch(&numbers, levels, None)?
        }
        (ColumnWriter::BoolColumnWriter(writer), Values::Flags(flags)) => {
            writer.write_batch(&flags, levels, None)?
        }
        (ColumnWriter::FixedLenByteArrayColumnWriter(writer), Values::Money { units, decimals }) => {
            let values = units.into_iter().zip(decimals).map(|(units, decimals)| decimal(units, decimals));
            writer.write_batch(&values.collect::<Vec<_>>(), levels, None)?
        }
        _ => return Err(ParquetError::General(format!("{} has values of another kind", column.name()))),
    };
    let closed = writer.close()?;
    Ok((out.into_inner()?.into(), closed))
}

/// Each text as a part of them all.
fn texts(text: String, ends: &[u32]) -> Vec<ByteArray> {
    let all = Bytes::from(text.into_bytes());
    let starts = std::iter::once(&0).chain(ends);
    starts.zip(ends).map(|(start, end)| all.slice(*start as usize..*end as usize).into()).collect()
}

/// An amount as Parquet has decimals: big-endian, in units of the scale.
fn decimal(units: i64, decimals: u8) -> FixedLenByteArray {
    let factor = 10_i128.pow(SCALE.saturating_sub(decimals.into()));
    (i128::from(units) * factor).to_be_bytes().to_vec().into()
}

/// Snappy is read everywhere and costs least. Dictionaries and statistics are the crate's defaults.
fn properties() -> WriterPropertiesPtr {
    let maker = concat!("payments version ", env!("CARGO_PKG_VERSION")).to_owned();
    Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by(maker).build())
}

fn schema(columns: &[Column]) -> Result<TypePtr> {
    let fields = columns.iter().map(|column| field(column).map(Arc::new)).collect::<Result<_>>()?;
    Type::group_type_builder("schema").with_fields(fields).build().map(Arc::new)
}

fn field(column: &Column) -> Result<Type> {
    let of = |physical| Type::primitive_type_builder(&column.name, physical);
    let builder = match column.field.kind {
        Kind::Text => of(Physical::BYTE_ARRAY).with_logical_type(Some(LogicalType::String)),
        Kind::Date => of(Physical::INT32).with_logical_type(Some(LogicalType::Date)),
        Kind::Number => of(Physical::INT64),
        Kind::Flag => of(Physical::BOOLEAN),
        Kind::Time => {
            of(Physical::INT64).with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MICROS)))
        }
        Kind::Money => of(Physical::FIXED_LEN_BYTE_ARRAY)
            .with_length(16)
            .with_precision(PRECISION)
            .with_scale(SCALE as i32)
            .with_logical_type(Some(LogicalType::decimal(SCALE as i32, PRECISION))),
    };
    let is_required = column.field.is_required();
    builder.with_repetition(if is_required { Repetition::REQUIRED } else { Repetition::OPTIONAL }).build()
}
