//! Bigtable: flags, names, connections, and the checks before work starts.

use crate::{Endpoint, Project, Resource, Transport, endpoint};
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
    instance_name: String,
    transports: Vec<Transport>,
}

/// Bigtable's table administration of one instance.
#[derive(Clone, Debug)]
pub struct TableAdmin {
    instance_name: String,
    transport: Transport,
}

fn endpoint_at(args: &Args, url: &'static str) -> Endpoint {
    Endpoint::new(args.bigtable_emulator_host.as_deref(), url, VARIABLE)
}

fn instance_name(args: &Args, project: &Project, endpoint: &Endpoint) -> Result<String, Error> {
    Ok(format!("projects/{}/instances/{}", project.resolve(endpoint)?, args.instance))
}

fn table_name(instance_name: &str, id: &str) -> String {
    format!("{instance_name}/tables/{id}")
}

impl Bigtable {
    /// Opens `connections` connections, or says within seconds why not.
    pub async fn connect(args: &Args, project: &Project, connections: usize) -> Result<Self, Error> {
        let endpoint = endpoint_at(args, DATA_URL);
        let instance_name = instance_name(args, project, &endpoint)?;
        let transports = endpoint.connect(SERVICE, connections).await?;
        Ok(Self { instance_name, transports })
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

    /// Lets every connection reach its servers before the first write has to wait for that.
    ///
    /// Of no consequence but for the first requests' latency, so a server that cannot do it is only noted.
    pub async fn warm(&self, app_profile: &str) {
        let warm = |transport: &Transport| {
            let mut client = BigtableClient::new(transport.clone());
            let request = data::PingAndWarmRequest {
                name: self.instance_name.clone(),
                app_profile_id: app_profile.to_owned(),
            };
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

    /// Reads one row of the table, which shows that it exists and may be read.
    ///
    /// A data call, because a writer's service account needs no admin role.
    pub async fn require_table(&self, name: &str) -> Result<(), Error> {
        let request =
            data::ReadRowsRequest { table_name: name.to_owned(), rows_limit: 1, ..Default::default() };
        let read = async {
            let mut stream = self.client().read_rows(request).await?.into_inner();
            stream.message().await.map(|_| ())
        };
        let resource = Resource { kind: "table", name, role: "roles/bigtable.user" };
        match tokio::time::timeout(endpoint::PROBE_TIMEOUT, read).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(status)) => Err(resource.explain(&status)),
            Err(_) => {
                Err(Error::Refused { kind: "table", name: name.to_owned(), reason: "no answer".into() })
            }
        }
    }
}

impl TableAdmin {
    pub async fn connect(args: &Args, project: &Project) -> Result<Self, Error> {
        let endpoint = endpoint_at(args, ADMIN_URL);
        let instance_name = instance_name(args, project, &endpoint)?;
        let mut transports = endpoint.connect(SERVICE, 1).await?;
        Ok(Self { instance_name, transport: transports.remove(0) })
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
}
