//! What an export holds, read back as text, whatever its format.

use anyhow::{Context, Result, bail, ensure};
use parquet::data_type::Decimal;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use schemas::Payment;
use schemas::layout::{Family, cells, type_name};
use schemas::text;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

/// A row: by the column's name the value, as the payment's cell has it.
pub type Line = BTreeMap<String, String>;

/// The manifest of an export.
pub fn manifest(folder: &Path) -> Result<Value> {
    let path = folder.join("manifest.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

/// All rows of a kind, `payments` or `labels`, by the manifest's files in their order.
pub fn read(folder: &Path, kind: &str) -> Result<Vec<Line>> {
    let manifest = manifest(folder)?;
    let mut rows = Vec::new();
    for file in manifest[kind]["files"].as_array().context("files")? {
        let name = file["name"].as_str().context("a name")?;
        let of_file = read_file(&folder.join(name))?;
        ensure!(file["rows"] == of_file.len(), "{name} has {} rows", of_file.len());
        rows.extend(of_file);
    }
    Ok(rows)
}

/// How many rows each row group has, in all Parquet files of a kind.
pub fn row_groups(folder: &Path, kind: &str) -> Result<Vec<i64>> {
    let manifest = manifest(folder)?;
    let mut groups = Vec::new();
    for file in manifest[kind]["files"].as_array().context("files")? {
        let path = folder.join(file["name"].as_str().context("a name")?);
        let reader = SerializedFileReader::new(File::open(path)?)?;
        groups.extend(reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows));
    }
    Ok(groups)
}

fn read_file(path: &Path) -> Result<Vec<Line>> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => csv(&fs::read_to_string(path)?),
        Some("ndjson") => fs::read_to_string(path)?.lines().map(json).collect(),
        Some("parquet") => {
            let reader = SerializedFileReader::new(File::open(path)?)?;
            reader.get_row_iter(None)?.map(|row| parquet(&row?)).collect()
        }
        _ => bail!("{} has no known format", path.display()),
    }
}

/// RFC 4180, read letter by letter.
fn csv(text: &str) -> Result<Vec<Line>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\r' if !is_quoted => {
                ensure!(letters.next() == Some('\n'), "a line ends otherwise");
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            letter => field.push(letter),
        }
    }
    ensure!(!is_quoted && record.is_empty() && field.is_empty(), "the last line has no end");
    let mut records = records.into_iter();
    let header = records.next().context("a header")?;
    records
        .map(|record| {
            ensure!(record.len() == header.len(), "{} fields", record.len());
            Ok(header.iter().cloned().zip(record).filter(|(_, value)| !value.is_empty()).collect())
        })
        .collect()
}

fn json(line: &str) -> Result<Line> {
    let object: BTreeMap<String, Value> = serde_json::from_str(line)?;
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        other => bail!("{other} is no value"),
    };
    object.into_iter().map(|(name, value)| Ok((name, text(value)?))).collect()
}

fn parquet(row: &Row) -> Result<Line> {
    let currency = row.get_column_iter().find(|(name, _)| *name == "amount_currency");
    let currency = match currency {
        Some((_, Field::Str(currency))) => currency.clone(),
        _ => String::new(),
    };
    let there = row.get_column_iter().filter(|(_, field)| **field != Field::Null);
    there
        .map(|(name, field)| {
            let text = match field {
                Field::Str(text) => text.clone(),
                Field::Long(number) => number.to_string(),
                Field::Bool(flag) => flag.to_string(),
                Field::Date(day) => String::from_utf8(text::date(*day).to_vec())?,
                Field::TimestampMicros(micros) => String::from_utf8(text::time(*micros).to_vec())?,
                Field::Decimal(decimal) => amount(decimal, &currency)?,
                other => bail!("{name} has {other:?}"),
            };
            Ok((name.clone(), text))
        })
        .collect()
}

fn amount(decimal: &Decimal, currency: &str) -> Result<String> {
    ensure!((decimal.precision(), decimal.scale()) == (38, 9), "{decimal:?}");
    let units = i128::from_be_bytes(decimal.data().try_into()?);
    let factor = 10_i128.pow(9 - u32::try_from(text::minor_digits(currency))?);
    ensure!(units % factor == 0, "{units} has more decimals than {currency}");
    let mut out = Vec::new();
    text::push_amount(&mut out, (units / factor).try_into()?, currency);
    Ok(String::from_utf8(out)?)
}

/// What a payment's row must say, by its cells.
pub fn expected(payment: &Payment) -> Line {
    let rail = payment.payment_header.as_ref().map_or("", |header| type_name(header.payment_type()));
    let mut line = Line::new();
    cells(payment, |column, value| {
        let qualifier = column.qualifier().replace(':', "_");
        let name = match column.family() {
            Family::AmountInfo => format!("amount_{qualifier}"),
            Family::TypeSpecific => format!("{}_{qualifier}", rail.to_lowercase()),
            _ => qualifier,
        };
        if !value.is_empty() {
            line.insert(name, String::from_utf8_lossy(value).into_owned());
        }
    });
    line
}

/// The row without its labels; and the label, where there is one.
pub fn split(mut line: Line) -> (Line, Option<Line>) {
    let keys = ["payment_id", "run_id", "record_index"];
    let keys = keys
        .iter()
        .filter_map(|key| line.get_key_value(*key).map(|(key, value)| (key.clone(), value.clone())));
    let mut label: Line = keys.collect();
    let truth = ["anomaly_type", "anomaly_group", "anomaly_role"].map(|name| line.remove_entry(name));
    let is_injected = truth.iter().any(Option::is_some);
    label.extend(truth.into_iter().flatten());
    (line, is_injected.then_some(label))
}
