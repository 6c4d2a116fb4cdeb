# Alerts on what Google measures itself, also where no Prometheus is. They have the names of those in
# deploy/prometheus/alerts.yaml that they stand for, and the same section of the runbook. Google's figures come one to
# four minutes late, and so do they.

locals {
  of_instance = "resource.labels.instance = \"${google_bigtable_instance.payments.name}\""
  sources = {
    sink     = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"payments-sink\""
    letters  = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"payments-dead-letter\""
    topic    = "resource.type = \"pubsub_topic\" AND resource.labels.topic_id = \"payments\""
    clusters = "resource.type = \"bigtable_cluster\" AND ${local.of_instance}"
    tables = join(" AND ", [
      "resource.type = \"bigtable_table\"", local.of_instance, "resource.labels.table = starts_with(\"payments_by_\")",
    ])
  }
  figures = {
    backlog        = ["sink", "pubsub.googleapis.com/subscription/num_undelivered_messages"]
    oldest         = ["sink", "pubsub.googleapis.com/subscription/oldest_unacked_message_age"]
    acked          = ["sink", "pubsub.googleapis.com/subscription/ack_message_count"]
    expired        = ["sink", "pubsub.googleapis.com/subscription/expired_ack_deadlines_count"]
    forwarded      = ["sink", "pubsub.googleapis.com/subscription/dead_letter_message_count"]
    letters        = ["letters", "pubsub.googleapis.com/subscription/num_undelivered_messages"]
    oldest_letter  = ["letters", "pubsub.googleapis.com/subscription/oldest_unacked_message_age"]
    published      = ["topic", "pubsub.googleapis.com/topic/send_message_operation_count"]
    table_latency  = ["tables", "bigtable.googleapis.com/server/latencies"]
    rows           = ["tables", "bigtable.googleapis.com/server/modified_rows_count"]
    cpu            = ["clusters", "bigtable.googleapis.com/cluster/cpu_load"]
    cpu_of_hottest = ["clusters", "bigtable.googleapis.com/cluster/cpu_load_hottest_node"]
    nodes          = ["clusters", "bigtable.googleapis.com/cluster/node_count"]
  }
  filters = { for name, it in local.figures : name => "${local.sources[it[0]]} AND metric.type = \"${it[1]}\"" }

  # combiner: AND where only all conditions together mean it. A condition holds for so long (duration) of values made of
  # so much time (period).
  alerts = {
    PaymentsNoProgress = {
      severity = "CRITICAL"
      combiner = "AND"
      what     = "Messages wait, and for ten minutes none was acked."
      conditions = {
        "messages wait" = { figure = "backlog", than = "GT", threshold = 0, aligner = "ALIGN_MIN" }
        "none is acked" = {
          figure    = "acked"
          than      = "LT"
          threshold = 0.001
          aligner   = "ALIGN_RATE"
          # No acks at all have no values.
          missing = "EVALUATION_MISSING_DATA_ACTIVE"
        }
      }
      duration = "300s"
      period   = "300s"
    }
    PaymentsBacklogOld = {
      severity = "WARNING"
      combiner = "OR"
      what     = "The oldest message that is not acked was published more than ten minutes ago."
      conditions = {
        "older than ten minutes" = { figure = "oldest", than = "GT", threshold = 600, aligner = "ALIGN_MAX" }
      }
      duration = "60s"
      period   = "60s"
    }
    PaymentsDeadLetters = {
      severity = "WARNING"
      combiner = "OR"
      what     = "Dead letters wait; they are kept for seven days. `payments dead-letter list` shows them."
      conditions = {
        "ten letters or more" = { figure = "letters", than = "GT", threshold = 9, aligner = "ALIGN_MAX" }
        "a letter for three days" = { figure = "oldest_letter", than = "GT", threshold = 259200,
        aligner = "ALIGN_MAX" }
        "forwarded by Pub/Sub itself" = { figure = "forwarded", than = "GT", threshold = 0, aligner = "ALIGN_DELTA" }
      }
      duration = "60s"
      period   = "60s"
    }
    PaymentsLeasesExpired = {
      severity = "WARNING"
      combiner = "OR"
      what     = "More than ten messages in five minutes lost their lease before they were settled, and come again."
      conditions = {
        "more than ten" = { figure = "expired", than = "GT", threshold = 10, aligner = "ALIGN_DELTA" }
      }
      duration = "0s"
      period   = "300s"
    }
    PaymentsTableSlow = {
      severity = "WARNING"
      combiner = "OR"
      what     = "One call in a hundred to a table takes longer than two seconds."
      conditions = {
        "p99 above two seconds" = {
          figure    = "table_latency"
          than      = "GT"
          threshold = 2000
          aligner   = "ALIGN_PERCENTILE_99"
          by        = "resource.label.table"
        }
      }
      duration = "120s"
      period   = "300s"
    }
  }

  # Title, metrics with their aligners, and what lines are told apart by.
  charts = [
    { title = "Messages that wait", lines = { backlog = "ALIGN_MAX" } },
    { title = "Age of the oldest message (s)", lines = { oldest = "ALIGN_MAX" } },
    { title = "Published and acked (1/s)", lines = { published = "ALIGN_RATE", acked = "ALIGN_RATE" } },
    { title = "Dead letters that wait", lines = { letters = "ALIGN_MAX" } },
    { title = "Leases expired (1/s)", lines = { expired = "ALIGN_RATE" } },
    { title = "Rows written (1/s)", lines = { rows = "ALIGN_RATE" }, by = "resource.label.table" },
    {
      title = "p99 of a call by table (ms)"
      lines = { table_latency = "ALIGN_PERCENTILE_99" }
      by    = "resource.label.table"
    },
    {
      title = "Bigtable's processors, all and the hottest node"
      lines = { cpu = "ALIGN_MAX", cpu_of_hottest = "ALIGN_MAX" }
      by    = "resource.label.cluster"
    },
    { title = "Bigtable's nodes", lines = { nodes = "ALIGN_MAX" }, by = "resource.label.cluster" },
  ]
}

