//! What the reader makes of a server's faults.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use data::mutate_rows_request::Entry;
use data::read_rows_response::CellChunk;
use data::read_rows_response::cell_chunk::RowStatus;
use data::row_range::{EndKey, StartKey};
use data::{ReadRowsRequest, ReadRowsResponse};
use fakes::scripted::reads::{self, Answer, Reply};
use fakes::scripted::{Server, writes};
use gcp::Project;
use gcp::bigtable::read::{Error, Patience, Reader, Scan, Scanned, Span};
use gcp::bigtable::{Args, Bigtable};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

/// A script's requests, in their order, and its server.
struct Fixture {
    reader: Reader,
    requests: Arc<Mutex<Vec<ReadRowsRequest>>>,
    _server: Server,
}

async fn fixture(script: impl Fn(usize, &ReadRowsRequest) -> Answer + Send + Sync + 'static) -> Fixture {
    let requests: Arc<Mutex<Vec<ReadRowsRequest>>> = Arc::default();
    let seen = requests.clone();
    let server = reads::start(move |number, request| {
        seen.lock().unwrap().push(request.clone());
        script(number, request)
    })
    .await
    .unwrap();
    let patience = Patience { silence: Duration::from_millis(300), give_up: Duration::from_secs(2) };
    Fixture { reader: Reader::new(bigtable(&server).await, "", patience), requests, _server: server }
}

async fn bigtable(server: &Server) -> Bigtable {
    let args = Args { instance: "i".into(), bigtable_emulator_host: Some(server.addr().to_string()) };
    Bigtable::connect(&args, &Project::default(), 1).await.unwrap()
}

impl Fixture {
    async fn keys(&self, scan: Scan) -> (Vec<String>, Result<Scanned, Error>) {
        let mut keys = Vec::new();
        let result = self
            .reader
            .scan(scan, |row| {
                keys.push(String::from_utf8(row.key().to_vec()).unwrap());
                ControlFlow::Continue(())
            })
            .await;
        (keys, result)
    }
}

fn row(key: usize) -> CellChunk {
    CellChunk { row_status: Some(RowStatus::CommitRow(true)), ..open_row(key) }
}

fn open_row(key: usize) -> CellChunk {
    CellChunk {
        row_key: format!("row{key:03}").into_bytes(),
        family_name: Some("f".into()),
        qualifier: Some(b"q".to_vec()),
        value: b"v".to_vec(),
        ..Default::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer's parts are messages or errors")]
fn message(chunks: impl IntoIterator<Item = CellChunk>) -> Result<ReadRowsResponse, Status> {
    Ok(ReadRowsResponse { chunks: chunks.into_iter().collect(), ..Default::default() })
}

#[expect(clippy::unnecessary_wraps, reason = "an answer's parts are messages or errors")]
fn scanned(key: &str) -> Result<ReadRowsResponse, Status> {
    Ok(ReadRowsResponse { last_scanned_row_key: key.into(), ..Default::default() })
}

fn unavailable() -> Result<ReadRowsResponse, Status> {
    Err(Status::unavailable("scripted"))
}

fn expected(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|key| format!("row{key:03}")).collect()
}

fn ranges(request: &ReadRowsRequest) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let rows = request.rows.clone().unwrap();
    rows.row_ranges
        .into_iter()
        .map(|range| {
            let start = match range.start_key {
                Some(StartKey::StartKeyClosed(key)) => key,
                None => Vec::new(),
                Some(StartKey::StartKeyOpen(_)) => {
                    unreachable!("the reader's ranges are closed at their start")
                }
            };
            let end = range.end_key.map(|end| match end {
                EndKey::EndKeyOpen(key) | EndKey::EndKeyClosed(key) => key,
            });
            (start, end)
        })
        .collect()
}

#[tokio::test]
async fn a_stream_broken_anywhere_goes_on_without_gap_or_repetition() {
    // An honest server of 40 rows, but each call breaks after three rows and the start of a fourth.
    let fixture = fixture(|_, request| {
        let (start, _) = ranges(request).remove(0);
        let first = (0..40).find(|key| format!("row{key:03}").into_bytes() >= start).unwrap_or(40);
        let rows = (first..40).take(3).map(row);
        let torn = (first + 3 < 40).then(|| open_row(first + 3));
        let broken = torn.is_some();
        let mut answer = vec![message(rows), message(torn)];
        answer.extend(broken.then(unavailable));
        answer
    })
    .await;
    let (keys, result) = fixture.keys(Scan::of("t")).await;
    assert_eq!(keys, expected(0..40));
    let scanned = result.unwrap();
    assert_eq!((scanned.rows, scanned.calls), (40, 14));
    let requests = fixture.requests.lock().unwrap();
    assert_eq!(ranges(&requests[1])[0].0, b"row002\0");
}

