//! The choice of rows to delete. Pure.

use crate::moment;
use crate::rows;
use data::row_filter::Filter;
use data::value_range::{EndValue, StartValue};
use data::{RowFilter, ValueRange};
use gcp::bigtable::read::{self, Span};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use schemas::layout::{Column, Table, keys};

/// The rows to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those whose key begins with these bytes.
    Prefix(Vec<u8>),
    /// Those whose payment is older than this moment (UTC microseconds), by the date in the key.
    Before(i64),
    /// Those whose payment belongs to this run.
    Run(String),
}

impl Which {
    /// Where to look for such rows.
    pub fn span(&self, table: Table) -> Span {
        match self {
            Self::Prefix(prefix) => Span::prefix(prefix),
            Self::Before(moment) if table == Table::ByDate => {
                Span { start: Vec::new(), end: Some(moment::text_of(*moment).into_bytes()) }
            }
            Self::All | Self::Before(_) | Self::Run(_) => Span::all(),
        }
    }

    /// Lets through one cell of each row, without its value; to find a run, the one that names the run.
    pub fn filter(&self) -> RowFilter {
        let bare = read::filter(Filter::StripValueTransformer(true));
        match self {
            Self::Run(run_id) => {
                let value = ValueRange {
                    start_value: Some(StartValue::StartValueClosed(run_id.as_bytes().into())),
                    end_value: Some(EndValue::EndValueClosed(run_id.as_bytes().into())),
                };
                let of_run = read::filter(Filter::ValueRangeFilter(value));
                read::chain([rows::column(Column::RunId), of_run, bare])
            }
            Self::All | Self::Prefix(_) | Self::Before(_) => {
                read::chain([read::filter(Filter::CellsPerRowLimitFilter(1)), bare])
            }
        }
    }

    /// Whether to delete a row that was found; `None` if that depends on a date that its key does not have.
    pub fn takes(&self, table: Table, key: &[u8]) -> Option<bool> {
        match self {
            Self::Before(moment) => Some(keys::created_at_micros(key, table)? < *moment),
            Self::All | Self::Prefix(_) | Self::Run(_) => Some(true),
        }
    }

    /// The rows that this choice cannot find, and how to find them.
    pub fn blind_spot(&self) -> Option<String> {
        let days = Column::RunId.family().retention_days();
        matches!(self, Self::Run(_)).then(|| {
            format!(
                "rows published more than {days} days ago may have lost metadata:run_id, by which a run is found: \
                 look for those with --older-than or --prefix"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};
    use schemas::layout::{KeySuffix, row_key};

    #[test]
    fn a_payments_date_decides_alike_in_all_three_tables_with_and_without_suffix() {
        let generator = Generator::new(Config { num_records: 200, ..Config::default() }).unwrap();
        let moment = Config::default().start_date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_micros();
        let which = Which::Before(moment + 10 * 86_400_000_000);
        let mut gone = 0;
        for payment in (0..200).map(|index| generator.payment(index)) {
            let made = payment.payment_header.as_ref().unwrap().created_at_micros;
            let wanted = made < moment + 10 * 86_400_000_000;
            gone += usize::from(wanted);
            for suffix in [KeySuffix::None, KeySuffix::TransactionId] {
                for table in Table::ALL {
                    let key = row_key(&payment, table, suffix);
                    let taken = which.span(table).contains(&key) && which.takes(table, &key) == Some(true);
                    assert_eq!(taken, wanted);
                }
            }
        }
        assert!(gone > 0 && gone < 200);
    }

    #[test]
    fn only_a_run_has_rows_that_are_not_found() {
        assert!(Which::Run("r".into()).blind_spot().unwrap().contains("30 days"));
        assert_eq!(Which::Before(0).blind_spot(), None);
    }

    #[test]
    fn a_key_without_a_date_is_not_taken_by_age() {
        for key in [&b"nobodys#row"[..], b"", b"#", b"a#2024#ACH"] {
            for table in Table::ALL {
                assert_eq!(Which::Before(i64::MAX).takes(table, key), None);
            }
        }
    }
}
