//! One stream at a time, on as many connections as that takes, and everything that came over it: leases, acks, nacks.

use super::calls::{Calls, Ended};
use super::handle::{Handle, How, Settlement};
use super::leases::Leases;
use super::stream::{Event, Stream};
use super::{Delivery, Options, Received};
use crate::Transport;
use crate::call::code;
use crate::endpoint::Dialer;
use crate::headers::routing;
use crate::pubsub::is_transient;
use crate::retry::Delays;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{StreamingPullRequest, StreamingPullResponse};
use parking_lot::Mutex;
use std::future::pending;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tonic::{Code, Status};

/// Pauses before a stream is opened again, with jitter up to twice as long: no gap is longer than 5 s.
const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(2);
/// A stream that has lived so long was a good one, whatever its end.
const GOOD_STREAM: Duration = Duration::from_secs(1);
/// After the half-close the server has this long for its end.
const LINGER: Duration = Duration::from_secs(2);
/// Settlements taken at once.
const GULP: usize = 1_024;

/// What the owner of the streams wants.
#[derive(Debug)]
pub enum Order {
    Stop,
    /// To hear from the service.
    Check(oneshot::Sender<()>),
}

/// What others may see of a lane.
#[derive(Debug)]
pub struct State {
    pub heard: Instant,
    pub trouble: Option<String>,
    pub extended: u64,
    pub expired: u64,
    pub opened: u64,
}

/// Where the lane is with its stream.
#[derive(Debug)]
enum Link {
    /// To be opened then.
    Waiting(Instant),
    Streaming(Box<Stream>),
    /// Half-closed, until then at most.
    Closing(Box<Stream>, Instant),
    Closed,
}

#[derive(Debug)]
pub struct Lane {
    dialer: Dialer,
    transport: Transport,
    first_request: StreamingPullRequest,
    link: Link,
    delays: Delays,
    leases: Leases,
    calls: Calls,
    exactly_once: bool,
    settlement: mpsc::UnboundedSender<Settlement>,
    settlements: mpsc::UnboundedReceiver<Settlement>,
    /// None once nothing is handed on any more.
    out: Option<mpsc::Sender<Delivery>>,
    /// Waits for room in `out`; until then nothing is read from the stream.
    held: Option<Delivery>,
    orders: mpsc::UnboundedReceiver<Order>,
    checks: Vec<oneshot::Sender<()>>,
    state: Arc<Mutex<State>>,
}

