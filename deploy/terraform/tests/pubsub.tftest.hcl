# Pub/Sub's side is what `payments setup` makes: its constants are read from its source.

mock_provider "google" {
  override_during = plan
  override_resource {
    target = google_pubsub_topic.payments
    values = { id = "topics/payments" }
  }
  override_resource {
    target = google_pubsub_topic.dead_letters
    values = { id = "topics/dead-letters" }
  }
  override_resource {
    target = google_pubsub_schema.payments
    values = { id = "schemas/payments" }
  }
}

variables {
  project = "a-project"
}

run "the_topic_takes_payments_alone" {
  command = plan
  assert {
    condition = (
      google_pubsub_schema.payments.definition == file("../../schemas/proto/payment.proto")
      && google_pubsub_schema.payments.type == "PROTOCOL_BUFFER"
    )
    error_message = "The schema is not the repository's message."
  }
  assert {
    condition = [
      for it in google_pubsub_topic.payments.schema_settings : "${it.schema} ${it.encoding}"
    ] == ["schemas/payments BINARY"]
    error_message = "The topic has another schema, or another encoding."
  }
  assert {
    condition     = length(google_pubsub_topic.dead_letters.schema_settings) == 0
    error_message = "A letter is no payment: with a schema none would be taken."
  }
}

run "names_are_those_that_the_programs_take" {
  command = plan
  assert {
    condition = {
      TOPIC             = google_pubsub_topic.payments.name
      SUBSCRIPTION      = google_pubsub_subscription.sink.name
      DEAD_LETTER_TOPIC = google_pubsub_topic.dead_letters.name
      } == { for found in regexall("pub const (\\w+): &str = \"(.*)\";",
    file("../../payments/src/names.rs")) : found[0] => found[1] }
    error_message = "A name differs from the programs' default."
  }
  assert {
    condition     = google_pubsub_subscription.dead_letters.name == google_pubsub_topic.dead_letters.name
    error_message = "The letters' subscription has the name of their topic."
  }
  assert {
    condition = (
      regex("default_missing_value = \"(.*)\"\\)\\]\\s+pub topic_schema",
      file("../../payments/src/setup/options.rs"))[0] == google_pubsub_schema.payments.name
    )
    error_message = "The schema's id differs from that of payments setup --topic-schema."
  }
}

run "subscriptions_are_those_of_setup" {
  command = plan
  assert {
    condition = (
      google_pubsub_subscription.sink.topic == "topics/payments" && google_pubsub_subscription.dead_letters.topic
      == "topics/dead-letters"
    )
    error_message = "A subscription is of another topic."
  }
  assert {
    condition = (
      alltrue([for it in [google_pubsub_subscription.sink, google_pubsub_subscription.dead_letters] :
        it.ack_deadline_seconds == tonumber(regex("ACK_DEADLINE_SECS: i32 = (\\d+);",
      file("../../payments/src/setup/pubsub.rs"))[0])])
    )
    error_message = "The ack deadline is not that of setup."
  }
  assert {
    condition = (
      alltrue([for it in [google_pubsub_subscription.sink, google_pubsub_subscription.dead_letters] :
      it.message_retention_duration == "604800s"])
      && strcontains(file("../../payments/src/setup/pubsub.rs"),
      "RETENTION: Duration = Duration { seconds: 7 * 24 * 3_600,")
    )
    error_message = "Messages are kept for seven days."
  }
  assert {
    condition = (
      google_pubsub_subscription.sink.retain_acked_messages
      && google_pubsub_subscription.dead_letters.retain_acked_messages != true
    )
    error_message = "Acked messages are kept for a replay; handled letters are not."
  }
  assert {
    condition = (
      alltrue([for it in [google_pubsub_subscription.sink, google_pubsub_subscription.dead_letters] :
      one(it.expiration_policy[*].ttl) == ""])
    )
    error_message = "A subscription would be deleted after 31 days without use."
  }
  assert {
    condition = [
      for it in google_pubsub_subscription.sink.dead_letter_policy
      : [it.dead_letter_topic, tostring(it.max_delivery_attempts)]
      ] == [["topics/dead-letters",
        regex("MAX_DELIVERY_ATTEMPTS: i32 = (\\d+);", file("../../payments/src/setup/pubsub.rs"))[0],
    ]]
    error_message = "The dead-letter policy is not that of setup."
  }
  assert {
    condition = [
      for it in google_pubsub_subscription.sink.retry_policy : [it.minimum_backoff, it.maximum_backoff]
      ] == [[
        for bound in ["MIN_BACKOFF", "MAX_BACKOFF"] : join("", concat(
          regex("${bound}: Duration = Duration \\{ seconds: (\\d+),", file("../../payments/src/setup/pubsub.rs")), ["s"]
        ))
    ]]
    error_message = "The pause between deliveries is not that of setup."
  }
  assert {
    condition = (
      google_pubsub_subscription.sink.enable_message_ordering != true
      && google_pubsub_subscription.sink.enable_exactly_once_delivery != true
      && google_pubsub_subscription.sink.filter == null && length(google_pubsub_subscription.sink.push_config) == 0
    )
    error_message = "setup makes no order, no exactly-once delivery, no filter and no push."
  }
}
