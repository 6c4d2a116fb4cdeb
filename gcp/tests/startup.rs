//! What becomes of a program whose services are away when it starts.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use fakes::scripted::Server;
use fakes::scripted::publishes::{self, Reply};
use fakes::scripted::reads;
use gcp::bigtable::{self, Bigtable, WRITER};
use gcp::pubsub::{self, Pubsub};
use gcp::{Project, Startup};
use service::Error;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const TOPIC: &str = "projects/local/topics/payments";

fn patient(connect_timeout: Duration) -> Project {
    Project { startup: Startup { connect_timeout, ..Startup::default() }, ..Project::default() }
}

async fn pubsub(addr: SocketAddr, project: &Project) -> Result<Pubsub, Error> {
    let args = pubsub::Args { pubsub_emulator_host: Some(addr.to_string()) };
    Pubsub::connect(&args, project).await
}

async fn bigtable(addr: SocketAddr, project: &Project) -> Result<Bigtable, Error> {
    let args = bigtable::Args { instance: "i".into(), bigtable_emulator_host: Some(addr.to_string()) };
    Bigtable::connect(&args, project, 1).await
}

/// A Pub/Sub that answers looks at topics with these, one after the other, and finds them from then on; counts looks.
async fn topics(answers: Vec<Status>) -> (Server, Arc<AtomicUsize>) {
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = looks.clone();
    let look = move |number: usize, _: &tonic::metadata::MetadataMap| {
        counted.fetch_add(1, Ordering::Relaxed);
        answers.get(number).cloned().map_or(Ok(()), Err)
    };
    (publishes::start_with_topics(look, |_, _| Reply::Hang).await.unwrap(), looks)
}

/// Takes connections and says nothing, as a stopped process does.
fn frozen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

fn transient() -> Vec<Status> {
    let asked = ErrorDetails::with_retry_info(Some(Duration::from_millis(20)));
    let codes = [Code::Unavailable, Code::DeadlineExceeded, Code::ResourceExhausted, Code::Aborted];
    let mut all: Vec<_> = codes.map(|code| Status::new(code, "scripted")).to_vec();
    all.push(Status::with_error_details(Code::Aborted, "scripted", asked.clone()));
    all.push(Status::with_error_details(Code::Internal, "scripted", asked));
    all
}

#[tokio::test]
async fn a_topic_is_asked_for_until_the_service_can_answer() {
    let (server, looks) = topics(transient()).await;
    let pubsub = pubsub(server.addr(), &patient(Duration::from_secs(20))).await.unwrap();
    assert_eq!(pubsub.require_topic(TOPIC).await.unwrap().name, TOPIC);
    assert_eq!(looks.load(Ordering::Relaxed), 7);
}

#[tokio::test]
async fn a_table_is_read_until_the_service_can_answer_by_the_profile_and_with_its_route() {
    let seen: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let noted = seen.clone();
    let server = reads::serve(move |call| {
        let route = call.metadata.get("x-goog-request-params").unwrap().to_str().unwrap().to_owned();
        noted.lock().unwrap().push((call.request.app_profile_id.clone(), route));
        transient().get(call.number).cloned().map_or(vec![], |status| vec![Err(status)]).into()
    });
    let server = server.await.unwrap();
    let bigtable = bigtable(server.addr(), &patient(Duration::from_secs(20))).await.unwrap();
    bigtable.require_table(bigtable::WRITER, "batch", &bigtable.table_name("t")).await.unwrap();
    let seen = seen.lock().unwrap();
    let route = "table_name=projects%2Flocal%2Finstances%2Fi%2Ftables%2Ft&app_profile_id=batch";
    assert_eq!(seen[..], vec![("batch".to_owned(), route.to_owned()); 7]);
}

#[tokio::test]
async fn what_no_waiting_can_mend_is_told_at_once() {
    for code in [Code::NotFound, Code::PermissionDenied, Code::InvalidArgument] {
        let (server, looks) = topics(vec![Status::new(code, "scripted")]).await;
        let pubsub = pubsub(server.addr(), &Project::default()).await.unwrap();
        let error = pubsub.require_topic(TOPIC).await.unwrap_err();
        assert!(!error.may_pass() && error.to_string().contains(TOPIC), "{error}");
        assert_eq!(looks.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_service_that_stays_away_is_an_error_that_passes() {
    let short = patient(Duration::from_millis(500));
    let (server, looks) = topics(vec![Status::resource_exhausted("quota"); 1_000]).await;
    let busy = pubsub(server.addr(), &short).await.unwrap().require_topic(TOPIC).await.unwrap_err();
    assert!(busy.may_pass() && busy.to_string().contains("ResourceExhausted: quota"), "{busy}");
    assert!((2..20).contains(&looks.load(Ordering::Relaxed)));

    let (listener, addr) = frozen();
    drop(listener);
    let refused = pubsub(addr, &short).await.unwrap_err();
    assert!(refused.may_pass() && refused.to_string().contains(&addr.to_string()), "{refused}");

    let (_listener, addr) = frozen();
    let silent = bigtable(addr, &short).await.unwrap().require_table(WRITER, "", "t").await.unwrap_err();
    assert!(silent.may_pass(), "{silent}");
    let told = format!("cannot reach Bigtable at http://{addr}: no answer after 0.5 s; start one with");
    assert!(silent.to_string().starts_with(&told), "{silent}");
}

#[tokio::test]
async fn a_service_that_begins_to_listen_is_found() {
    let (listener, addr) = frozen();
    drop(listener);
    let later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::net::TcpListener::bind(addr).await.unwrap()
    };
    let project = patient(Duration::from_secs(20));
    let (found, _listener) = tokio::join!(pubsub(addr, &project), later);
    found.unwrap();
}

#[tokio::test]
async fn a_stop_ends_the_waiting_at_once() {
    let (_listener, addr) = frozen();
    let stop = CancellationToken::new();
    let startup = Startup { connect_timeout: Duration::MAX, stop: stop.clone() };
    let project = Project { startup, ..Project::default() };
    let pubsub = pubsub(addr, &project).await.unwrap();
    let started = Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
    };
    let (asked, ()) = tokio::join!(pubsub.require_topic(TOPIC), later);
    assert!(matches!(asked, Err(Error::Stopped)), "{asked:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_does_not_warm_up_delays_nothing() {
    let (_listener, addr) = frozen();
    let bigtable = bigtable(addr, &Project::default()).await.unwrap();
    let started = Instant::now();
    bigtable.warm_beside("batch");
    assert!(started.elapsed() < Duration::from_secs(1));
}
