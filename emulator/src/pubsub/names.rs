//! Resource names: `projects/P/topics/T` and its siblings.

use tonic::Status;

/// The name that subscriptions show for their topic once it is deleted.
pub const DELETED_TOPIC: &str = "_deleted-topic_";

/// Checks `projects/P/<collection>/ID`; the id's rules are the service's: 3-255 characters, starts with a letter, not
/// with `goog`, letters, digits and `-._~+%` only.
pub fn check(name: &str, collection: &str) -> Result<(), Status> {
    let mut parts = name.split('/');
    let project = parts.next() == Some("projects") && parts.next().is_some_and(is_project);
    let kind = parts.next() == Some(collection);
    let id = parts.next().is_some_and(is_id);
    if project && kind && id && parts.next().is_none() {
        return Ok(());
    }
    Err(Status::invalid_argument(format!(
        "Invalid [{collection}] name: (name={name}); expected projects/PROJECT/{collection}/ID, ID of 3 to 255 \
         letters, digits or -._~+%, starting with a letter and not with goog"
    )))
}

/// Checks `projects/P`.
pub fn check_project(name: &str) -> Result<(), Status> {
    match name.strip_prefix("projects/") {
        Some(project) if is_project(project) => Ok(()),
        _ => Err(Status::invalid_argument(format!(
            "Invalid project name: (name={name}); expected projects/PROJECT"
        ))),
    }
}

/// The project of a checked name.
pub fn project(name: &str) -> &str {
    name.split('/').nth(1).unwrap_or_default()
}

/// The last part of a checked name.
pub fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// The service's words for a resource that is not there.
pub fn not_found(name: &str) -> Status {
    Status::not_found(format!("Resource not found (resource={}).", id(name)))
}

/// The service's words for a resource that is there already.
pub fn already_exists(name: &str) -> Status {
    Status::already_exists(format!("Resource already exists in the project (resource={}).", id(name)))
}

/// The service's words for a subscription that was cut off its topic.
pub fn detached(name: &str) -> Status {
    Status::failed_precondition(format!("Subscription is detached (resource={}).", id(name)))
}

fn is_project(project: &str) -> bool {
    !project.is_empty()
        && project.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'_'))
}

fn is_id(id: &str) -> bool {
    (3..=255).contains(&id.len())
        && id.as_bytes()[0].is_ascii_alphabetic()
        && !id.starts_with("goog")
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'%'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_services_pattern() {
        for good in ["projects/p/topics/abc", "projects/my-proj.1/topics/a-b_c~d+e%f.g"] {
            assert!(check(good, "topics").is_ok(), "{good}");
        }
        let long = format!("projects/p/topics/a{}", "b".repeat(255));
        for bad in [
            "",
            "abc",
            "projects/p/topics/ab",
            "projects/p/topics/1bc",
            "projects/p/topics/google",
            "projects/p/topics/a b",
            "projects/p/topics/abc/d",
            "projects//topics/abc",
            "projects/p/subscriptions/abc",
            &long,
        ] {
            assert_eq!(check(bad, "topics").unwrap_err().code(), tonic::Code::InvalidArgument, "{bad}");
        }
    }

    #[test]
    fn parts_of_a_name() {
        assert_eq!((project("projects/p/topics/abc"), id("projects/p/topics/abc")), ("p", "abc"));
        assert!(check_project("projects/p").is_ok() && check_project("p").is_err());
    }
}
