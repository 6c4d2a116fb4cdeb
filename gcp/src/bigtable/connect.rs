//! Bigtable: flags, names, connections, and the checks before work starts.

use crate::headers::routed;
use crate::peer::{Peer, Startup};
use crate::{Endpoint, Project, Resource, Transport, endpoint};
use admin::bigtable_instance_admin_client::BigtableInstanceAdminClient;
use admin::bigtable_table_admin_client::BigtableTableAdminClient;
use data::bigtable_client::BigtableClient;
use futures_util::future::join_all;
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use service::Error;

const SERVICE: &str = "Bigtable";
const DATA_URL: &str = "https://bigtable.googleapis.com";
const ADMIN_URL: &str = "https://bigtableadmin.googleapis.com";
const VARIABLE: &str = "BIGTABLE_EMULATOR_HOST";

/// The IAM roles that reading and writing rows need.
pub const READER: &str = "roles/bigtable.reader";
pub const WRITER: &str = "roles/bigtable.user";

/// Where Bigtable is.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "bigtable_service")]
pub struct Args {
    /// Bigtable instance that holds the tables.
    #[arg(long, env = "BIGTABLE_INSTANCE", default_value = "payments", value_name = "INSTANCE")]
    pub instance: String,
    /// Bigtable emulator to use instead of the service.
    #[arg(long, env = "BIGTABLE_EMULATOR_HOST", value_name = "HOST:PORT")]
    pub bigtable_emulator_host: Option<String>,
}

impl Default for Args {
    fn default() -> Self {
        Self { instance: "payments".to_owned(), bigtable_emulator_host: None }
    }
}

/// Bigtable's data plane of one instance, seen to answer.
#[derive(Clone, Debug)]
pub struct Bigtable {
    endpoint: Endpoint,
    startup: Startup,
    instance_name: String,
    transports: Vec<Transport>,
}

/// A row's key and the value of its first cell.
#[derive(Clone, Debug)]
pub struct FirstRow {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// Bigtable's administration of one instance and its tables.
#[derive(Clone, Debug)]
pub struct TableAdmin {
    endpoint: Endpoint,
    startup: Startup,
    instance_name: String,
    transport: Transport,
}

fn endpoint_at(args: &Args, url: &'static str) -> Endpoint {
    Endpoint::new(args.bigtable_emulator_host.as_deref(), url, VARIABLE)
}

fn peer<'a>(endpoint: &'a Endpoint, startup: &'a Startup) -> Peer<'a> {
    Peer { service: SERVICE, endpoint, startup }
}

fn instance_name(args: &Args, project: &Project, endpoint: &Endpoint) -> Result<String, Error> {
    Ok(format!("projects/{}/instances/{}", project.resolve(endpoint)?, args.instance))
}

fn table_name(instance_name: &str, id: &str) -> String {
    format!("{instance_name}/tables/{id}")
}

impl Bigtable {
    /// Opens `connections` connections, or says within `--connect-timeout` why not.
    pub async fn connect(args: &Args, project: &Project, connections: usize) -> Result<Self, Error> {
        let endpoint = endpoint_at(args, DATA_URL);
        let instance_name = instance_name(args, project, &endpoint)?;
        let startup = project.startup.clone();
        let transports = peer(&endpoint, &startup).connect(connections).await?;
        Ok(Self { endpoint, startup, instance_name, transports })
    }

    /// `projects/PROJECT/instances/INSTANCE/tables/ID`.
    pub fn table_name(&self, id: &str) -> String {
        table_name(&self.instance_name, id)
    }

    pub fn transports(&self) -> &[Transport] {
        &self.transports
    }

    /// Data calls over the first connection.
    pub fn client(&self) -> BigtableClient<Transport> {
        BigtableClient::new(self.transports[0].clone()).max_decoding_message_size(endpoint::MAX_MESSAGE_BYTES)
    }

    /// As [`Bigtable::warm`], beside whatever comes next: a server that does not answer delays nothing.
    pub fn warm_beside(&self, app_profile: &str) {
        let (bigtable, app_profile) = (self.clone(), app_profile.to_owned());
        tokio::spawn(async move { bigtable.warm(&app_profile).await });
    }

