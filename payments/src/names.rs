//! The names of the pipeline's resources.

#[derive(Clone, Debug, clap::Args)]
pub struct Names {
    /// Topic that producers publish to.
    #[arg(long, env = "PAYMENTS_TOPIC", default_value = "payments", value_name = "TOPIC")]
    pub topic: String,
    /// Subscription that sinks consume.
    #[arg(long, env = "PAYMENTS_SUBSCRIPTION", default_value = "payments-sink", value_name = "SUBSCRIPTION")]
    pub subscription: String,
    /// Topic, and subscription of the same name, for messages that can never become rows.
    #[arg(
        long,
        env = "PAYMENTS_DEAD_LETTER_TOPIC",
        default_value = "payments-dead-letter",
        value_name = "TOPIC"
    )]
    pub dead_letter_topic: String,
}

/// The dead letters' subscription has the id of their topic.
pub fn dead_letter_subscription(topic: &str) -> String {
    topic.rsplit('/').next().unwrap_or(topic).to_owned()
}
