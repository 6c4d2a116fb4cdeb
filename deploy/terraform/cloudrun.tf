# The pipeline on Cloud Run: sinks as a worker pool, a load as a job. Nothing of it is there while var.image is not
# given.

locals {
  # Cloud Run kills a container 10 s after SIGTERM. The sink's drain takes at most this long, its last acks 1.5 s
  # more, and a busy machine its time. What is not acked by then comes again after its lease, so that a kill costs
  # time and no payment.
  grace_seconds = 5
  http_port     = 9464

  sink_cpus       = 2
  sink_memory_mib = 512

  env = {
    GOOGLE_CLOUD_PROJECT = var.project
    LOG_FORMAT           = "json"
  }
  sink_env = merge(local.env, {
    BIGTABLE_INSTANCE          = google_bigtable_instance.payments.name
    BIGTABLE_APP_PROFILE       = var.app_profile
    PAYMENTS_SUBSCRIPTION      = google_pubsub_subscription.sink.name
    PAYMENTS_DEAD_LETTER_TOPIC = google_pubsub_topic.dead_letters.name
    # Probes come from outside of the container.
    HTTP_ADDR = "0.0.0.0:${local.http_port}"
  })
  producer_env = merge(local.env, { PAYMENTS_TOPIC = google_pubsub_topic.payments.name })
}

resource "google_cloud_run_v2_worker_pool" "sink" {
  count               = local.is_run ? 1 : 0
  name                = "payments-sink"
  location            = var.region
  deletion_protection = var.deletion_protection

  scaling {
    scaling_mode          = var.scaling == "cpu" ? "AUTOMATIC" : "MANUAL"
    manual_instance_count = var.scaling == "cpu" ? null : var.sinks.min
    min_instance_count    = var.scaling == "cpu" ? var.sinks.min : null
    max_instance_count    = var.scaling == "cpu" ? var.sinks.max : null
  }

  template {
    service_account = google_service_account.this["sink"].email
    containers {
      image   = var.image
      command = ["sink"]
      args = concat(
        ["--max-memory=${local.sink_memory_mib}MiB", "--grace-period=${local.grace_seconds}s"],
        var.monitor_backlog ? ["--monitor-backlog"] : [],
      )
      resources {
        limits = {
          cpu = tostring(local.sink_cpus)
          # The sink takes at most 150 MiB beside its budget.
          memory = "1Gi"
        }
      }
      dynamic "env" {
        for_each = local.sink_env
        content {
          name  = env.key
          value = env.value
        }
      }
      # Both ask whether the process lives, not whether it is ready: one that waits for Bigtable is not to be killed.
      startup_probe {
        period_seconds    = 2
        failure_threshold = 30
        http_get {
          path = "/livez"
          port = local.http_port
        }
      }
      liveness_probe {
        period_seconds    = 20
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/livez"
          port = local.http_port
        }
      }
    }
  }

  lifecycle {
    # The number is set by somebody, or by the autoscaler; the client is the last one that did so.
    ignore_changes = [scaling[0].manual_instance_count, client, client_version]
  }

  # A sink that may not read ends with exit code 2.
  depends_on = [
    google_pubsub_subscription.dead_letters,
    google_bigtable_app_profile.batch,
    google_bigtable_app_profile.trickle,
    google_pubsub_topic_iam_member.this,
    google_pubsub_subscription_iam_member.this,
    google_bigtable_table_iam_member.this,
  ]
}

# Each task is a shard: the producer finds its own in CLOUD_RUN_TASK_INDEX and CLOUD_RUN_TASK_COUNT. A task that is
# tried again begins its shard anew, and publishes the same payments again, which are the same rows.
resource "google_cloud_run_v2_job" "producer" {
  count               = local.is_run ? 1 : 0
  name                = "payments-producer"
  location            = var.region
  deletion_protection = var.deletion_protection

  template {
    task_count = var.load.shards
    # All at once; more than the region's quota wait for their turn.
    parallelism = 0
    template {
      service_account = google_service_account.this["producer"].email
      max_retries     = 3
      timeout         = "86400s"
      containers {
        image   = var.image
        command = ["producer"]
        args    = var.load.flags
        resources {
          limits = {
            cpu    = "1"
            memory = "512Mi"
          }
        }
        dynamic "env" {
          for_each = local.producer_env
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [client, client_version]
  }

  depends_on = [google_pubsub_topic_iam_member.this, google_pubsub_subscription.sink]
}
