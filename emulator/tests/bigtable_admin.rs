//! The table admin service, and the server's life.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bigtable_support;

use std::time::{Duration, Instant};

use bigtable_support::{Clients, INSTANCE, max_versions, read_request, seen, set, start};
use emulator::Fault;
use emulator::bigtable::{Error, Options, Server};
use emulator::proto::bigtable_admin::modify_column_families_request::{Modification, modification::Mod};
use emulator::proto::bigtable_admin::table::View;
use emulator::proto::bigtable_admin::{
    CheckConsistencyRequest, ColumnFamily, CreateTableRequest, DeleteTableRequest, GcRule,
    GenerateConsistencyTokenRequest, GetTableRequest, ListTablesRequest, ModifyColumnFamiliesRequest, Table,
    gc_rule,
};
use tokio::net::TcpListener;
use tonic::Code;

fn modify(table: &str, id: &str, change: Mod) -> ModifyColumnFamiliesRequest {
    let modification = Modification { id: id.to_owned(), r#mod: Some(change), ..Modification::default() };
    ModifyColumnFamiliesRequest {
        name: table.to_owned(),
        modifications: vec![modification],
        ignore_warnings: false,
    }
}

fn family(gc_rule: Option<GcRule>) -> ColumnFamily {
    ColumnFamily { gc_rule, ..ColumnFamily::default() }
}

#[tokio::test]
async fn tables_are_made_listed_shown_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let table = clients.create_with_rules("b", &[("f", max_versions(3))]).await;
    clients.create("a", &[]).await;

    let again = CreateTableRequest {
        parent: INSTANCE.to_owned(),
        table_id: "b".to_owned(),
        ..CreateTableRequest::default()
    };
    assert_eq!(clients.admin.create_table(again).await.unwrap_err().code(), Code::AlreadyExists);

    let request = ListTablesRequest { parent: INSTANCE.to_owned(), ..ListTablesRequest::default() };
    let listed = clients.admin.list_tables(request).await.unwrap().into_inner().tables;
    assert_eq!(
        listed.iter().map(|table| &table.name[..]).collect::<Vec<_>>(),
        [&format!("{INSTANCE}/tables/a"), &table]
    );
    assert!(listed[1].column_families.is_empty());

    let request = GetTableRequest { name: table.clone(), view: View::Unspecified as i32 };
    let shown = clients.admin.get_table(request.clone()).await.unwrap().into_inner();
    assert_eq!(shown.column_families["f"].gc_rule, max_versions(3));

    clients.admin.delete_table(DeleteTableRequest { name: table.clone() }).await.unwrap();
    assert_eq!(clients.admin.get_table(request).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(clients.read(read_request(&table)).await.unwrap_err().code(), Code::NotFound);
    let request = DeleteTableRequest { name: table };
    assert_eq!(clients.admin.delete_table(request).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_table_made_anew_is_empty_even_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    for _ in 0..3 {
        let table = clients.create("t", &["f"]).await;
        clients.mutate(&table, &[(b"a", vec![set("f", b"q", 0, b"v")])]).await.unwrap();
        clients.admin.delete_table(DeleteTableRequest { name: table }).await.unwrap();
    }
    let table = clients.create("t", &["f"]).await;
    assert_eq!(clients.read_all(&table).await, []);
    server.shutdown().await.unwrap();
    let server = start(dir.path()).await;
    assert_eq!(Clients::connect(server.addr()).await.read_all(&table).await, []);
}

#[tokio::test]
async fn rows_schema_and_rules_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let table = clients.create_with_rules("t", &[("f", None), ("g", max_versions(1))]).await;
    for stamp in [1_000, 2_000] {
        let mutations = vec![set("f", b"q", stamp, b"v"), set("g", b"\xff", stamp, b"w")];
        clients.mutate(&table, &[(b"a", mutations)]).await.unwrap();
    }
    let before = clients.read_all(&table).await;
    assert_eq!(before[0].1.len(), 3);
    server.shutdown().await.unwrap();

    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    assert_eq!(clients.read_all(&table).await, before);
    clients.mutate(&table, &[(b"a", vec![set("g", b"\xff", 3_000, b"new")])]).await.unwrap();
    assert_eq!(clients.read_all(&table).await[0].1[2], seen("g", b"\xff", 3_000, b"new"));
}

#[tokio::test]
async fn families_are_made_changed_and_dropped_all_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let table = clients.create("t", &["f"]).await;
    let stamps = [1_000, 2_000, 3_000];
    let mutations = stamps.map(|stamp| set("f", b"q", stamp, b"v")).to_vec();
    clients.mutate(&table, &[(b"a", mutations)]).await.unwrap();

    let mut half_wrong = modify(&table, "g", Mod::Create(family(None)));
    half_wrong.modifications.push(modify(&table, "nope", Mod::Drop(true)).modifications.remove(0));
    assert_eq!(clients.admin.modify_column_families(half_wrong).await.unwrap_err().code(), Code::NotFound);
    let unknown = clients.mutate(&table, &[(b"a", vec![set("g", b"q", 0, b"v")])]).await.unwrap();
    assert_eq!(unknown, [Code::NotFound as i32]);

    let keep_two = modify(&table, "f", Mod::Update(family(max_versions(2))));
    let answer = clients.admin.modify_column_families(keep_two).await.unwrap().into_inner();
    assert_eq!(answer.column_families["f"].gc_rule, max_versions(2));
    assert_eq!(clients.read_all(&table).await[0].1.len(), 2);

    clients.admin.modify_column_families(modify(&table, "f", Mod::Drop(true))).await.unwrap();
    assert_eq!(clients.read_all(&table).await, []);
}

