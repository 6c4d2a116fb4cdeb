//! The columns of the two kinds of files: payments, and the labels beside them. Pure.

use schemas::layout::flat::Field;
use std::sync::Arc;

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its place in a [flat row](schemas::layout::flat::Row).
    pub at: usize,
    pub name: String,
    pub field: &'static Field,
}

/// Those of a kind of files, in their order.
pub type Columns = Arc<[Column]>;

/// By which a label finds its payment.
const KEYS: [&str; 3] = ["payment_id", "run_id", "record_index"];

/// All fields of a payment but the truth about what was injected.
pub fn of_payments() -> Columns {
    chosen(|column| !column.field.is_label())
}

/// The same for payments of one rail alone, without the other rails' fields.
pub fn of_rail(rail: &str) -> Columns {
    chosen(|column| !column.field.is_label() && column.field.rail().is_none_or(|other| other == rail))
}

/// Every column, whichever file has it.
pub fn all() -> Columns {
    chosen(|_| true)
}

/// Which payment it is, and the truth about it.
pub fn of_labels() -> Columns {
    chosen(|column| column.field.is_label() || KEYS.contains(&&*column.name))
}

fn chosen(is_wanted: impl Fn(&Column) -> bool) -> Columns {
    let all = Field::ALL.iter().enumerate();
    all.map(|(at, field)| Column { at, name: field.name(), field }).filter(is_wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::manifest;

    fn names(columns: &[Column]) -> Vec<&str> {
        columns.iter().map(|column| &*column.name).collect()
    }

    #[test]
    fn every_field_is_in_the_payments_or_in_the_labels() {
        let (payments, labels) = (of_payments(), of_labels());
        assert_eq!(
            names(&labels),
            ["payment_id", "run_id", "record_index", "anomaly_type", "anomaly_group", "anomaly_role"]
        );
        assert_eq!(payments.len() + labels.len() - KEYS.len(), Field::ALL.len());
        assert!(!names(&payments).iter().any(|name| name.contains("anomaly")));
    }

    #[test]
    fn a_rail_has_its_own_columns_and_those_that_all_have() {
        let (payments, rails) = (of_payments(), manifest::RAILS.map(|kind| of_rail(kind.part)));
        let own = |columns: &Columns| columns.iter().filter(|column| column.field.rail().is_some()).count();
        let common = payments.len() - own(&payments);
        assert_eq!(rails.iter().map(own).sum::<usize>(), own(&payments));
        for (kind, columns) in manifest::RAILS.iter().zip(&rails) {
            assert_eq!(columns.len() - own(columns), common);
            assert!(own(columns) > 5, "{}", kind.part);
            let prefix = format!("{}_", kind.part);
            let is_own = |column: &&Column| column.field.rail().is_some();
            assert!(columns.iter().filter(is_own).all(|column| column.name.starts_with(&prefix)));
        }
    }
}
