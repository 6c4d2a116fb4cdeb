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

    fn names(columns: &[Column]) -> Vec<&str> {
        columns.iter().map(|column| &*column.name).collect()
    }

    #[test]
    fn every_field_is_in_the_payments_or_in_the_labels() {
        let (payments, labels) = (of_payments(), of_labels());
        assert_eq!(names(&labels), ["payment_id", "run_id", "record_index", "anomaly_type", "anomaly_group", "anomaly_role"]);
        assert_eq!(payments.len() + labels.len() - KEYS.len(), Field::ALL.len());
        assert!(!names(&payments).iter().any(|name| name.contains("anomaly")));
    }
}
