//! The data service: writes, reads and their edges.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bigtable_support;

use std::time::{SystemTime, UNIX_EPOCH};

use bigtable_support::{Clients, Rows, max_versions, read_request, seen, set, start};
use emulator::bigtable::Server;
use emulator::proto::bigtable::read_modify_write_rule::Rule;
use emulator::proto::bigtable::row_filter::Filter;
use emulator::proto::bigtable::{
    MutateRowRequest, ReadChangeStreamRequest, ReadModifyWriteRowRequest, ReadModifyWriteRule,
    ReadRowsRequest, RowFilter, SampleRowKeysRequest,
};
use prost::Message;
use tempfile::TempDir;
use tonic::Code;

const OK: i32 = Code::Ok as i32;
const INVALID: i32 = Code::InvalidArgument as i32;

struct Setup {
    clients: Clients,
    table: String,
    _server: Server,
    _dir: TempDir,
}

/// A server with one table: family `f` has no rule, `one` keeps one version.
async fn setup() -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let table = clients.create_with_rules("t", &[("f", None), ("one", max_versions(1))]).await;
    Setup { clients, table, _server: server, _dir: dir }
}

/// Writes `rows` small rows.
async fn fill(clients: &mut Clients, table: &str, rows: usize) {
    let keys: Vec<String> = (0..rows).map(|row| format!("row{row:06}")).collect();
    for keys in keys.chunks(5_000) {
        let rows: Vec<_> =
            keys.iter().map(|key| (key.as_bytes(), vec![set("f", b"q", 0, &[b'x'; 300])])).collect();
        assert!(clients.mutate(table, &rows).await.unwrap().iter().all(|&code| code == OK));
    }
}

#[tokio::test]
async fn each_entry_of_a_bulk_write_fares_by_itself() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    let table = &table;
    let long_key = [b'k'; 4097];
    let codes = clients
        .mutate(
            table,
            &[
                (b"a", vec![set("f", b"q", 1_000, b"1")]),
                (b"b", vec![set("f", b"q", 1_000, b"1"), set("nope", b"q", 1_000, b"1")]),
                (b"", vec![set("f", b"q", 1_000, b"1")]),
                (b"c", vec![]),
                (b"d", vec![set("f", b"q", 1_001, b"1")]),
                (b"e", vec![set("f", b"q", -2_000, b"1")]),
                (&long_key, vec![set("f", b"q", 0, b"1")]),
                (&long_key[..4096], vec![set("f", b"q", 0, b"1")]),
            ],
        )
        .await
        .unwrap();
    assert_eq!(codes, [OK, Code::NotFound as i32, INVALID, INVALID, INVALID, INVALID, INVALID, OK]);
    let keys: Vec<_> = clients.read_all(table).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [b"a".to_vec(), long_key[..4096].to_vec()]);
}

#[tokio::test]
async fn a_missing_table_fails_the_call_and_is_named() {
    let Setup { mut clients, _server, _dir, .. } = setup().await;
    let missing = "projects/p/instances/i/tables/missing";
    let write = clients.mutate(missing, &[(b"a", vec![set("f", b"q", 0, b"")])]).await.unwrap_err();
    let read = clients.read(read_request(missing)).await.unwrap_err();
    for status in [write, read] {
        assert_eq!(status.code(), Code::NotFound);
        assert!(status.message().contains(missing), "{status}");
    }
}

#[tokio::test]
async fn a_single_row_is_refused_with_the_calls_status() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    let request = |mutations| MutateRowRequest {
        table_name: table.clone(),
        row_key: b"a".to_vec(),
        mutations,
        ..MutateRowRequest::default()
    };
    let code = |result: Result<_, tonic::Status>| result.map(|_: tonic::Response<_>| ()).unwrap_err().code();
    assert_eq!(code(clients.data.mutate_row(request(vec![])).await), Code::InvalidArgument);
    let unknown = vec![set("nope", b"q", 0, b"")];
    assert_eq!(code(clients.data.mutate_row(request(unknown)).await), Code::NotFound);
    clients.data.mutate_row(request(vec![set("f", b"q", 0, b"v")])).await.unwrap();
    assert_eq!(clients.read_all(&table).await, [(b"a".to_vec(), vec![seen("f", b"q", 0, b"v")])]);
}

