//! What each column of an export is, for people and spreadsheets. Pure.

use super::columns::{self, Column};
use super::{csv, schema};
use crate::output::table;
use std::io::Write;

/// Writes a line for each column, in the files' order; as CSV or as a table.
pub fn write(as_csv: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let columns = columns::all();
    if as_csv {
        out.write_all(&csv_of(&columns))?;
        return Ok(());
    }
    let titles = [
        table::Column::left("column"),
        table::Column::left("of"),
        table::Column::left("type"),
        table::Column::left("cell").to(0, 2),
        table::Column::left("what").to(20, 1),
    ];
    let line = |column: &Column| {
        let [name, of, kind, family, qualifier, what] = facts(column);
        vec![name, of, kind, format!("{family}:{qualifier}"), what]
    };
    write!(out, "{}", table::Table::text(&titles, &columns.iter().map(line).collect::<Vec<_>>()))?;
    Ok(())
}

fn csv_of(columns: &[Column]) -> Vec<u8> {
    let mut out = b"column,of,type,family,qualifier,description\r\n".to_vec();
    for column in columns {
        for (at, fact) in facts(column).iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            csv::push_text(&mut out, fact);
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Its name, the rail that has it (or `all`, or `labels` for the truth about what was injected), its type, its cell's
/// family and qualifier, and what the contract says of it.
fn facts(column: &Column) -> [String; 6] {
    let field = column.field;
    let of = match field.rail() {
        Some(rail) => rail.to_uppercase(),
        None if field.is_label() => "labels".to_owned(),
        None => "all".to_owned(),
    };
    let cell = field.column;
    [
        column.name.clone(),
        of,
        schema::type_of(field.kind).to_owned(),
        cell.family().id().to_owned(),
        cell.qualifier().to_owned(),
        schema::description(column),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_told_once_with_its_cell_and_the_contracts_words() {
        let mut out = Vec::new();
        write(true, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.split("\r\n").filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 1 + columns::all().len());
        for line in [
            "amount_value,all,NUMERIC,amount_info,value,Amount.minor_units",
            "ach_trace_number,ACH,STRING,type_specific,trace_number,Ach.trace_number: 8 digits ODFI + 7 digits sequence",
            "sepa_charge_bearer,SEPA,STRING,type_specific,charge_bearer,Sepa.charge_bearer: SLEV",
        ] {
            assert!(lines.contains(&line), "{line}");
        }
        assert!(text.contains("anomaly_type,labels,STRING,metadata,anomaly_type,"));
        let quoted =
            "payment_id,all,STRING,payment_header,payment_id,\"PaymentHeader.payment_id: a UUID, lower case,";
        assert!(text.contains(quoted), "{text}");
        let mut table = Vec::new();
        write(false, &mut table).unwrap();
        let table = String::from_utf8(table).unwrap();
        assert!(table.lines().next().unwrap().starts_with("column"), "{table}");
        assert!(table.contains("type_specific:trace_number"), "{table}");
    }
}
