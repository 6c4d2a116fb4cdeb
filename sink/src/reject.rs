//! Why a message can never become rows.

/// The reason that goes along with a message to the dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    #[error("the attribute schema names {0:?}, not payments.v1.Payment")]
    OtherSchema(String),
    #[error("not a payments.v1.Payment: {0}")]
    Undecodable(String),
    #[error("invalid payment: {0}")]
    Invalid(#[from] schemas::Invalid),
    #[error("the message has no publish time")]
    NoPublishTime,
    #[error(
        "another payment came with the row key {0:?}; `payments setup --row-key-suffix transaction_id` is for such topics"
    )]
    KeyCollision(String),
    #[error("table {table} refused the row: {code:?}: {message}")]
    RefusedByTable { table: &'static str, code: tonic::Code, message: String },
}

impl Reject {
    pub const REASONS: [&'static str; 6] =
        ["other_schema", "undecodable", "invalid", "no_publish_time", "key_collision", "refused_by_table"];

    /// A stable word for the dead letter's attribute `reason`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherSchema(_) => "other_schema",
            Self::Undecodable(_) => "undecodable",
            Self::Invalid(_) => "invalid",
            Self::NoPublishTime => "no_publish_time",
            Self::KeyCollision(_) => "key_collision",
            Self::RefusedByTable { .. } => "refused_by_table",
        }
    }
}
