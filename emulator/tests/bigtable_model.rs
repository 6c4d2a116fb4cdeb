//! Random calls against a model of a table in memory.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bigtable_support;

use bigtable_support::model::{self, FAMILIES, Row, Rows};
use bigtable_support::{Clients, INSTANCE, max_versions, read_request, start};
use emulator::proto::bigtable::mutation::{
    DeleteFromColumn, DeleteFromFamily, DeleteFromRow, Mutation as Kind, SetCell,
};
use emulator::proto::bigtable::row_filter::{Chain, Condition, Filter, Interleave};
use emulator::proto::bigtable::row_range::{EndKey, StartKey};
use emulator::proto::bigtable::{
    CheckAndMutateRowRequest, ColumnRange, Mutation, ReadRowsRequest, RowFilter, RowRange, RowSet,
    TimestampRange, ValueRange, column_range, value_range,
};
use emulator::proto::bigtable_admin::drop_row_range_request::Target;
use emulator::proto::bigtable_admin::modify_column_families_request::{Modification, modification::Mod};
use emulator::proto::bigtable_admin::{ColumnFamily, DropRowRangeRequest, ModifyColumnFamiliesRequest};
use proptest::prelude::*;
use proptest::{collection::vec, option, sample::select};

#[derive(Clone, Debug)]
enum Op {
    Mutate(Vec<(Vec<u8>, Vec<Mutation>)>),
    CheckAndMutate {
        key: Vec<u8>,
        predicate: Option<RowFilter>,
        on_match: Vec<Mutation>,
        otherwise: Vec<Mutation>,
    },
    Read(ReadRowsRequest),
    DropPrefix(Vec<u8>),
    DropAll,
    /// Drops a family and creates it again.
    RenewFamily(usize),
    Restart,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(select(vec![b'a', b'b', 0, 0xff]), 1..3)
}

fn qualifier() -> impl Strategy<Value = Vec<u8>> {
    select(vec![b"".to_vec(), b"q".to_vec(), b"q\0".to_vec(), vec![0xff, 0x80], vec![b'l'; 200]])
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    select(vec![b"".to_vec(), b"v".to_vec(), b"w\n".to_vec(), vec![0xff; 3], vec![b'x'; 300]])
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let family = || select(vec!["f", "f", "g", "g", "g", "none"]).prop_map(str::to_owned);
    let timestamp = || select(vec![0, 1_000, 2_000, 3_000, 4_000, 5_000]);
    let set = (family(), qualifier(), prop_oneof![9 => timestamp(), 1 => Just(1_500)], value()).prop_map(
        |(family_name, column_qualifier, timestamp_micros, value)| {
            Kind::SetCell(SetCell { family_name, column_qualifier, timestamp_micros, value })
        },
    );
    let range = (timestamp(), timestamp()).prop_map(|(a, b)| TimestampRange {
        start_timestamp_micros: a,
        end_timestamp_micros: if b <= a { 0 } else { b },
    });
    let delete_column =
        (family(), qualifier(), option::of(range)).prop_map(|(family_name, column_qualifier, time_range)| {
            Kind::DeleteFromColumn(DeleteFromColumn { family_name, column_qualifier, time_range })
        });
    let delete_family =
        family().prop_map(|family_name| Kind::DeleteFromFamily(DeleteFromFamily { family_name }));
    prop_oneof![
        10 => set,
        2 => delete_column,
        1 => delete_family,
        1 => Just(Kind::DeleteFromRow(DeleteFromRow {})),
    ]
    .prop_map(|kind| Mutation { mutation: Some(kind) })
}

