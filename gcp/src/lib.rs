//! Google's services as this pipeline uses them: connections, calls, and what their refusals mean. Knows nothing of
//! payments.
//!
//! - [`endpoint`]: where a service is (an emulator, or Google) and how to speak to it: [`Transport`].
//! - [`Startup`]: how long a service may be away before work starts.
//! - [`pubsub`], [`bigtable`]: flags, resource names, clients, and the checks made before any work starts.
//! - [`bigtable::read`], [`bigtable::write`]: scans that go on after a broken stream; some rows, written with patience.
//! - [`monitoring`]: what Cloud Monitoring knows of a subscription's backlog.
//! - [`publishing`]: the official publisher, replaced where its connection has died.
//! - [`call`], [`share`]: gRPC calls whose messages the caller encodes, and bounds on what is on its way.
//! - [`headers`]: what a request says about its client and its route.
//! - [`retry`]: which failures pass by themselves, and how long to wait for that.
//! - [`Resource`]: what a refusal means for the operator.

pub mod bigtable;
pub mod call;
pub mod endpoint;
pub mod headers;
pub mod monitoring;
mod peer;
mod project;
pub mod publishing;
pub mod pubsub;
mod resource;
pub mod retry;
pub mod share;
mod transport;

pub use endpoint::Endpoint;
pub use peer::Startup;
pub use project::Project;
pub use resource::Resource;
pub use transport::Transport;