    /// Lets every connection reach its servers before the first write has to wait for that.
    ///
    /// Of no consequence but for the first requests' latency, so a server that cannot do it is only noted.
    pub async fn warm(&self, app_profile: &str) {
        let warm = |transport: &Transport| {
            let mut client = BigtableClient::new(transport.clone());
            let (name, app_profile_id) = (self.instance_name.clone(), app_profile.to_owned());
            let params = [("name", &*self.instance_name), ("app_profile_id", app_profile)];
            let request = routed(data::PingAndWarmRequest { name, app_profile_id }, &params);
            async move { tokio::time::timeout(endpoint::PROBE_TIMEOUT, client.ping_and_warm(request)).await }
        };
        for answer in join_all(self.transports.iter().map(warm)).await {
            match answer {
                Ok(Ok(_)) => {}
                Ok(Err(status)) if status.code() == tonic::Code::Unimplemented => {}
                Ok(Err(status)) => {
                    tracing::warn!(app_profile, answer = %status.message(), "Bigtable did not warm a connection up");
                }
                Err(_) => tracing::warn!(app_profile, "Bigtable did not warm a connection up in time"),
            }
        }
    }

    /// Reads one row of the table by an app profile, which shows that it exists and may be read. `role` is what the
    /// caller needs for its work.
    ///
    /// A data call, because a writer's service account needs no admin role.
    pub async fn require_table(
        &self,
        role: &'static str,
        app_profile: &str,
        name: &str,
    ) -> Result<(), Error> {
        self.first_row(role, app_profile, name, None).await.map(|_| ())
    }

    /// The table's first row, or the one with this key.
    pub async fn first_row(
        &self,
        role: &'static str,
        app_profile: &str,
        name: &str,
        key: Option<&str>,
    ) -> Result<Option<FirstRow>, Error> {
        let key_set =
            |key: &str| data::RowSet { row_keys: vec![key.to_owned().into()], ..Default::default() };
        let request = data::ReadRowsRequest {
            table_name: name.to_owned(),
            app_profile_id: app_profile.to_owned(),
            rows: key.map(key_set),
            rows_limit: 1,
            ..Default::default()
        };
        let params = [("table_name", name), ("app_profile_id", app_profile)];
        let read = || async {
            let mut answers = self.client().read_rows(routed(request.clone(), &params)).await?.into_inner();
            while let Some(answer) = answers.message().await? {
                if let Some(chunk) = answer.chunks.into_iter().next() {
                    return Ok(Some(FirstRow { key: chunk.row_key, value: chunk.value }));
                }
            }
            Ok(None)
        };
        let resource = Resource { kind: "table", name, role };
        peer(&self.endpoint, &self.startup).answer(|status| resource.explain(status), read).await
    }
}

impl TableAdmin {
    pub async fn connect(args: &Args, project: &Project) -> Result<Self, Error> {
        let endpoint = endpoint_at(args, ADMIN_URL);
        let instance_name = instance_name(args, project, &endpoint)?;
        let startup = project.startup.clone();
        let transport = peer(&endpoint, &startup).connect(1).await?.remove(0);
        Ok(Self { endpoint, startup, instance_name, transport })
    }

    /// `projects/PROJECT/instances/INSTANCE`.
    pub fn instance_name(&self) -> &str {
        &self.instance_name
    }

    /// `projects/PROJECT/instances/INSTANCE/tables/ID`.
    pub fn table_name(&self, id: &str) -> String {
        table_name(&self.instance_name, id)
    }

    pub fn client(&self) -> BigtableTableAdminClient<Transport> {
        BigtableTableAdminClient::new(self.transport.clone())
    }

    /// Calls about the instance itself, which are answered at the same address.
    pub fn instances(&self) -> BigtableInstanceAdminClient<Transport> {
        BigtableInstanceAdminClient::new(self.transport.clone())
    }

    /// The answer to a call, which is made again while the service is away, for `--connect-timeout` at most. A change
    /// may have been made by an attempt whose answer was lost.
    pub async fn answer<T, F>(&self, resource: Resource<'_>, call: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    {
        let peer = peer(&self.endpoint, &self.startup);
        peer.answer(|status| resource.explain(status), call).await.map(tonic::Response::into_inner)
    }
}
