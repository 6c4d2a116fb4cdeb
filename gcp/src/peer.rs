//! A service before work starts: connected to, and asked again while it is away.

use crate::endpoint::{Endpoint, PROBE_TIMEOUT, error_chain};
use crate::retry::{Delays, asked_delay, may_pass};
use crate::{Transport, call};
use service::Error;
use service::units::parse_duration;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

/// Pauses between attempts. Short ones: a service that is back is to be noticed within a second.
const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(1);
/// A wait of this length is told; a shorter one is nobody's concern.
const TOLD: Duration = Duration::from_secs(5);

/// How long a service may be away before work starts, and what ends the waiting at once.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "startup")]
pub struct Startup {
    /// How long a service that does not answer, or cannot serve just now, is asked again before work starts.
    #[arg(long, default_value = "10s", value_parser = parse_duration, value_name = "DURATION")]
    pub connect_timeout: Duration,
    /// Cancelled, it ends every wait with [`Error::Stopped`].
    #[arg(skip)]
    pub stop: CancellationToken,
}

impl Default for Startup {
    fn default() -> Self {
        Self { connect_timeout: PROBE_TIMEOUT, stop: CancellationToken::new() }
    }
}

/// A service that a program needs.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    pub service: &'static str,
    pub endpoint: &'a Endpoint,
    pub startup: &'a Startup,
}

impl Peer<'_> {
    /// `count` connections, each opened once to see that it can be.
    pub async fn connect(self, count: usize) -> Result<Vec<Transport>, Error> {
        let credentials = self.startup.stop.run_until_cancelled(self.endpoint.transport_credentials());
        let credentials = credentials.await.unwrap_or(Err(Error::Stopped))?;
        let endpoint = self.endpoint.with_pings()?;
        let open =
            || async { endpoint.connect().await.map_err(|error| Status::unavailable(error_chain(&error))) };
        let mut transports = Vec::with_capacity(count);
        for _ in 0..count.max(1) {
            let channel = self.answer(|status| self.away(status), open).await?;
            transports.push(Transport::new(channel, credentials.clone()));
        }
        Ok(transports)
    }

    /// The answer to a call, which is made again while the service is away: a change may have been made by an attempt
    /// whose answer was lost. `explain` says what a refusal means that no other attempt can mend.
    ///
    /// # Errors
    /// Also that the service is still away after `--connect-timeout`, an error that passes by itself.
    pub async fn answer<T, F>(
        self,
        explain: impl Fn(&Status) -> Error,
        call: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        match self.startup.stop.run_until_cancelled(self.ask(call)).await {
            None => Err(Error::Stopped),
            Some(Err(status)) if may_pass(&status) => Err(self.away(&status)),
            Some(answer) => answer.map_err(|status| explain(&status)),
        }
    }

    async fn ask<T, F>(self, attempt: impl Fn() -> F) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let started = Instant::now();
        let left = || self.startup.connect_timeout.saturating_sub(started.elapsed());
        let (mut delays, mut is_told) = (Delays::new(MIN_DELAY, MAX_DELAY), false);
        loop {
            // A connection may hang without an end; another attempt is the way out.
            let limit = left().min(PROBE_TIMEOUT);
            let status = match timeout(limit, attempt()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(status)) => status,
                Err(_) => silent(limit),
            };
            let delay = delays.next(asked_delay(&status));
            if !may_pass(&status) || delay >= left() {
                return Err(status);
            }
            if started.elapsed() >= TOLD && !std::mem::replace(&mut is_told, true) {
                let (service, address) = (self.service, self.endpoint.url());
                tracing::warn!(service, address, answer = %reason(&status), "not ready; asking again");
            }
            sleep(delay).await;
        }
    }

    /// What a status that passes by itself means once the time for it is over.
    fn away(self, status: &Status) -> Error {
        let reason = reason(status);
        match call::code(status) {
            Code::Unavailable => self.endpoint.unreachable(self.service, reason),
            code => Error::Busy {
                service: self.service,
                address: self.endpoint.url(),
                reason: format!("{code:?}: {reason}"),
            },
        }
    }
}

impl Endpoint {
    /// `count` connections, or why there are none after [`Startup`]'s usual time.
    pub async fn connect(&self, service: &'static str, count: usize) -> Result<Vec<Transport>, Error> {
        Peer { service, endpoint: self, startup: &Startup::default() }.connect(count).await
    }
}

fn silent(limit: Duration) -> Status {
    let tenths = (limit.as_secs_f64() * 10.0).round();
    Status::unavailable(format!("no answer after {} s", tenths / 10.0))
}

/// A status made on this side of a broken connection says only that; what happened is in its sources.
fn reason(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(source) => error_chain(source),
        None => status.message().to_owned(),
    }
}
