//! The names of the pipeline's resources.

pub const TOPIC: &str = "payments";
pub const SUBSCRIPTION: &str = "payments-sink";
pub const DEAD_LETTER_TOPIC: &str = "payments-dead-letter";

#[derive(Clone, Debug, clap::Args)]
pub struct Names {
    /// Topic that producers publish to.
    #[arg(long, env = "PAYMENTS_TOPIC", default_value = TOPIC, value_name = "TOPIC")]
    pub topic: String,
    /// Subscription that sinks consume.
    #[arg(long, env = "PAYMENTS_SUBSCRIPTION", default_value = SUBSCRIPTION, value_name = "SUBSCRIPTION")]
    pub subscription: String,
    /// Topic, and subscription of the same name, for messages that can never become rows.
    #[arg(
        long,
        env = "PAYMENTS_DEAD_LETTER_TOPIC",
        default_value = DEAD_LETTER_TOPIC,
        value_name = "TOPIC"
    )]
    pub dead_letter_topic: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            topic: TOPIC.to_owned(),
            subscription: SUBSCRIPTION.to_owned(),
            dead_letter_topic: DEAD_LETTER_TOPIC.to_owned(),
        }
    }
}

/// The dead letters' subscription has the id of their topic.
pub fn dead_letter_subscription(topic: &str) -> String {
    topic.rsplit('/').next().unwrap_or(topic).to_owned()
}