#[tokio::test]
async fn the_limit_and_the_ranges_shrink_with_what_was_read() {
    let fixture = fixture(|number, _| match number {
        0 => vec![message([row(1), row(2), row(6)]), unavailable()],
        1 => vec![scanned("row010"), unavailable()],
        _ => vec![message([row(21), row(22)])],
    })
    .await;
    let span = |from: &str, to: &str| Span { start: from.into(), end: Some(to.into()) };
    let spans = vec![span("row000", "row003"), span("row005", "row008"), span("row020", "row030")];
    let (keys, result) = fixture.keys(Scan { spans, limit: Some(5), ..Scan::of("t") }).await;
    assert_eq!(keys, ["row001", "row002", "row006", "row021", "row022"]);
    assert_eq!(result.unwrap().calls, 3);
    let requests = fixture.requests.lock().unwrap();
    let asked: Vec<_> = requests.iter().map(|request| (request.rows_limit, ranges(request).len())).collect();
    assert_eq!(asked, [(5, 3), (2, 2), (2, 1)]);
    assert_eq!(ranges(&requests[1])[0], (b"row006\0".to_vec(), Some(b"row008".to_vec())));
}

#[tokio::test]
async fn a_stream_that_breaks_behind_its_last_row_is_not_taken_up_again() {
    let fixture = fixture(|_, _| vec![message([row(1), row(2)]), unavailable()]).await;
    let (keys, result) = fixture.keys(Scan { limit: Some(2), ..Scan::of("t") }).await;
    assert_eq!((keys.len(), result.unwrap().calls), (2, 1));
    let two = Span { start: b"row001".into(), end: Some(b"row002\0".into()) };
    let (keys, result) = fixture.keys(Scan { spans: vec![two], ..Scan::of("t") }).await;
    assert_eq!((keys.len(), result.unwrap().calls), (2, 1));
}

#[tokio::test]
async fn a_row_that_was_not_asked_for_is_refused_by_its_key_and_the_range() {
    let span = |from: &str, to: &str| Span { start: from.into(), end: Some(to.into()) };
    for stray in [4, 9] {
        let fixture = fixture(move |_, _| vec![message([row(3), row(stray)])]).await;
        let spans = vec![span("row003", "row004"), span("row005", "row008")];
        let (keys, result) = fixture.keys(Scan { spans, ..Scan::of("t") }).await;
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains(&format!("row row00{stray},")) && error.contains("[row005, row008)"),
            "{error}"
        );
        assert_eq!((keys, fixture.requests.lock().unwrap().len()), (expected(3..4), 1));
    }
    let fixture = fixture(|_, _| vec![message([row(2)])]).await;
    let (keys, result) = fixture.keys(Scan { spans: vec![Span::prefix(b"row003")], ..Scan::of("t") }).await;
    assert!(keys.is_empty() && matches!(result, Err(Error::Outside { .. })), "{result:?}");
}

#[tokio::test]
async fn a_silent_stream_is_given_no_longer_than_the_read_may_take() {
    let server = reads::serve(|call| {
        let messages = if call.number == 0 { vec![message([row(1)])] } else { Vec::new() };
        Reply { messages, is_silent: true, ..Reply::default() }
    });
    let server = server.await.unwrap();
    let patience = Patience { silence: Duration::from_mins(1), give_up: Duration::from_secs(1) };
    let reader = Reader::new(bigtable(&server).await, "", patience);
    let read = reader.scan(Scan::of("t"), |_| ControlFlow::Continue(()));
    let read = tokio::time::timeout(Duration::from_secs(10), read).await.expect("it ends by itself");
    assert!(matches!(read, Err(Error::Broken { .. })), "{read:?}");
}

#[tokio::test]
async fn routing_cookies_are_told_again_in_the_attempts_of_their_scan_and_in_no_other() {
    let seen: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
    let noted = seen.clone();
    let server = reads::serve(move |call| {
        let told = |name| call.metadata.get(name).map(|value| value.to_str().unwrap().to_owned());
        let names = ["x-goog-cbt-cookie-a", "x-goog-cbt-cookie-b", "x-goog-other"];
        noted.lock().unwrap().push(names.into_iter().filter_map(told).collect());
        let (mut headers, mut trailers) = (MetadataMap::new(), MetadataMap::new());
        headers.insert("x-goog-cbt-cookie-a", format!("a{}", call.number).parse().unwrap());
        headers.insert("x-goog-other", "not told".parse().unwrap());
        trailers.insert("x-goog-cbt-cookie-b", format!("b{}", call.number).parse().unwrap());
        let broken = Err(Status::with_metadata(Code::Unavailable, "scripted", trailers));
        Reply { headers, messages: if call.number < 2 { vec![broken] } else { Vec::new() }, is_silent: false }
    });
    let server = server.await.unwrap();
    let reader = Reader::new(bigtable(&server).await, "", Patience::default());
    for _ in 0..2 {
        reader.scan(Scan::of("t"), |_| ControlFlow::Continue(())).await.unwrap();
    }
    let none = Vec::<String>::new();
    assert_eq!(
        *seen.lock().unwrap(),
        [none.clone(), vec!["a0".into(), "b0".into()], vec!["a1".into(), "b1".into()], none]
    );
}