resource "google_monitoring_alert_policy" "this" {
  for_each              = local.alerts
  display_name          = each.key
  severity              = each.value.severity
  combiner              = each.value.combiner
  notification_channels = var.notification_channels
  user_labels           = local.labels

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.what} What to do: ${var.runbook}#${lower(each.key)}"
    dynamic "links" {
      for_each = startswith(var.runbook, "https://") ? ["${var.runbook}#${lower(each.key)}"] : []
      content {
        display_name = "Runbook"
        url          = links.value
      }
    }
  }

  dynamic "conditions" {
    for_each = each.value.conditions
    content {
      display_name = conditions.key
      condition_threshold {
        filter                  = local.filters[conditions.value.figure]
        comparison              = "COMPARISON_${conditions.value.than}"
        threshold_value         = conditions.value.threshold
        duration                = each.value.duration
        evaluation_missing_data = lookup(conditions.value, "missing", null)
        aggregations {
          alignment_period   = each.value.period
          per_series_aligner = conditions.value.aligner
          cross_series_reducer = (
            contains(["ALIGN_RATE", "ALIGN_DELTA"], conditions.value.aligner) ? "REDUCE_SUM" : "REDUCE_MAX"
          )
          group_by_fields = can(conditions.value.by) ? [conditions.value.by] : []
        }
      }
    }
  }
  depends_on = [google_project_service.this]
}

resource "google_monitoring_dashboard" "payments" {
  dashboard_json = jsonencode({
    displayName = "Payments"
    labels      = { payments = "" }
    mosaicLayout = {
      columns = 48
      tiles = [for number, chart in local.charts : {
        xPos   = 16 * (number % 3)
        yPos   = 16 * floor(number / 3)
        width  = 16
        height = 16
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [for metric, aligner in chart.lines : {
              plotType       = "LINE"
              legendTemplate = can(chart.by) ? "${metric} $${${replace(chart.by, "label.", "labels.")}}" : metric
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = local.filters[metric]
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = aligner
                    crossSeriesReducer = aligner == "ALIGN_RATE" ? "REDUCE_SUM" : "REDUCE_MAX"
                    groupByFields      = can(chart.by) ? [chart.by] : []
                  }
                }
              }
            }]
          }
        }
      }]
    }
  })
  depends_on = [google_project_service.this]
}
