//! Everything that set-up created and loads left behind.

use super::options::All;
use super::report::{Line, State};
use super::rows::{count, drop_range};
use super::which::Which;
use crate::names::dead_letter_subscription;
use gcp::Resource;
use gcp::bigtable::TableAdmin;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use schemas::layout::Table;
use service::Error;
use tonic::{Code, Response, Status};

/// Finds what is there and, with --yes, deletes it: subscriptions first, so that no sink writes new rows meanwhile.
pub async fn clean(args: &All) -> anyhow::Result<Vec<Line>> {
    let project = args.common.project(args.topics)?;
    let mut lines = Vec::new();
    if args.topics {
        let pubsub = Pubsub::connect(&args.common.pubsub, &project).await?;
        clean_pubsub(args, &pubsub, &mut lines).await?;
    }
    let service = TableAdmin::connect(&args.common.bigtable, &project).await?;
    let reader = args.common.reading(&project).reader().await?;
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
            if args.common.yes {
                let request = admin::DeleteTableRequest { name: name.clone() };
                done("table", &name, "roles/bigtable.admin", service.client().delete_table(request).await)?;
            }
            lines.push(line("table", name, state(args)));
        }
    }
    Ok(lines)
}

async fn clean_pubsub(args: &All, pubsub: &Pubsub, lines: &mut Vec<Line>) -> Result<(), Error> {
    let letters = dead_letter_subscription(&args.names.dead_letter_topic);
    for id in [&args.names.subscription, &letters] {
        let name = pubsub.subscription_name(id);
        let found = match pubsub.require_subscription(&name).await {
            Ok(_) if args.common.yes => {
                let request = proto::DeleteSubscriptionRequest { subscription: name.clone() };
                let answer = pubsub.subscriptions().delete_subscription(request).await;
                done("subscription", &name, "roles/pubsub.editor", answer)
            }
            found => found.map(|_| state(args)),
        };
        lines.push(line("subscription", name, absent(found)?));
    }
    for id in [&args.names.topic, &args.names.dead_letter_topic] {
        let name = pubsub.topic_name(id);
        let found = match pubsub.require_topic(&name).await {
            Ok(_) if args.common.yes => {
                let answer =
                    pubsub.topics().delete_topic(proto::DeleteTopicRequest { topic: name.clone() }).await;
                done("topic", &name, "roles/pubsub.editor", answer)
            }
            found => found.map(|_| state(args)),
        };
        lines.push(line("topic", name, absent(found)?));
    }
    Ok(())
}

async fn has_table(service: &TableAdmin, name: &str) -> Result<bool, Error> {
    let view = admin::table::View::NameOnly as i32;
    match service.client().get_table(admin::GetTableRequest { name: name.to_owned(), view }).await {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(Resource { kind: "table", name, role: "roles/bigtable.admin" }.explain(&status)),
    }
}

/// Deleted; if somebody else was faster, that is as good.
fn done<T>(
    kind: &'static str,
    name: &str,
    role: &'static str,
    answer: Result<Response<T>, Status>,
) -> Result<State, Error> {
    match answer {
        Ok(_) => Ok(State::Gone),
        Err(status) => absent(Err(Resource { kind, name, role }.explain(&status))),
    }
}

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