fn leaf_filter() -> impl Strategy<Value = Filter> {
    let bytes = || select(vec![b"".to_vec(), b"q".to_vec(), b"v".to_vec(), vec![0xff], vec![b'x'; 2]]);
    prop_oneof![
        Just(Filter::PassAllFilter(true)),
        Just(Filter::BlockAllFilter(true)),
        Just(Filter::StripValueTransformer(true)),
        select(vec![&b"a\\C*"[..], b"b"]).prop_map(|pattern| Filter::RowKeyRegexFilter(pattern.to_vec())),
        select(vec!["f", "g|x", "."]).prop_map(|pattern| Filter::FamilyNameRegexFilter(pattern.to_owned())),
        select(vec![&b"q.?"[..], b"\xff\\x80"])
            .prop_map(|pattern| Filter::ColumnQualifierRegexFilter(pattern.to_vec())),
        select(vec![&b"w.*"[..], b"v|\xff+"]).prop_map(|pattern| Filter::ValueRegexFilter(pattern.to_vec())),
        (0..4_i32).prop_map(Filter::CellsPerRowOffsetFilter),
        (1..4_i32).prop_map(Filter::CellsPerRowLimitFilter),
        (1..3_i32).prop_map(Filter::CellsPerColumnLimitFilter),
        (0..3_i64, 0..6_i64).prop_map(|(start, end)| Filter::TimestampRangeFilter(TimestampRange {
            start_timestamp_micros: start * 1_000,
            end_timestamp_micros: if end < start { 0 } else { end * 1_000 },
        })),
        bytes().prop_map(|start| Filter::ColumnRangeFilter(ColumnRange {
            family_name: "g".to_owned(),
            start_qualifier: Some(column_range::StartQualifier::StartQualifierOpen(start)),
            end_qualifier: None,
        })),
        bytes().prop_map(|end| Filter::ValueRangeFilter(ValueRange {
            start_value: None,
            end_value: Some(value_range::EndValue::EndValueClosed(end)),
        })),
    ]
}

fn filter() -> impl Strategy<Value = RowFilter> {
    let wrap = |filter| RowFilter { filter: Some(filter) };
    leaf_filter().prop_map(wrap).prop_recursive(3, 12, 3, move |inner| {
        let branch = || option::of(inner.clone().prop_map(Box::new));
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|filters| Filter::Chain(Chain { filters })),
            vec(inner.clone(), 1..4).prop_map(|filters| Filter::Interleave(Interleave { filters })),
            (inner.clone(), branch(), branch()).prop_map(|(predicate, true_filter, false_filter)| {
                let predicate_filter = Some(Box::new(predicate));
                Filter::Condition(Box::new(Condition { predicate_filter, true_filter, false_filter }))
            }),
        ]
        .prop_map(wrap)
    })
}

fn range() -> impl Strategy<Value = RowRange> {
    (option::of(key()), option::of(key()), any::<bool>(), any::<bool>()).prop_map(|(a, b, open, closed)| {
        let (start, end) = match (a, b) {
            (Some(a), Some(b)) if b < a => (Some(b), Some(a)),
            keys => keys,
        };
        RowRange {
            start_key: start
                .map(|key| if open { StartKey::StartKeyOpen(key) } else { StartKey::StartKeyClosed(key) }),
            end_key: end.map(|key| if closed { EndKey::EndKeyClosed(key) } else { EndKey::EndKeyOpen(key) }),
        }
    })
}

