//! The target of a replay, and whether it brings anything back. Pure.

use crate::moment::{self, Moment, SECOND_MICROS, parse_moment};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use prost_types::Duration;
use proto::seek_request::Target as SeekTarget;
use service::Error;

/// The service's retention where a subscription says nothing: seven days.
const DEFAULT_RETENTION_MICROS: i64 = 7 * 24 * 3_600 * SECOND_MICROS;
/// A seek to the beginning goes this much further back: clocks differ, and retention does not end on the second.
const BEFORE_BEGINNING_MICROS: i64 = 3_600 * SECOND_MICROS;

/// Where to go back to.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "target", required = true, multiple = false)]
pub struct Target {
    /// Deliver again what was published from this moment on, UTC: 2024-03-14T09:26, 2024-03-14T09:26:53.589793Z.
    #[arg(long, value_parser = parse_moment, value_name = "TIME")]
    pub to: Option<Moment>,
    /// Deliver again what was unacked at this snapshot, and everything published after it.
    #[arg(long, value_name = "NAME")]
    pub snapshot: Option<String>,
    /// Deliver again everything that is retained.
    #[arg(long)]
    pub begin: bool,
}

/// A seek that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub struct Seek {
    pub target: SeekTarget,
    /// Whether messages published before the target may count as acked although nobody has acked them.
    pub may_skip: bool,
}

/// How far back acked messages are kept, in microseconds; `None` if they are not kept.
pub fn reach_micros(subscription: &proto::Subscription) -> Option<i64> {
    let micros = |duration: &Duration| {
        duration.seconds.saturating_mul(SECOND_MICROS) + i64::from(duration.nanos / 1_000)
    };
    let own = subscription.message_retention_duration.as_ref().map_or(DEFAULT_RETENTION_MICROS, micros);
    let own = subscription.retain_acked_messages.then_some(own);
    own.max(subscription.topic_message_retention_duration.as_ref().map(micros))
}

impl Target {
    /// The seek of this subscription, or why it would bring nothing back. `snapshot` is a full name.
    pub fn seek(
        &self,
        subscription: &proto::Subscription,
        snapshot: Option<String>,
        now_micros: i64,
    ) -> Result<Seek, Error> {
        if let Some(name) = snapshot {
            return Ok(Seek { target: SeekTarget::Snapshot(name), may_skip: true });
        }
        let reach = reach_micros(subscription).ok_or_else(|| nothing_retained(&subscription.name))?;
        let Some(moment) = self.to else {
            let beginning = now_micros - reach - BEFORE_BEGINNING_MICROS;
            return Ok(Seek { target: SeekTarget::Time(moment::timestamp_of(beginning)), may_skip: false });
        };
        let refuse =
            |problem: String| Error::Flag { flag: "--to", value: moment::text_of(moment.micros()), problem };
        if moment.micros() >= now_micros {
            return Err(refuse(
                "lies in the future: a seek there would drop messages, not replay them".into(),
            ));
        }
        if moment.micros() < now_micros - reach {
            let reach = moment::span_of(reach);
            return Err(refuse(format!(
                "is before what is retained (the last {reach}): pass a later time, or --begin for all there is"
            )));
        }
        Ok(Seek { target: SeekTarget::Time(moment::timestamp_of(moment.micros())), may_skip: true })
    }
}

fn nothing_retained(name: &str) -> Error {
    Error::Config(format!(
        "subscription {name} keeps no acked messages, so that a seek back brings none of them: `gcloud pubsub \
         subscriptions update {name} --retain-acked-messages --message-retention-duration=7d` has it keep them from \
         then on; for those that are gone run the producer again with the same flags"
    ))
}

impl Seek {
    /// The target for people.
    pub fn describe(&self) -> String {
        match &self.target {
            SeekTarget::Time(time) => moment::text_of(moment::micros_of(time)),
            SeekTarget::Snapshot(name) => format!("snapshot {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000 * SECOND_MICROS;
    const DAY: i64 = 86_400;

    fn subscription(retain: bool, topic_days: Option<i64>) -> proto::Subscription {
        let days = |days: i64| Duration { seconds: days * DAY, nanos: 0 };
        proto::Subscription {
            retain_acked_messages: retain,
            message_retention_duration: Some(days(2)),
            topic_message_retention_duration: topic_days.map(days),
            ..Default::default()
        }
    }

    fn to(micros: i64) -> Target {
        Target { to: Some(parse_moment(&moment::text_of(micros)).unwrap()), ..Default::default() }
    }

    #[test]
    fn the_longer_of_both_retentions_counts_and_without_any_a_seek_is_refused() {
        assert_eq!(reach_micros(&subscription(true, None)), Some(2 * DAY * SECOND_MICROS));
        assert_eq!(reach_micros(&subscription(true, Some(5))), Some(5 * DAY * SECOND_MICROS));
        assert_eq!(reach_micros(&subscription(false, Some(1))), Some(DAY * SECOND_MICROS));
        assert_eq!(reach_micros(&subscription(false, None)), None);
        let begin = Target { begin: true, ..Default::default() };
        let refused = begin.seek(&subscription(false, None), None, NOW).unwrap_err().to_string();
        assert!(refused.contains("--retain-acked-messages"), "{refused}");
    }

    #[test]
    fn a_moment_outside_what_is_retained_is_refused() {
        let kept = subscription(true, None);
        assert!(to(NOW - DAY * SECOND_MICROS).seek(&kept, None, NOW).unwrap().may_skip);
        for wrong in [NOW, NOW + 1, NOW - 3 * DAY * SECOND_MICROS] {
            let refused = to(wrong).seek(&kept, None, NOW).unwrap_err().to_string();
            assert!(refused.starts_with("--to"), "{refused}");
        }
    }

    #[test]
    fn the_beginning_lies_before_everything_retained_and_skips_nothing() {
        let begin = Target { begin: true, ..Default::default() };
        let seek = begin.seek(&subscription(true, None), None, NOW).unwrap();
        assert!(!seek.may_skip);
        let SeekTarget::Time(time) = seek.target else { panic!("a time") };
        assert!(moment::micros_of(&time) < NOW - 2 * DAY * SECOND_MICROS);
    }
}