#[tokio::test]
async fn a_write_that_is_denied_asks_for_the_writers_role() {
    let denied = writes::start(|_| writes::Reply::Refuse(Status::permission_denied("scripted")));
    let server = denied.await.unwrap();
    let reader = Reader::new(bigtable(&server).await, "", Patience::default());
    let error = reader.write("t", vec![Entry::default()]).await.unwrap_err().to_string();
    assert!(error.contains("grant the caller roles/bigtable.user"), "{error}");
}

#[tokio::test]
async fn rows_come_together_over_messages_resets_and_split_values() {
    let fixture = fixture(|_, _| {
        let part =
            |value: &[u8], size| CellChunk { value: value.to_vec(), value_size: size, ..Default::default() };
        let reset = CellChunk { row_status: Some(RowStatus::ResetRow(true)), ..Default::default() };
        let end = CellChunk { row_status: Some(RowStatus::CommitRow(true)), ..part(b"!", 0) };
        vec![
            message([open_row(1), reset]),
            message([CellChunk { value: b"one".to_vec(), value_size: 7, ..open_row(1) }]),
            message([part(b"two", 7)]),
            message([end, row(2)]),
        ]
    })
    .await;
    let mut rows = Vec::new();
    let each = |row: gcp::bigtable::read::Row<'_>| {
        rows.extend(row.cells().map(|cell| String::from_utf8(cell.value.to_vec()).unwrap()));
        ControlFlow::Continue(())
    };
    fixture.reader.scan(Scan::of("t"), each).await.unwrap();
    assert_eq!(rows, ["onetwo!", "v"]);
}

#[tokio::test]
async fn a_malformed_answer_is_an_error_and_not_tried_again() {
    let answers: [fn() -> Answer; 5] = [
        || vec![message([row(2), row(1)])],
        || vec![message([row(1), row(1)])],
        || vec![message([open_row(1), open_row(2)])],
        || vec![message([open_row(1)])],
        || vec![message([row(3)]), scanned("row001")],
    ];
    for answer in answers {
        let fixture = fixture(move |_, _| answer()).await;
        let (_, result) = fixture.keys(Scan::of("t")).await;
        assert!(matches!(result, Err(Error::Malformed { .. })), "{result:?}");
        assert_eq!(fixture.requests.lock().unwrap().len(), 1);
    }
    let fixture = fixture(|_, _| vec![message([row(1), row(2)])]).await;
    let (keys, result) = fixture.keys(Scan { limit: Some(1), ..Scan::of("t") }).await;
    assert!(matches!(result, Err(Error::Malformed { .. })));
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn what_no_retry_can_mend_ends_at_once_with_its_meaning() {
    for code in [Code::NotFound, Code::PermissionDenied, Code::InvalidArgument] {
        let fixture = fixture(move |_, _| vec![message([row(1)]), Err(Status::new(code, "scripted"))]).await;
        let (keys, result) = fixture.keys(Scan::of("t")).await;
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::Refused { source, .. } if !source.may_pass()), "{error:?}");
        assert_eq!(error.name(), gcp::call::code_name(code));
        assert_eq!((keys.len(), fixture.requests.lock().unwrap().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_server_that_stays_away_ends_the_scan_and_says_where() {
    let fixture =
        fixture(
            |number, _| {
                if number == 0 { vec![message([row(1)]), unavailable()] } else { vec![unavailable()] }
            },
        );
    let fixture = fixture.await;
    let (_, result) = fixture.keys(Scan::of("t")).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("after row row001") && error.contains("scripted"), "{error}");
    assert!(fixture.requests.lock().unwrap().len() > 3);
}

#[tokio::test]
async fn a_callback_may_stop_the_scan() {
    let fixture = fixture(|_, _| vec![message((0..10).map(row))]).await;
    let mut seen = 0;
    let each = |_: gcp::bigtable::read::Row<'_>| {
        seen += 1;
        if seen == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert_eq!(fixture.reader.scan(Scan::of("t"), each).await.unwrap().rows, 4);
}
