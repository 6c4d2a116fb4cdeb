//! The columns as BigQuery's JSON schema, as `bq load` takes it. Pure.

use super::columns::Column;
use schemas::layout::flat::Kind;
use serde_json::{Value, json};

pub fn of(columns: &[Column]) -> Value {
    columns.iter().map(field).collect()
}

fn field(column: &Column) -> Value {
    let from = column.field;
    json!({
        "name": column.name,
        "type": type_of(from.kind),
        "mode": if from.is_required() { "REQUIRED" } else { "NULLABLE" },
        "description": description(column),
    })
}

/// The field that it is, and what the contract says of it.
pub fn description(column: &Column) -> String {
    let from = column.field;
    let comment =
        schemas::comment(from.message, from.field).map_or(String::new(), |text| format!(": {text}"));
    format!("{}.{}{comment}", from.message, from.field)
}

pub fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "STRING",
        Kind::Date => "DATE",
        Kind::Number => "INTEGER",
        Kind::Flag => "BOOLEAN",
        Kind::Time => "TIMESTAMP",
        Kind::Money => "NUMERIC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::columns;

    #[test]
    fn a_column_has_its_type_its_mode_and_what_the_contract_says_of_it() {
        let schema = of(&columns::of_payments());
        let fields = schema.as_array().unwrap();
        let found = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
        assert_eq!(
            *found("payment_id"),
            json!({
                "name": "payment_id", "type": "STRING", "mode": "REQUIRED",
                "description": "PaymentHeader.payment_id: a UUID, lower case, 36 characters; the transaction id of the row keys",
            })
        );
        for (name, kind) in [
            ("created_at", "TIMESTAMP"),
            ("amount_value", "NUMERIC"),
            ("settlement_date", "DATE"),
            ("risk_score", "INTEGER"),
            ("ach_same_day", "BOOLEAN"),
        ] {
            assert_eq!(found(name)["type"], kind, "{name}");
        }
        assert_eq!(found("card_network")["mode"], "NULLABLE");
        // BigQuery refuses longer ones.
        assert!(fields.iter().all(|field| field["description"].as_str().unwrap().len() <= 1_024));
    }
}
