# Google's autoscaler for external metrics (CREMA), for scaling = "external". It asks for the backlog, and sets the
# worker pool's number of instances: https://github.com/GoogleCloudPlatform/cloud-run-external-metrics-autoscaling

locals {
  # Two minutes of one sink's work at 60,000 payments a second a CPU. With less a backlog that is only late to be seen
  # gets too many sinks. A sink's own load would be the better metric (docs/SCALING.md), but a worker pool is scraped by
  # nobody, so that it takes a collector; and CPU is no metric that this autoscaler has.
  backlog_per_sink = 120 * 60000 * local.sink_cpus

  autoscaler = {
    apiVersion = "crema/v1"
    kind       = "CremaConfig"
    spec = {
      # Of the autoscaler itself; Pub/Sub measures once a minute.
      pollingInterval = 30
      triggerAuthentications = [{
        metadata = { name = "account" }
        spec     = { podIdentity = { provider = "gcp" } }
      }]
      scaledObjects = [{
        spec = {
          scaleTargetRef  = { name = "projects/${var.project}/locations/${var.region}/workerpools/payments-sink" }
          minReplicaCount = var.sinks.min
          maxReplicaCount = var.sinks.max
          triggers = [{
            type = "gcp-pubsub"
            name = "backlog"
            metadata = {
              subscriptionName = "projects/${var.project}/subscriptions/${google_pubsub_subscription.sink.name}"
              mode             = "SubscriptionSize"
              value            = tostring(local.backlog_per_sink)
            }
            authenticationRef = { name = "account" }
          }]
          advanced = {
            horizontalPodAutoscalerConfig = {
              behavior = {
                # Shorter than the default of 300 s: sinks without work cost, and one that goes gives back what it
                # holds.
                scaleDown = {
                  stabilizationWindowSeconds = 120
                  policies                   = [{ type = "Percent", value = 100, periodSeconds = 15 }]
                }
              }
            }
          }
        }
      }]
    }
  }
}

resource "google_parameter_manager_parameter" "autoscaler" {
  count        = local.is_external ? 1 : 0
  parameter_id = "payments-autoscaler"
  format       = "YAML"
  depends_on   = [google_project_service.this]
}

resource "google_parameter_manager_parameter_version" "autoscaler" {
  count     = local.is_external ? 1 : 0
  parameter = google_parameter_manager_parameter.autoscaler[0].id
  # A version cannot change, so that another text is another version.
  parameter_version_id = substr(sha256(yamlencode(local.autoscaler)), 0, 12)
  parameter_data       = yamlencode(local.autoscaler)
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_cloud_run_v2_service" "autoscaler" {
  count               = local.is_external ? 1 : 0
  name                = "payments-autoscaler"
  location            = var.region
  deletion_protection = false
  # It polls by itself; nobody calls it.
  ingress = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = 1
  }
  template {
    service_account = google_service_account.this["autoscaler"].email
    containers {
      image = "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler:1.2"
      # The image has no Java of its own.
      base_image_uri = "us-central1-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25"
      resources {
        # A processor between requests too, of which there are none.
        cpu_idle = false
        limits = {
          cpu    = "1"
          memory = "1Gi"
        }
      }
      env {
        name  = "CREMA_CONFIG"
        value = google_parameter_manager_parameter_version.autoscaler[0].name
      }
    }
  }
  lifecycle {
    ignore_changes = [client, client_version]
  }
  depends_on = [google_project_iam_member.this, google_cloud_run_v2_worker_pool_iam_member.autoscaler]
}

resource "google_cloud_run_v2_worker_pool_iam_member" "autoscaler" {
  count    = local.is_external ? 1 : 0
  name     = google_cloud_run_v2_worker_pool.sink[0].name
  location = var.region
  role     = "roles/run.developer"
  member   = local.members["autoscaler"]
}