impl Lane {
    pub fn new(
        dialer: Dialer,
        options: &Options,
        out: mpsc::Sender<Delivery>,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Self {
        let (settlement, settlements) = mpsc::unbounded_channel();
        let first_request = StreamingPullRequest {
            subscription: options.subscription.clone(),
            stream_ack_deadline_seconds: i32::try_from(options.lease.as_secs()).unwrap_or(i32::MAX),
            client_id: format!("{:016x}", RandomState::new().build_hasher().finish()),
            max_outstanding_messages: options.max_outstanding_messages,
            max_outstanding_bytes: options.max_outstanding_bytes,
            // The server may answer pings.
            protocol_version: 1,
            ..StreamingPullRequest::default()
        };
        let now = Instant::now();
        Self {
            transport: dialer.dial(),
            dialer,
            first_request,
            link: Link::Waiting(now),
            delays: delays(),
            leases: Leases::new(options.lease, options.max_lease),
            calls: Calls::new(&options.subscription, options.lease),
            exactly_once: false,
            settlement,
            settlements,
            out: Some(out),
            held: None,
            orders,
            checks: Vec::new(),
            state: Arc::new(Mutex::new(State {
                heard: now,
                trouble: None,
                extended: 0,
                expired: 0,
                opened: 0,
            })),
        }
    }

    pub fn state(&self) -> Arc<Mutex<State>> {
        self.state.clone()
    }

    /// Runs until it is stopped and every message is settled.
    pub async fn run(mut self) {
        let mut settled = Vec::with_capacity(GULP);
        while !self.is_done() {
            let due = self.next_due();
            tokio::select! {
                order = self.orders.recv() => self.obey(order),
                event = self.link.next(), if self.held.is_none() => self.on_event(event),
                room = has_room(self.out.as_ref()), if self.held.is_some() => self.hand_on(room),
                _ = self.settlements.recv_many(&mut settled, GULP) => self.settle(&mut settled),
                ended = self.calls.ended() => self.conclude(ended),
                () = until(due) => self.on_time(Instant::now()),
            }
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.link, Link::Closed)
            && self.out.is_none()
            && self.leases.open() == 0
            && self.calls.is_done()
    }

    fn next_due(&self) -> Option<Instant> {
        let link = match &self.link {
            Link::Waiting(at) | Link::Closing(_, at) => Some(*at),
            Link::Streaming(_) | Link::Closed => None,
        };
        let probe = self.link.stream().filter(|stream| !self.checks.is_empty() && !stream.is_probing());
        let probe = probe.map(|stream| stream.started + GOOD_STREAM);
        [link, probe, self.leases.next_due(), self.calls.next_due()].into_iter().flatten().min()
    }

    fn on_time(&mut self, now: Instant) {
        match self.link {
            Link::Waiting(at) if at <= now => self.open(),
            Link::Closing(_, at) if at <= now => self.link = Link::Closed,
            _ => {}
        }
        if let Link::Streaming(stream) = &mut self.link
            && !self.checks.is_empty()
            && stream.started + GOOD_STREAM <= now
        {
            stream.probe();
        }
        if self.leases.next_due().is_some_and(|at| at <= now) {
            let due = self.leases.due(now);
            let (extended, expired) = (due.len() as u64, self.leases.expired());
            self.note(|state| (state.extended, state.expired) = (state.extended + extended, expired));
            self.calls.extend(due, now);
        }
        if self.calls.next_due().is_some_and(|at| at <= now) {
            self.calls.send(&self.transport);
        }
    }

    fn open(&mut self) {
        let routing = routing(&[("subscription", &self.first_request.subscription)]);
        let stream = Stream::open(self.transport.clone(), routing, self.first_request.clone());
        self.link = Link::Streaming(Box::new(stream));
        self.note(|state| state.opened += 1);
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Response(response) => {
                self.heard();
                self.take_in(response);
            }
            Event::Alive => self.heard(),
            Event::Ended(status) => self.ended(status),
            Event::Dead => {
                tracing::debug!("no answer on a connection to Pub/Sub; opening another");
                self.replace_connection();
            }
        }
    }

    /// What is held, to the one who takes it. Nobody else sends on its channel: the room is still there.
    fn hand_on(&mut self, has_room: bool) {
        let is_taken = match (&self.out, self.held.take()) {
            (Some(out), Some(delivery)) => has_room && out.try_send(delivery).is_ok(),
            _ => false,
        };
        if is_taken {
            self.link.resume();
        } else {
            self.stop();
        }
    }

    fn heard(&mut self) {
        // On a young stream messages may still be on their way.
        if self.link.stream().is_some_and(|stream| stream.started.elapsed() >= GOOD_STREAM) {
            for check in self.checks.drain(..) {
                let _ = check.send(());
            }
        }
        self.note(|state| (state.heard, state.trouble) = (Instant::now(), None));
    }

    fn note(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
    }

    fn take_in(&mut self, response: StreamingPullResponse) {
        if let Some(properties) = &response.subscription_properties {
            self.exactly_once = properties.exactly_once_delivery_enabled;
        }
        let (now, is_wanted) = (Instant::now(), self.out.is_some());
        let mut messages = Vec::with_capacity(response.received_messages.len());
        for received in response.received_messages {
            let number = self.leases.add(received.ack_id, now);
            let handle = Handle::new(number, self.exactly_once, self.settlement.clone());
            // Dropped, a handle gives its message back.
            let (Some(message), true) = (received.message, is_wanted) else { continue };
            let delivery_attempt = Some(received.delivery_attempt).filter(|&attempt| attempt > 0);
            messages.push(Received { message, delivery_attempt, handle });
        }
        if !messages.is_empty() {
            self.held = Some(Ok(messages));
        }
    }

