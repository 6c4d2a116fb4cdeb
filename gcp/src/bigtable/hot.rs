//! Tablets that Bigtable itself has found hot.

use super::connect::{Args, TableAdmin};
use crate::headers::routed;
use crate::{Project, Resource};
use admin::{ListClustersRequest, ListHotTabletsRequest};
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use service::Error;
use std::time::{Duration, SystemTime};

/// The role that both calls need.
const ROLE: &str = "roles/bigtable.viewer";
/// Of one question.
const LONGEST: Duration = Duration::from_hours(48);
/// Nobody looks at more.
const MAX_TABLETS: usize = 10_000;
const MAX_PAGES: usize = 1_000;

/// A tablet that took much of its node's CPU.
#[derive(Clone, Debug, PartialEq)]
pub struct HotTablet {
    /// The table's id.
    pub table: String,
    pub from: SystemTime,
    pub to: SystemTime,
    /// Its first key, and the first one behind it; empty for none.
    pub first: String,
    pub end: String,
    /// Its node's CPU, 0 to 100.
    pub node_cpu_percent: f64,
}

/// What all clusters of the instance have found between two times of the last 14 days, as the service keeps it no longer.
pub async fn hot_tablets(
    args: &Args,
    project: &Project,
    (from, to): (SystemTime, SystemTime),
) -> Result<Vec<HotTablet>, Error> {
    let instance = TableAdmin::connect(args, project).await?;
    let mut found = Vec::new();
    for cluster in instance.clusters().await? {
        let mut start = from;
        while start < to {
            let end = to.min(start + LONGEST);
            instance.add_hot_tablets(&cluster, (start, end), &mut found).await?;
            start = end;
        }
    }
    Ok(found)
}

impl TableAdmin {
    async fn clusters(&self) -> Result<Vec<String>, Error> {
        let parent = self.instance_name();
        let request = ListClustersRequest { parent: parent.to_owned(), ..Default::default() };
        let resource = Resource { kind: "instance", name: parent, role: ROLE };
        let list =
            || async { self.instances().list_clusters(routed(request.clone(), &[("parent", parent)])).await };
        let answer = self.answer(resource, list).await?;
        Ok(answer.clusters.into_iter().map(|cluster| cluster.name).collect())
    }

    async fn add_hot_tablets(
        &self,
        cluster: &str,
        (from, to): (SystemTime, SystemTime),
        found: &mut Vec<HotTablet>,
    ) -> Result<(), Error> {
        let mut request = ListHotTabletsRequest {
            parent: cluster.to_owned(),
            start_time: Some(from.into()),
            end_time: Some(to.into()),
            ..Default::default()
        };
        let resource = Resource { kind: "cluster", name: cluster, role: ROLE };
        for _ in 0..MAX_PAGES {
            if found.len() >= MAX_TABLETS {
                break;
            }
            let list = || async {
                self.instances().list_hot_tablets(routed(request.clone(), &[("parent", cluster)])).await
            };
            let page = self.answer(resource, list).await?;
            found.extend(page.hot_tablets.into_iter().filter_map(hot_tablet));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        Ok(())
    }
}

fn hot_tablet(tablet: admin::HotTablet) -> Option<HotTablet> {
    let time = |time: Option<prost_types::Timestamp>| SystemTime::try_from(time?).ok();
    Some(HotTablet {
        table: tablet.table_name.rsplit('/').next()?.to_owned(),
        from: time(tablet.start_time)?,
        to: time(tablet.end_time)?,
        first: tablet.start_key,
        end: tablet.end_key,
        node_cpu_percent: f64::from(tablet.node_cpu_usage_percent),
    })
}