#[tokio::test]
async fn the_servers_clock_stamps_in_whole_milliseconds() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    clients.mutate(&table, &[(b"a", vec![set("f", b"q", -1, b"v")])]).await.unwrap();
    let stamp = clients.read_all(&table).await[0].1[0].timestamp_micros;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
    assert_eq!(stamp % 1_000, 0);
    assert!((now - 60_000_000..=now).contains(&stamp), "{stamp} is not about {now}");
}

#[tokio::test]
async fn a_rule_is_in_force_on_the_next_read() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    for stamp in [1_000, 3_000, 2_000] {
        let rows = [(&b"a"[..], vec![set("one", b"q", stamp, stamp.to_string().as_bytes())])];
        clients.mutate(&table, &rows).await.unwrap();
    }
    assert_eq!(clients.read_all(&table).await[0].1, [seen("one", b"q", 3_000, b"3000")]);
}

#[tokio::test]
async fn a_large_row_is_split_over_messages_of_bounded_size() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| at as u8).collect();
    let mut mutations = vec![set("f", b"large", 0, &large)];
    mutations.extend((0..2_000).map(|at: u32| set("f", &at.to_be_bytes(), 0, &[7; 500])));
    clients.mutate(&table, &[(b"a", mutations), (b"b", vec![set("f", b"q", 0, b"v")])]).await.unwrap();

    let mut stream = clients.data.read_rows(read_request(&table)).await.unwrap().into_inner();
    let mut rows = Rows::default();
    let mut messages = 0;
    while let Some(response) = stream.message().await.unwrap() {
        // Half of what clients accept by default.
        assert!(response.encoded_len() < 2 << 20);
        messages += 1;
        rows.push(response);
    }
    assert!(messages > 3);
    let [(_, cells), (key, _)] = &rows.finish()[..] else { panic!("two rows") };
    assert_eq!((cells.len(), &key[..]), (2_001, &b"b"[..]));
    assert!(cells.iter().any(|cell| cell.qualifier == b"large" && cell.value == large));
}

#[tokio::test]
async fn a_scan_packs_rows_into_messages_and_says_how_far_it_came() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    fill(&mut clients, &table, 25_000).await;
    let mut stream = clients.data.read_rows(read_request(&table)).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert!(first.chunks.len() > 300, "{} rows in a message", first.chunks.len());
    drop(stream);

    let mut rows = clients.read(ReadRowsRequest { reversed: true, ..read_request(&table) }).await.unwrap();
    assert_eq!(rows.len(), 25_000);
    rows.reverse();
    assert_eq!(rows, clients.read_all(&table).await);

    let filter = RowFilter { filter: Some(Filter::RowKeyRegexFilter(b"row024999".to_vec())) };
    let request = ReadRowsRequest { filter: Some(filter), ..read_request(&table) };
    let mut stream = clients.data.read_rows(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert!(first.chunks.is_empty());
    assert!(first.last_scanned_row_key > b"row".to_vec());
    let mut found = 0;
    while let Some(response) = stream.message().await.unwrap() {
        found += response.chunks.len();
    }
    assert_eq!(found, 1);
}

#[tokio::test]
async fn sample_keys_divide_a_table() {
    let Setup { mut clients, table, _server: mut server, _dir: dir } = setup().await;
    fill(&mut clients, &table, 20_000).await;
    // Of the keys as they were written, and of those found at a start.
    for is_new in [true, false] {
        let request = SampleRowKeysRequest { table_name: table.clone(), ..SampleRowKeysRequest::default() };
        let mut stream = clients.data.sample_row_keys(request).await.unwrap().into_inner();
        let mut samples = Vec::new();
        while let Some(sample) = stream.message().await.unwrap() {
            samples.push(sample);
        }
        let end = samples.pop().unwrap();
        assert!(end.row_key.is_empty());
        assert_eq!(samples.len(), 20);
        assert!(samples.is_sorted_by(|a, b| a.row_key < b.row_key && a.offset_bytes < b.offset_bytes));
        assert!(end.offset_bytes >= samples[19].offset_bytes);
        let middle = format!("row{:06}", 10_000).into_bytes();
        let before = samples.iter().filter(|sample| sample.row_key < middle).count();
        assert!(before.abs_diff(10) <= if is_new { 4 } else { 1 }, "{before} of 20");
        server.shutdown().await.unwrap();
        server = start(dir.path()).await;
        clients = Clients::connect(server.addr()).await;
    }
}

