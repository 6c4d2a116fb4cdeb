//! The project, and how patiently its services are asked before work starts: what every program has flags for.

use crate::{Endpoint, Startup};
use service::Error;

/// Project used with emulators, which do not look at it, where none is given.
const EMULATOR_PROJECT: &str = "local";

/// The project that resources belong to, and how patiently its services are asked at the start.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Project {
    /// Google Cloud project; with an emulator any name does.
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT", value_name = "PROJECT")]
    pub project: Option<String>,
    #[command(flatten)]
    pub startup: Startup,
}

impl Project {
    pub fn resolve(&self, endpoint: &Endpoint) -> Result<String, Error> {
        match (&self.project, endpoint) {
            (Some(project), _) if !project.is_empty() => Ok(project.clone()),
            (_, Endpoint::Emulator { .. }) => Ok(EMULATOR_PROJECT.to_owned()),
            _ => Err(Error::NoProject),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_needs_a_project_and_an_emulator_does_not() {
        assert_eq!(Project::default().resolve(&endpoint(Some("h:1"))).unwrap(), "local");
        assert!(matches!(Project::default().resolve(&endpoint(None)), Err(Error::NoProject)));
    }

    fn endpoint(host: Option<&str>) -> Endpoint {
        Endpoint::new(host, "https://pubsub.googleapis.com", "PUBSUB_EMULATOR_HOST")
    }
}
