//! Limits and refusals that several kinds of requests share.

use prost_types::{Duration, FieldMask};
use std::ops::RangeInclusive;
use tonic::Status;

/// Bounds of an ack deadline; the lower one is the default.
pub const ACK_DEADLINE_SECS: RangeInclusive<i32> = 10..=600;
/// Ten minutes to 31 days, for topics and subscriptions.
const RETENTION_SECS: RangeInclusive<i64> = 600..=31 * 24 * 3600;
/// The service's default for a subscription.
pub const DEFAULT_RETENTION_SECS: i64 = 7 * 24 * 3600;

/// Refuses a feature that this server would otherwise have to ignore.
pub fn unsupported(feature: &str) -> Status {
    Status::invalid_argument(format!("the embedded Pub/Sub server does not support {feature}"))
}

/// The paths of an update mask, which must not be empty.
pub fn paths(mask: Option<FieldMask>) -> Result<Vec<String>, Status> {
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        return Err(Status::invalid_argument("update_mask must name at least one field"));
    }
    Ok(paths)
}

/// Refuses a path of an update mask.
pub fn immutable(kind: &str, path: &str) -> Status {
    Status::invalid_argument(format!(
        "invalid update_mask: {path:?} of a {kind} does not exist or cannot be changed"
    ))
}

pub fn check_retention(duration: Option<&Duration>) -> Result<(), Status> {
    match duration {
        Some(duration) if !RETENTION_SECS.contains(&duration.seconds) => {
            Err(Status::invalid_argument(format!(
                "message_retention_duration is {} s; 10 minutes to 31 days are allowed",
                duration.seconds
            )))
        }
        _ => Ok(()),
    }
}

/// For subscriptions and streams alike.
pub fn check_ack_deadline(seconds: i32) -> Result<(), Status> {
    if ACK_DEADLINE_SECS.contains(&seconds) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("the ack deadline is {seconds} s; 10 to 600 s are allowed")))
}

/// The deadline that a modification asks for; 0 gives the message back.
pub fn check_new_deadline(seconds: i32) -> Result<u64, Status> {
    let valid = u64::try_from(seconds).ok().filter(|_| seconds <= *ACK_DEADLINE_SECS.end());
    valid.ok_or_else(|| {
        Status::invalid_argument(format!("the ack deadline is {seconds} s; 0 to 600 s are allowed"))
    })
}
