# As `payments setup --topic-schema` makes them, which finds nothing to add. tests/pubsub.tftest.hcl compares with its
# source.

locals {
  # Tables are reloaded from the subscription.
  retention = "${7 * 24 * 3600}s"
}

resource "google_pubsub_schema" "payments" {
  name       = "payments"
  type       = "PROTOCOL_BUFFER"
  definition = file("${path.module}/../../schemas/proto/payment.proto")
  depends_on = [google_project_service.this]
}

resource "google_pubsub_topic" "payments" {
  name = "payments"
  schema_settings {
    schema   = google_pubsub_schema.payments.id
    encoding = "BINARY"
  }
}

# Without a schema: what was no payment must fit in.
resource "google_pubsub_topic" "dead_letters" {
  name       = "payments-dead-letter"
  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "sink" {
  name                       = "payments-sink"
  topic                      = google_pubsub_topic.payments.id
  ack_deadline_seconds       = 60
  retain_acked_messages      = true
  message_retention_duration = local.retention
  # Without it Pub/Sub deletes a subscription after 31 days without use.
  expiration_policy {
    ttl = ""
  }
  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }
  # The last resort after the sink's own dead letters, so as late as Pub/Sub allows.
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = 100
  }
}

resource "google_pubsub_subscription" "dead_letters" {
  name                       = "payments-dead-letter"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 60
  message_retention_duration = local.retention
  expiration_policy {
    ttl = ""
  }
}