    /// As Google's Java client, which opens a stream again after anything that may pass, OK among it.
    fn ended(&mut self, status: Option<Status>) {
        let Link::Streaming(stream) = std::mem::replace(&mut self.link, Link::Closed) else { return };
        if let Some(status) = status.as_ref().filter(|status| is_final(code(status))) {
            tracing::debug!(%status, "a stream is over for good");
            self.held = Some(Err(status.clone()));
            return;
        }
        let lived = stream.started.elapsed() >= GOOD_STREAM;
        let is_told = status.as_ref().is_none_or(|status| std::error::Error::source(status).is_none());
        let end =
            status.map_or_else(|| "OK".into(), |status| format!("{:?}: {}", code(&status), status.message()));
        tracing::debug!(end, "a stream ended; opening another");
        if lived || stream.has_delivered {
            self.delays = delays();
        }
        // A server that ends idle streams is there.
        self.note(|state| {
            if lived && is_told {
                (state.heard, state.trouble) = (Instant::now(), None);
            } else {
                state.trouble = Some(end);
            }
        });
        self.link = Link::Waiting(Instant::now() + self.delays.next(None));
    }

    /// What was on its way on the old one goes out on the new one.
    fn replace_connection(&mut self) {
        self.transport = self.dialer.dial();
        self.calls.change_connection();
        self.note(|state| {
            state.trouble.get_or_insert_with(|| "no answer".into());
        });
        self.link = match std::mem::replace(&mut self.link, Link::Closed) {
            Link::Streaming(_) | Link::Waiting(_) => Link::Waiting(Instant::now()),
            Link::Closing(..) | Link::Closed => Link::Closed,
        };
    }

    fn conclude(&mut self, ended: Ended) {
        if let Some(since) = ended.silent_since {
            let is_silent = match &self.link {
                Link::Streaming(stream) | Link::Closing(stream, _) => stream.heard <= since,
                Link::Waiting(_) | Link::Closed => true,
            };
            if is_silent {
                self.replace_connection();
            }
        }
        self.calls.conclude(ended, &mut self.leases, Instant::now());
        let expired = self.leases.expired();
        self.note(|state| state.expired = expired);
    }

    fn settle(&mut self, settled: &mut Vec<Settlement>) {
        let now = Instant::now();
        for Settlement { number, how } in settled.drain(..) {
            let Some(ack_id) = self.leases.take(number) else { continue };
            match how {
                How::Ack => self.calls.ack(number, ack_id, None, now),
                How::Confirm(confirm) => self.calls.ack(number, ack_id, Some(confirm), now),
                How::Nack => self.calls.nack(number, ack_id, now),
            }
        }
    }

    fn obey(&mut self, order: Option<Order>) {
        match order {
            Some(Order::Check(answer)) => self.checks.push(answer),
            Some(Order::Stop) | None => self.stop(),
        }
    }

    fn stop(&mut self) {
        // Their handles give them back.
        (self.out, self.held) = (None, None);
        self.link = match std::mem::replace(&mut self.link, Link::Closed) {
            Link::Streaming(mut stream) => {
                stream.half_close();
                Link::Closing(stream, Instant::now() + LINGER)
            }
            Link::Waiting(_) | Link::Closed => Link::Closed,
            closing @ Link::Closing(..) => closing,
        };
    }
}

impl Link {
    fn stream(&self) -> Option<&Stream> {
        match self {
            Self::Streaming(stream) => Some(stream),
            Self::Waiting(_) | Self::Closing(..) | Self::Closed => None,
        }
    }

    /// The stream's next event; for ever none without one.
    async fn next(&mut self) -> Event {
        match self {
            Self::Streaming(stream) | Self::Closing(stream, _) => stream.next().await,
            Self::Waiting(_) | Self::Closed => pending().await,
        }
    }

    fn resume(&mut self) {
        if let Self::Streaming(stream) = self {
            stream.resume();
        }
    }
}

fn delays() -> Delays {
    Delays::new(MIN_DELAY, MAX_DELAY)
}

/// What no new stream can mend: the subscription is gone or detached, or this client may not, or asks wrongly.
fn is_final(code: Code) -> bool {
    code != Code::Ok && !is_transient(code)
}

/// Waits for room; whether there is somebody who takes messages.
async fn has_room(out: Option<&mpsc::Sender<Delivery>>) -> bool {
    match out {
        Some(out) => out.reserve().await.is_ok(),
        None => false,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