#[tokio::test]
async fn cells_older_than_the_rules_age_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let age = prost_types::Duration { seconds: 3_600, nanos: 0 };
    let rule = Some(GcRule { rule: Some(gc_rule::Rule::MaxAge(age)) });
    let table = clients.create_with_rules("t", &[("f", rule)]).await;
    let mutations = vec![set("f", b"new", -1, b"v"), set("f", b"old", 1_000, b"v")];
    clients.mutate(&table, &[(b"a", mutations)]).await.unwrap();
    let cells = clients.read_all(&table).await.remove(0).1;
    assert_eq!(cells.iter().map(|cell| &cell.qualifier[..]).collect::<Vec<_>>(), [b"new"]);
}

#[tokio::test]
async fn a_cell_that_grows_old_is_gone_without_another_write() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let age = prost_types::Duration { seconds: 0, nanos: 300_000_000 };
    let rule = Some(GcRule { rule: Some(gc_rule::Rule::MaxAge(age)) });
    let table = clients.create_with_rules("t", &[("f", rule)]).await;
    clients.mutate(&table, &[(b"a", vec![set("f", b"q", -1, b"v")])]).await.unwrap();
    let gone = async {
        while !clients.read_all(&table).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}

#[tokio::test]
async fn a_protected_table_is_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let table = Table { deletion_protection: true, ..Table::default() };
    let request = CreateTableRequest {
        parent: INSTANCE.to_owned(),
        table_id: "t".to_owned(),
        table: Some(table),
        initial_splits: vec![],
    };
    let name = clients.admin.create_table(request).await.unwrap().into_inner().name;
    let refused = clients.admin.delete_table(DeleteTableRequest { name }).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn the_only_copy_is_consistent() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let name = clients.create("t", &["f"]).await;
    let request = GenerateConsistencyTokenRequest { name: name.clone() };
    let consistency_token =
        clients.admin.generate_consistency_token(request).await.unwrap().into_inner().consistency_token;
    let request = CheckConsistencyRequest { name, consistency_token, mode: None };
    assert!(clients.admin.check_consistency(request).await.unwrap().into_inner().consistent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_a_scan_that_nobody_reads() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let mut clients = Clients::connect(server.addr()).await;
    let table = clients.create("t", &["f"]).await;
    let rows: Vec<_> = (0..16_u8).map(|row| ([row], vec![set("f", b"q", 0, &vec![row; 1 << 20])])).collect();
    let rows: Vec<_> = rows.iter().map(|(key, mutations)| (&key[..], mutations.clone())).collect();
    clients.mutate(&table, &rows).await.unwrap();
    let mut stream = clients.data.read_rows(read_request(&table)).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();

    let started = Instant::now();
    server.shutdown().await.unwrap();
    // A second of grace, then the connection is cut. One that could not be cut would take another second.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    while let Ok(message) = stream.message().await {
        assert!(message.is_some(), "a scan cut short must not look complete");
    }
    let server = start(dir.path()).await;
    assert_eq!(Clients::connect(server.addr()).await.read_all(&table).await.len(), 16);
}

#[tokio::test]
async fn a_data_directory_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = Server::start(listener, Options::new(dir.path())).await.unwrap_err();
    assert!(matches!(refused, Error::Folder(Fault::Locked { .. })), "{refused}");
    server.shutdown().await.unwrap();
    start(dir.path()).await.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_listener_that_others_can_reach_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = Server::start(listener, Options::new(dir.path())).await.unwrap_err();
    assert!(matches!(refused, Error::NotLoopback(_)), "{refused}");
}