fn read() -> impl Strategy<Value = ReadRowsRequest> {
    let rows = (vec(key(), 0..3), vec(range(), 0..3))
        .prop_map(|(row_keys, row_ranges)| RowSet { row_keys, row_ranges });
    (option::of(rows), option::of(filter()), 0..4_i64, any::<bool>()).prop_map(
        |(rows, filter, rows_limit, reversed)| ReadRowsRequest {
            rows,
            filter,
            rows_limit,
            reversed,
            ..ReadRowsRequest::default()
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let mutations = || vec(mutation(), 0..4);
    prop_oneof![
        12 => vec((key(), mutations()), 1..5).prop_map(Op::Mutate),
        3 => (key(), option::of(filter()), mutations(), mutations()).prop_map(
            |(key, predicate, on_match, otherwise)| Op::CheckAndMutate { key, predicate, on_match, otherwise }
        ),
        10 => read().prop_map(Op::Read),
        1 => key().prop_map(Op::DropPrefix),
        1 => Just(Op::DropAll),
        1 => (0..2_usize).prop_map(Op::RenewFamily),
        1 => Just(Op::Restart),
    ]
}

async fn renew_family(clients: &mut Clients, table: &str, family: usize) {
    let gc_rule = if family == 1 { max_versions(2) } else { None };
    let modification = |change| Modification {
        id: FAMILIES[family].to_owned(),
        r#mod: Some(change),
        ..Modification::default()
    };
    let modifications = vec![
        modification(Mod::Drop(true)),
        modification(Mod::Create(ColumnFamily { gc_rule, ..ColumnFamily::default() })),
    ];
    let request =
        ModifyColumnFamiliesRequest { name: table.to_owned(), modifications, ignore_warnings: true };
    clients.admin.modify_column_families(request).await.unwrap();
}

async fn drop_rows(clients: &mut Clients, table: &str, target: Target) {
    let request = DropRowRangeRequest { name: table.to_owned(), target: Some(target) };
    clients.admin.drop_row_range(request).await.unwrap();
}

async fn run(ops: Vec<Op>) {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let table = clients.create_with_rules("t", &[("f", None), ("g", max_versions(2))]).await;
    assert_eq!(table, format!("{INSTANCE}/tables/t"));
    let mut rows = Rows::new();
    for op in ops {
        match op {
            Op::Mutate(entries) => {
                let expected: Vec<i32> = entries
                    .iter()
                    .map(|(key, mutations)| model::mutate(rows.entry(key.clone()).or_default(), mutations))
                    .collect();
                let entries: Vec<_> =
                    entries.iter().map(|(key, mutations)| (&key[..], mutations.clone())).collect();
                assert_eq!(clients.mutate(&table, &entries).await.unwrap(), expected);
            }
            Op::CheckAndMutate { key, predicate, on_match, otherwise } => {
                let row = rows.entry(key.clone()).or_default();
                let cells = model::cells(row);
                let matched = match &predicate {
                    Some(filter) => !model::pass(filter, &key, cells).is_empty(),
                    None => !cells.is_empty(),
                };
                let sound = |mutations: &[Mutation]| {
                    mutations.is_empty() || model::mutate(&mut Row::new(), mutations) == 0
                };
                let refused =
                    (on_match.is_empty() && otherwise.is_empty()) || !sound(&on_match) || !sound(&otherwise);
                if !refused {
                    model::mutate(row, if matched { &on_match } else { &otherwise });
                }
                let answer = clients
                    .data
                    .check_and_mutate_row(CheckAndMutateRowRequest {
                        table_name: table.clone(),
                        row_key: key,
                        predicate_filter: predicate,
                        true_mutations: on_match,
                        false_mutations: otherwise,
                        ..Default::default()
                    })
                    .await;
                assert_eq!(
                    answer.ok().map(|answer| answer.into_inner().predicate_matched),
                    (!refused).then_some(matched)
                );
            }
            Op::Read(request) => {
                let expected = model::read(&rows, &request);
                let request = ReadRowsRequest { table_name: table.clone(), ..request };
                assert_eq!(clients.read(request).await.unwrap(), expected);
            }
            Op::DropPrefix(prefix) => {
                rows.retain(|key, _| !key.starts_with(&prefix));
                drop_rows(&mut clients, &table, Target::RowKeyPrefix(prefix)).await;
            }
            Op::DropAll => {
                rows.clear();
                drop_rows(&mut clients, &table, Target::DeleteAllDataFromTable(true)).await;
            }
            Op::RenewFamily(family) => {
                for row in rows.values_mut() {
                    row.retain(|(name, ..), _| name != FAMILIES[family]);
                }
                renew_family(&mut clients, &table, family).await;
            }
            Op::Restart => {
                server.shutdown().await.unwrap();
                server = start(dir.path()).await;
                clients = Clients::connect(server.addr()).await;
            }
        }
        model::collect(&mut rows);
        let everything = ReadRowsRequest { filter: None, ..read_request(&table) };
        assert_eq!(clients.read(everything.clone()).await.unwrap(), model::read(&rows, &everything));
    }
    server.shutdown().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_behaves_as_its_model(ops in vec(op(), 1..40)) {
        tokio::runtime::Runtime::new().unwrap().block_on(run(ops));
    }
}
