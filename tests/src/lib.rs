//! What whole-path tests share: backends, a set-up pipeline on one of them, readers of tables and dead letters; and
//! the documents' commands.
//!
//! The same tests run on the embedded servers and on Google's emulators; each test has its own backend on free ports.

pub mod backend;
pub mod documents;
pub mod exported;
pub mod leased;
pub mod pages;
pub mod pipeline;
pub mod programs;
pub mod running;
pub mod tables;
pub mod trickle;

pub use backend::Backend;
pub use pipeline::Pipeline;
pub use running::Running;

/// Its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/LIBRARY.md")]
mod library {}

/// Makes of each async function a test on either backend.
#[macro_export]
macro_rules! on_both_backends {
    ($($test:ident)*) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() -> ::anyhow::Result<()> {
                    super::$test($crate::Backend::embedded().await?).await
                }
            )*
        }
        mod google {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() -> ::anyhow::Result<()> {
                    match $crate::Backend::google().await? {
                        Some(backend) => super::$test(backend).await,
                        None => Ok(()),
                    }
                }
            )*
        }
    };
}
