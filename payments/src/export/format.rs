//! The formats: rows encoded apart from their file, and files that take them.

use super::batch::Batch;
use super::columns::Columns;
use super::sink::Sink;
use super::{csv, ndjson};
use std::io::Write;

/// How files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// RFC 4180 with a header; what a payment has not is empty.
    Csv,
    /// A JSON object a line; what a payment has not is left out.
    Ndjson,
    /// Typed columns, compressed with Snappy.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// Encoded rows, ready to be copied into a file.
pub enum Encoded {
    Text(Vec<u8>),
    #[cfg(feature = "parquet")]
    Parquet(super::parquet::RowGroup),
}

/// A file of a format.
pub enum Writer {
    Text(Sink),
    // Much larger than the other.
    #[cfg(feature = "parquet")]
    Parquet(Box<super::parquet::Writer>),
}

impl Format {
    /// As files end, and as the manifest has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }

    /// Most rows encoded together. Lines are independent of each other; Parquet compresses and skips by the row group,
    /// which is the better the larger it is, and takes some 60 MB in the making.
    pub fn most_rows(self) -> u64 {
        match self {
            Self::Csv | Self::Ndjson => 8_192,
            #[cfg(feature = "parquet")]
            Self::Parquet => 65_536,
        }
    }

    pub fn encode(self, batch: Batch) -> anyhow::Result<Encoded> {
        Ok(match self {
            Self::Csv => Encoded::Text(csv::rows(&batch)),
            Self::Ndjson => Encoded::Text(ndjson::rows(&batch)?),
            #[cfg(feature = "parquet")]
            Self::Parquet => Encoded::Parquet(super::parquet::row_group(batch)?),
        })
    }

    /// Begins a file, with its header where the format has one.
    pub fn writer(self, columns: &Columns, mut sink: Sink) -> anyhow::Result<Writer> {
        Ok(match self {
            Self::Csv => {
                sink.write_all(&csv::header(columns))?;
                Writer::Text(sink)
            }
            Self::Ndjson => Writer::Text(sink),
            #[cfg(feature = "parquet")]
            Self::Parquet => Writer::Parquet(Box::new(super::parquet::Writer::new(columns, sink)?)),
        })
    }
}

impl Writer {
    pub fn write(&mut self, rows: Encoded) -> anyhow::Result<()> {
        match (self, rows) {
            (Self::Text(sink), Encoded::Text(bytes)) => sink.write_all(&bytes)?,
            #[cfg(feature = "parquet")]
            (Self::Parquet(writer), Encoded::Parquet(group)) => writer.write(group)?,
            #[cfg(feature = "parquet")]
            _ => anyhow::bail!("rows of one format came for a file of another: this is a bug"),
        }
        Ok(())
    }

    pub fn finish(self) -> anyhow::Result<Sink> {
        match self {
            Self::Text(sink) => Ok(sink),
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => Ok(writer.finish()?),
        }
    }
}
