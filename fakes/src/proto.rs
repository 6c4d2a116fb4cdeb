//! Google's message types, and the null servers' traits made by `build.rs`.

pub use emulator::proto::{Empty, bigtable, pubsub, rpc};

macro_rules! generated {
    ($module:ident, $file:literal) => {
        #[allow(clippy::all, clippy::pedantic)]
        pub mod $module {
            include!(concat!(env!("OUT_DIR"), "/", $file));
        }
    };
}
generated!(publisher, "google.pubsub.v1.Publisher.rs");
generated!(subscriber, "google.pubsub.v1.Subscriber.rs");
generated!(bigtable_data, "google.bigtable.v2.Bigtable.rs");
