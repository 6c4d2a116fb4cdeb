//! Everything that set-up created and loads left behind.

use super::options::All;
use super::report::{Line, State};
use super::rows::{count, drop_range};
use super::which::Which;
use crate::names::dead_letter_subscription;
use crate::snapshot;
use gcp::Resource;
use gcp::bigtable::TableAdmin;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use schemas::layout::{Table, settings};
use service::Error;

/// Finds what is there and, with --yes, deletes it: subscriptions first, so that no sink writes new rows meanwhile.
pub async fn clean(args: &All) -> anyhow::Result<Vec<Line>> {
    let project = args.common.project(args.topics)?;
    let mut lines = Vec::new();
    if args.topics {
        let pubsub = Pubsub::connect(&args.common.pubsub, &project).await?;
        clean_pubsub(args, &pubsub, &mut lines).await?;
    }
    let service = TableAdmin::connect(&args.common.bigtable, &project).await?;
    let reader = args.common.reading(&project).connect().await?;
    for table in Table::ALL {
        let name = service.table_name(table.id());
        if !has_table(&service, &name).await? {
            lines.push(line("table", name, State::Absent));
            continue;
        }
        let counted = count(&reader, table, &Which::All).await?;
        if args.common.yes && !args.tables {
            drop_range(&service, table, &Which::All).await?;
            let left = count(&reader, table, &Which::All).await?.rows;
            anyhow::ensure!(
                left == 0,
                "{left} rows of {name} are there again: a sink writes them; stop it and run again"
            );
        }
        lines.push(Line { counted: Some(counted), ..line("rows", name.clone(), state(args)) });
        if args.tables {
            lines.push(drop_table(args, &service, name).await?);
        }
    }
    let settings = service.table_name(settings::TABLE);
    if args.tables && has_table(&service, &settings).await? {
        lines.push(drop_table(args, &service, settings).await?);
    }
    Ok(lines)
}

async fn drop_table(args: &All, service: &TableAdmin, name: String) -> Result<Line, Error> {
    if args.common.yes {
        let request = admin::DeleteTableRequest { name: name.clone() };
        let resource = Resource { kind: "table", name: &name, role: "roles/bigtable.admin" };
        let delete = || async { service.client().delete_table(request.clone()).await };
        absent(service.answer(resource, delete).await.map(|()| State::Gone))?;
    }
    Ok(line("table", name, state(args)))
}

async fn clean_pubsub(args: &All, pubsub: &Pubsub, lines: &mut Vec<Line>) -> Result<(), Error> {
    // While the topics are there: a snapshot whose topic is gone does not say any more whose it was.
    let topics = [&args.names.topic, &args.names.dead_letter_topic].map(|id| pubsub.topic_name(id));
    for found in snapshot::list(pubsub).await? {
        if topics.contains(&found.topic) {
            if args.common.yes {
                snapshot::delete(pubsub, &found.name).await?;
            }
            lines.push(line("snapshot", found.name, state(args)));
        }
    }
    let letters = dead_letter_subscription(&args.names.dead_letter_topic);
    for id in [&args.names.subscription, &letters] {
        let name = pubsub.subscription_name(id);
        let found = match pubsub.require_subscription(&name).await {
            Ok(_) if args.common.yes => {
                let request = proto::DeleteSubscriptionRequest { subscription: name.clone() };
                let delete = || async { pubsub.subscriptions().delete_subscription(request.clone()).await };
                let resource = Resource { kind: "subscription", name: &name, role: "roles/pubsub.editor" };
                pubsub.answer(resource, delete).await.map(|()| State::Gone)
            }
            found => found.map(|_| state(args)),
        };
        lines.push(line("subscription", name, absent(found)?));
    }
    for id in [&args.names.topic, &args.names.dead_letter_topic] {
        let name = pubsub.topic_name(id);
        let found = match pubsub.require_topic(&name).await {
            Ok(_) if args.common.yes => {
                let request = proto::DeleteTopicRequest { topic: name.clone() };
                let delete = || async { pubsub.topics().delete_topic(request.clone()).await };
                let resource = Resource { kind: "topic", name: &name, role: "roles/pubsub.editor" };
                pubsub.answer(resource, delete).await.map(|()| State::Gone)
            }
            found => found.map(|_| state(args)),
        };
        lines.push(line("topic", name, absent(found)?));
    }
    Ok(())
}

async fn has_table(service: &TableAdmin, name: &str) -> Result<bool, Error> {
    let view = admin::table::View::NameOnly as i32;
    let request = admin::GetTableRequest { name: name.to_owned(), view };
    let resource = Resource { kind: "table", name, role: "roles/bigtable.admin" };
    match service.answer(resource, || async { service.client().get_table(request.clone()).await }).await {
        Ok(_) => Ok(true),
        Err(Error::Missing { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What somebody else was faster to delete, or an attempt whose answer was lost, is gone as well.
fn absent(found: Result<State, Error>) -> Result<State, Error> {
    match found {
        Err(Error::Missing { .. }) => Ok(State::Absent),
        found => found,
    }
}

fn state(args: &All) -> State {
    if args.common.yes { State::Gone } else { State::WouldGo }
}

fn line(kind: &'static str, name: String, state: State) -> Line {
    Line { kind, name, state, counted: None }
}
