//! Message types of both services, and the server traits made by `build.rs`.

pub use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as bigtable_admin;
pub use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as bigtable;
pub use googleapis_tonic_google_bigtable_v2::google::rpc;
pub use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as pubsub;

/// `google.protobuf.Empty`, where a path is asked for.
pub type Empty = ();

macro_rules! generated {
    ($module:ident, $file:literal) => {
        #[allow(clippy::all, clippy::pedantic)]
        pub mod $module {
            include!(concat!(env!("OUT_DIR"), "/", $file));
        }
    };
}
generated!(publisher, "google.pubsub.v1.Publisher.rs");
generated!(schema_service, "google.pubsub.v1.SchemaService.rs");
generated!(subscriber, "google.pubsub.v1.Subscriber.rs");
generated!(bigtable_data, "google.bigtable.v2.Bigtable.rs");
generated!(bigtable_table_admin, "google.bigtable.admin.v2.BigtableTableAdmin.rs");