fn rules(table: &str, rules: Vec<(&str, &[u8], Rule)>) -> ReadModifyWriteRowRequest {
    let rule = |(family, qualifier, rule): (&str, &[u8], Rule)| ReadModifyWriteRule {
        family_name: family.to_owned(),
        column_qualifier: qualifier.to_vec(),
        rule: Some(rule),
    };
    ReadModifyWriteRowRequest {
        table_name: table.to_owned(),
        row_key: b"a".to_vec(),
        rules: rules.into_iter().map(rule).collect(),
        ..ReadModifyWriteRowRequest::default()
    }
}

#[tokio::test]
async fn rules_see_what_earlier_rules_made() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    let future = 4_000_000_000_000_000;
    clients.mutate(&table, &[(b"a", vec![set("f", b"text", future, b"x")])]).await.unwrap();
    let request = rules(
        &table,
        vec![
            ("f", b"text", Rule::AppendValue(b"y".to_vec())),
            ("f", b"count", Rule::IncrementAmount(5)),
            ("f", b"text", Rule::AppendValue(b"z".to_vec())),
            ("f", b"count", Rule::IncrementAmount(-7)),
        ],
    );
    let row = clients.data.read_modify_write_row(request).await.unwrap().into_inner().row.unwrap();
    let columns: Vec<_> =
        row.families[0].columns.iter().map(|column| (&column.qualifier[..], &column.cells[0])).collect();
    assert_eq!((columns[0].0, &columns[0].1.value[..]), (&b"count"[..], &(-2_i64).to_be_bytes()[..]));
    // A cell is never older than the one it replaces.
    assert_eq!((&columns[1].1.value[..], columns[1].1.timestamp_micros), (&b"xyz"[..], future));
    assert_eq!(clients.read_all(&table).await[0].1.len(), 2);

    let on_text = rules(&table, vec![("f", b"text", Rule::IncrementAmount(1))]);
    let refused = clients.data.read_modify_write_row(on_text).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_increments_are_all_counted() {
    let Setup { clients, table, _server, _dir } = &setup().await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (mut clients, table) = (clients.clone(), table.clone());
            tokio::spawn(async move {
                for _ in 0..40 {
                    let request = rules(&table, vec![("one", b"n", Rule::IncrementAmount(1))]);
                    clients.data.read_modify_write_row(request).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(clients.clone().read_all(table).await[0].1[0].value, 320_i64.to_be_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_never_seen_half_written() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    let writer = tokio::spawn({
        let (mut clients, table) = (clients.clone(), table.clone());
        async move {
            for number in 0..300_u32 {
                let value = number.to_be_bytes();
                let mutations = vec![set("f", b"a", 0, &value), set("one", b"b", 0, &value)];
                clients.mutate(&table, &[(b"a", mutations)]).await.unwrap();
            }
        }
    });
    let mut reads = 0;
    while !writer.is_finished() || reads == 0 {
        if let Some((_, cells)) = clients.read_all(&table).await.first() {
            assert_eq!(cells[0].value, cells[1].value);
            reads += 1;
        }
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn a_request_of_many_megabytes_is_taken() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    let rows: Vec<_> = (0..20_u8).map(|row| ([row], vec![set("f", b"q", 0, &vec![row; 2 << 20])])).collect();
    let rows: Vec<_> = rows.iter().map(|(key, mutations)| (&key[..], mutations.clone())).collect();
    assert_eq!(clients.mutate(&table, &rows).await.unwrap(), [OK; 20]);
    let read = clients.read_all(&table).await;
    assert!((0..20).all(|row| read[row].1[0].value == vec![row as u8; 2 << 20]));
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let Setup { mut clients, table, _server, _dir } = setup().await;
    let request = ReadChangeStreamRequest { table_name: table.clone(), ..ReadChangeStreamRequest::default() };
    assert_eq!(clients.data.read_change_stream(request).await.unwrap_err().code(), Code::Unimplemented);
    let request = ReadRowsRequest { authorized_view_name: "v".to_owned(), ..read_request(&table) };
    assert_eq!(clients.data.read_rows(request).await.unwrap_err().code(), Code::Unimplemented);
    let invalid = clients.read_filtered(&table, Filter::ValueRegexFilter(b"(".to_vec())).await.unwrap_err();
    assert_eq!(invalid.code(), Code::InvalidArgument);
}
