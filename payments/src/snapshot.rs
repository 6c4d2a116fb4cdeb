//! `payments snapshot`: keeps what a subscription has acked, for a later `payments replay --snapshot`.

use crate::moment;
use crate::names;
use crate::output::{Format, write};
use anyhow::bail;
use gcp::pubsub::Pubsub;
use gcp::{Project, Resource, pubsub};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use serde_json::json;
use service::escape::escape;
use std::io::Write;

const ROLE: &str = "roles/pubsub.editor";

/// Create, list and delete snapshots of what the sinks' subscription has acked, for replays.
///
/// A snapshot keeps everything that is unacked now or published later, for up to seven days: it lives for seven days
/// less the age of the oldest unacked message. Pub/Sub refuses one that would live for less than an hour.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  payments snapshot create before-load\n  payments snapshot list --format json\n  \
                  payments snapshot delete before-load --yes"
)]
#[group(id = "snapshot")]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Keep what the subscription has acked by now.
    #[command(after_help = "Example:\n  payments snapshot create before-load --subscription payments-sink")]
    Create {
        /// The new snapshot: an id, or projects/PROJECT/snapshots/ID.
        #[arg(value_name = "NAME")]
        name: String,
        /// Subscription to take it from: an id, or projects/PROJECT/subscriptions/ID.
        #[arg(
            long,
            env = "PAYMENTS_SUBSCRIPTION",
            default_value = names::SUBSCRIPTION,
            value_name = "SUBSCRIPTION"
        )]
        subscription: String,
        /// Say what would be done, and change nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        common: Common,
    },
    /// List the project's snapshots, with their topics and when they expire.
    #[command(after_help = "Example:\n  payments snapshot list --format json")]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Delete a snapshot. Only says what it would do, with exit code 1, unless --yes is given.
    #[command(after_help = "Example:\n  payments snapshot delete before-load --yes")]
    Delete {
        /// The snapshot: an id, or projects/PROJECT/snapshots/ID.
        #[arg(value_name = "NAME")]
        name: String,
        /// Do it.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        common: Common,
    },
}

/// Flags of every command on snapshots.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Common {
    /// How the report is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub pubsub: pubsub::Args,
}

impl Common {
    async fn connect(&self) -> Result<Pubsub, service::Error> {
        Pubsub::connect(&self.pubsub, &self.project).await
    }
}

pub async fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    match &args.action {
        Action::Create { name, subscription, dry_run, common } => {
            let pubsub = common.connect().await?;
            let (name, subscription) = (pubsub.snapshot_name(name), pubsub.subscription_name(subscription));
            pubsub.require_subscription(&subscription).await?;
            if *dry_run {
                let text = || format!("missing  snapshot {name} (dry run: not created)\n");
                return write(out, common.format, text, || json!({ "snapshot": name, "created": false }));
            }
            let snapshot = create(&pubsub, &name, &subscription).await?;
            report(out, common.format, "created", &[snapshot])
        }
        Action::List { common } => {
            let snapshots = list(&common.connect().await?).await?;
            report(out, common.format, "present", &snapshots)
        }
        Action::Delete { name, yes, common } => {
            let pubsub = common.connect().await?;
            let snapshot = get(&pubsub, &pubsub.snapshot_name(name)).await?;
            if !yes {
                report(out, common.format, "present", &[snapshot])?;
                bail!("nothing was changed: add --yes to delete it; what only it keeps is gone then");
            }
            delete(&pubsub, &snapshot.name).await?;
            report(out, common.format, "deleted", &[snapshot])
        }
    }
}

/// Keeps what the subscription has acked.
pub async fn create(
    pubsub: &Pubsub,
    name: &str,
    subscription: &str,
) -> Result<proto::Snapshot, service::Error> {
    let request = proto::CreateSnapshotRequest {
        name: name.to_owned(),
        subscription: subscription.to_owned(),
        ..Default::default()
    };
    let create = || async { pubsub.subscriptions().create_snapshot(request.clone()).await };
    pubsub.answer_explained(|status| explain(name, status), create).await
}

/// The snapshot as it is, or why it cannot be used.
pub async fn get(pubsub: &Pubsub, name: &str) -> Result<proto::Snapshot, service::Error> {
    let request = proto::GetSnapshotRequest { snapshot: name.to_owned() };
    let get = || async { pubsub.subscriptions().get_snapshot(request.clone()).await };
    pubsub.answer_explained(|status| explain(name, status), get).await
}

/// Deletes it; what is gone already is as good, an attempt whose answer was lost may have done it.
pub async fn delete(pubsub: &Pubsub, name: &str) -> Result<(), service::Error> {
    let request = proto::DeleteSnapshotRequest { snapshot: name.to_owned() };
    let delete = || async {
        match pubsub.subscriptions().delete_snapshot(request.clone()).await {
            Err(status) if status.code() == tonic::Code::NotFound => Ok(tonic::Response::new(())),
            answer => answer,
        }
    };
    pubsub.answer_explained(|status| explain(name, status), delete).await
}

/// All snapshots of the project.
pub async fn list(pubsub: &Pubsub) -> Result<Vec<proto::Snapshot>, service::Error> {
    let project = pubsub.project_name();
    let (mut snapshots, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListSnapshotsRequest { project: project.clone(), page_size: 100, page_token };
        let resource = Resource { kind: "project", name: &project, role: "roles/pubsub.viewer" };
        let list = || async { pubsub.subscriptions().list_snapshots(request.clone()).await };
        let page = pubsub.answer(resource, list).await?;
        snapshots.extend(page.snapshots);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(snapshots);
        }
    }
}

fn explain(name: &str, status: &tonic::Status) -> service::Error {
    if status.code() == tonic::Code::NotFound {
        let problem = format!("snapshot {name} does not exist; `payments snapshot list` shows those that do");
        return service::Error::Config(problem);
    }
    if status.code() == tonic::Code::AlreadyExists {
        let problem = format!(
            "snapshot {name} exists already, and a snapshot cannot be moved: choose another name, or delete it first \
             with `payments snapshot delete`"
        );
        return service::Error::Config(problem);
    }
    Resource { kind: "snapshot", name, role: ROLE }.explain(status)
}

fn report(
    out: &mut impl Write,
    format: Format,
    state: &'static str,
    snapshots: &[proto::Snapshot],
) -> anyhow::Result<()> {
    let expires = |snapshot: &proto::Snapshot| {
        snapshot.expire_time.as_ref().map(|at| moment::text_of(moment::micros_of(at)))
    };
    let text = || {
        let line = |snapshot: &proto::Snapshot| {
            let expiry = expires(snapshot).unwrap_or("unknown".to_owned());
            let (name, topic) = (escape(&snapshot.name), escape(&snapshot.topic));
            format!("{state:<8} snapshot {name} of {topic}, expires {expiry}\n")
        };
        if snapshots.is_empty() { "no snapshots\n".to_owned() } else { snapshots.iter().map(line).collect() }
    };
    let json = || {
        let one = |snapshot: &proto::Snapshot| {
            json!({
                "name": snapshot.name, "topic": snapshot.topic, "expires": expires(snapshot), "state": state,
            })
        };
        json!({ "snapshots": snapshots.iter().map(one).collect::<Vec<_>>() })
    };
    write(out, format, text, json)
}
