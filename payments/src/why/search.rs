//! The letters about a payment.

use super::expected::version;
use super::options::Args;
use crate::letters::{Letter, Mailbox};
use crate::names::dead_letter_subscription;
use gcp::pubsub::Pubsub;
use service::Error;
use std::time::Duration;
use tokio::time::Instant;

/// How long without a letter counts as the end.
const AT_GOOGLE: Duration = Duration::from_secs(5);
const ON_EMULATORS: Duration = Duration::from_secs(1);
/// Letters about the payment that are kept; a redelivery or a replay may make any number of them.
const MOST_KEPT: usize = 20;

/// What was found, and how far the search went.
#[derive(Clone, Debug)]
pub struct Search {
    /// About the payment, the first published first.
    pub letters: Vec<Found>,
    pub looked_at: usize,
    pub end: End,
}

/// A letter about the payment.
#[derive(Clone, Debug)]
pub struct Found {
    pub message_id: String,
    pub reason: String,
    pub cause: String,
    pub published_micros: i64,
    /// Unknown where the data cannot be read.
    pub version: Option<u32>,
    /// Its producer has spoilt it on purpose.
    pub is_spoilt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// No more letters came.
    All,
    Limit,
    Time,
    /// It was not asked for.
    NotLooked,
}

/// The payment in question.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub id: &'a str,
    pub run_id: &'a str,
    pub index: u64,
}

impl Wanted<'_> {
    fn judge(&self, letter: &Letter) -> Option<Found> {
        let header = letter.payment().and_then(|payment| Some((version(&payment), payment.payment_header?)));
        let is_spoilt = letter.fault_index(self.run_id) == Some(self.index);
        let is_own = header.as_ref().is_some_and(|(_, header)| header.payment_id == self.id);
        (is_own || is_spoilt).then(|| Found {
            message_id: letter.id().to_owned(),
            reason: letter.reason().to_owned(),
            cause: letter.cause().to_owned(),
            published_micros: letter.published_micros(),
            version: header.map(|(version, _)| version),
            is_spoilt,
        })
    }
}

/// Looks through the letters, as far as the flags allow, and gives all of them back.
pub async fn search(args: &Args, wanted: Wanted<'_>) -> Result<Search, Error> {
    let mut found = Search { letters: Vec::new(), looked_at: 0, end: End::NotLooked };
    if args.no_letters {
        return Ok(found);
    }
    let pubsub = Pubsub::connect(&args.pubsub, &args.reading.project).await?;
    let subscription = dead_letter_subscription(&args.dead_letter_topic);
    let idle = if pubsub.is_emulator() { ON_EMULATORS } else { AT_GOOGLE };
    let mut mailbox = Mailbox::open(&pubsub, &subscription, idle).await?;
    let looked = look(&mut mailbox, idle, args, wanted, &mut found).await;
    // Whatever happened, so that nobody has to wait for the leases to end.
    let given_back = mailbox.give_back().await;
    looked?;
    given_back?;
    found.letters.sort_by_key(|letter| letter.published_micros);
    Ok(found)
}

async fn look(
    mailbox: &mut Mailbox<'_>,
    idle: Duration,
    args: &Args,
    wanted: Wanted<'_>,
    found: &mut Search,
) -> Result<(), Error> {
    let started = Instant::now();
    loop {
        let left = args.time.saturating_sub(started.elapsed());
        let letters = mailbox.next_within(left.min(idle)).await?;
        let is_end = letters.is_empty();
        found.looked_at += letters.len();
        let own = letters.iter().filter_map(|letter| wanted.judge(letter));
        let room = MOST_KEPT - found.letters.len();
        found.letters.extend(own.take(room));
        found.end = match () {
            // Only a whole wait without letters says that there are none.
            () if is_end && left >= idle => End::All,
            () if is_end || left.is_zero() => End::Time,
            () if args.limit > 0 && found.looked_at >= args.limit => End::Limit,
            () => continue,
        };
        return Ok(());
    }
}
