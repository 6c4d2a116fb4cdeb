# Alerts have the names of those of Prometheus, and a section of the runbook each.

mock_provider "google" {
  override_during = plan
}

variables {
  project = "a-project"
}

run "alerts" {
  command = plan
  assert {
    condition = (
      toset([for it in google_monitoring_alert_policy.this : it.display_name])
      == toset(["PaymentsNoProgress", "PaymentsBacklogOld", "PaymentsDeadLetters", "PaymentsLeasesExpired",
      "PaymentsTableSlow"])
    )
    error_message = "Not the alerts that there should be."
  }
  assert {
    condition = (
      alltrue([for it in google_monitoring_alert_policy.this :
      contains(flatten(regexall("- alert: (\\w+)", file("../prometheus/alerts.yaml"))), it.display_name)])
    )
    error_message = "An alert has a name that Prometheus' alerts do not have."
  }
  assert {
    condition = (
      alltrue([for it in google_monitoring_alert_policy.this :
        endswith(it.documentation[0].content, "docs/RUNBOOK.md#${lower(it.display_name)}")
      && strcontains(file("../../docs/RUNBOOK.md"), "\n## ${it.display_name}\n")])
    )
    error_message = "An alert has no section in the runbook."
  }
  assert {
    condition = (
      alltrue([for it in google_monitoring_alert_policy.this : it.severity
        == upper(regex("- alert: ${it.display_name}\\n(?:.*\\n)*?\\s+severity: (\\w+)",
      file("../prometheus/alerts.yaml"))[0])])
    )
    error_message = "An alert is of another severity than Prometheus' alert."
  }
  assert {
    condition     = alltrue([for it in google_monitoring_alert_policy.this : length(it.documentation[0].links) == 0])
    error_message = "A path is no link."
  }
  assert {
    condition = [
      for it in [google_monitoring_alert_policy.this["PaymentsNoProgress"]]
      : join(" ", concat([it.combiner], [
        for at in it.conditions[*].condition_threshold[0] : coalesce(at.evaluation_missing_data, "-")
      ]))
    ] == ["AND - EVALUATION_MISSING_DATA_ACTIVE"]
    error_message = "No progress is a backlog without acks, also where there never were any."
  }
  assert {
    condition = {
      for name, it in google_monitoring_alert_policy.this : name => [
        for at in it.conditions[*].condition_threshold[0]
        : join(" ", [regex("[a-z]+\\.googleapis\\.com/[a-z_/]+", at.filter), at.comparison, at.threshold_value])
      ]
      } == {
      PaymentsNoProgress = [
        "pubsub.googleapis.com/subscription/num_undelivered_messages COMPARISON_GT 0",
        "pubsub.googleapis.com/subscription/ack_message_count COMPARISON_LT 0.001",
      ]
      PaymentsBacklogOld = ["pubsub.googleapis.com/subscription/oldest_unacked_message_age COMPARISON_GT 600"]
      PaymentsDeadLetters = [
        "pubsub.googleapis.com/subscription/oldest_unacked_message_age COMPARISON_GT 259200",
        "pubsub.googleapis.com/subscription/dead_letter_message_count COMPARISON_GT 0",
        "pubsub.googleapis.com/subscription/num_undelivered_messages COMPARISON_GT 9",
      ]
      PaymentsLeasesExpired = ["pubsub.googleapis.com/subscription/expired_ack_deadlines_count COMPARISON_GT 10"]
      PaymentsTableSlow     = ["bigtable.googleapis.com/server/latencies COMPARISON_GT 2000"]
    }
    error_message = "An alert looks at another figure, or from another limit on."
  }
  assert {
    condition = alltrue([for name, it in google_monitoring_alert_policy.this : alltrue([for condition in it.conditions :
      strcontains(condition.condition_threshold[0].filter, name == "PaymentsTableSlow"
      ? "resource.labels.instance = \"payments\"" : "resource.labels.subscription_id = \"")
    ])])
    error_message = "An alert looks at what is not the pipeline's."
  }
}

run "an_address_is_a_link" {
  command = plan
  variables {
    runbook               = "https://example.com/RUNBOOK.md"
    notification_channels = ["projects/a-project/notificationChannels/1"]
  }
  assert {
    condition = (
      one(google_monitoring_alert_policy.this["PaymentsBacklogOld"].documentation[0].links[*].url)
      == "https://example.com/RUNBOOK.md#paymentsbacklogold"
    )
    error_message = "The link is another."
  }
  assert {
    condition = (
      alltrue([for it in google_monitoring_alert_policy.this : it.notification_channels
      == tolist(["projects/a-project/notificationChannels/1"])])
    )
    error_message = "An alert tells nobody."
  }
}

run "dashboard" {
  command = plan
  assert {
    condition = toset(flatten([
      for tile in jsondecode(google_monitoring_dashboard.payments.dashboard_json).mosaicLayout.tiles : [
        for set in tile.widget.xyChart.dataSets
        : regex("type = \"[a-z]+\\.googleapis\\.com/([a-z_/]+)\"", set.timeSeriesQuery.timeSeriesFilter.filter)[0]
      ]
      ])) == toset([
      "subscription/num_undelivered_messages", "subscription/oldest_unacked_message_age",
      "topic/send_message_operation_count",
      "subscription/ack_message_count", "subscription/expired_ack_deadlines_count", "server/modified_rows_count",
      "server/latencies",
      "cluster/cpu_load", "cluster/cpu_load_hottest_node", "cluster/node_count",
    ])
    error_message = "The dashboard shows other figures."
  }
  assert {
    condition = alltrue([
      for number, tile in jsondecode(google_monitoring_dashboard.payments.dashboard_json).mosaicLayout.tiles
      : tile.xPos == 16 * (number % 3) && tile.yPos == 16 * floor(number / 3) && tile.width == 16 && tile.height == 16
    ])
    error_message = "Charts lie upon each other, or beside the board."
  }
  assert {
    condition = contains(flatten([
      for tile in jsondecode(google_monitoring_dashboard.payments.dashboard_json).mosaicLayout.tiles
      : tile.widget.xyChart.dataSets[*].legendTemplate
    ]), "rows $${resource.labels.table}")
    error_message = "A table's line does not say which table."
  }
}
