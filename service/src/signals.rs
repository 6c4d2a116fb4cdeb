//! SIGTERM and SIGINT: the first asks for a clean stop, the second leaves at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that the first SIGTERM or SIGINT cancels. After a second one the process is gone: what it had to do is left
/// undone.
///
/// Call inside a tokio runtime.
pub fn shutdown_token() -> std::io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping; a second signal leaves at once");
        shutdown.cancel();
        either(&mut terminate, &mut interrupt).await;
        leave();
    });
    Ok(token)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "the operator asked twice; what is unacked is delivered again")]
fn leave() {
    std::process::exit(crate::exit::INCOMPLETE.into());
}
