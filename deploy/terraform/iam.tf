# Who may do what. Grants are members of a role on one resource; project-wide are only those that nothing smaller can
# have. Each is listed in tests/iam.tftest.hcl as well, so that none comes or goes unseen.

locals {
  accounts = merge(
    {
      sink     = "writes payments to the tables"
      producer = "publishes payments"
      setup    = "payments setup, and payments cleanup all"
      operator = "all other commands of payments"
    },
    local.is_external ? { autoscaler = "sets the number of sinks" } : {},
  )

  # Pub/Sub itself, which forwards what was delivered too often.
  agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  members = merge(
    { for name, account in google_service_account.this : name => account.member },
    { pubsub = local.agent },
  )

  topics         = { for it in [google_pubsub_topic.payments, google_pubsub_topic.dead_letters] : it.name => it.id }
  granted_tables = merge(google_bigtable_table.payments, { payments_settings = google_bigtable_table.settings })

  # Resource, role, who.
  topic_grants = [
    ["payments", "publisher", "producer"],
    # The producer asks at its start whether the topic is there, and whether a subscription keeps what it publishes.
    ["payments", "viewer", "producer"],
    ["payments-dead-letter", "publisher", "sink"],
    # The sink looks after each letter whether a subscription keeps it.
    ["payments-dead-letter", "viewer", "sink"],
    ["payments-dead-letter", "publisher", "pubsub"],
  ]
  subscription_grants = [
    ["payments-sink", "subscriber", "sink"],
    ["payments-sink", "viewer", "sink"],
    # It acks what it has forwarded.
    ["payments-sink", "subscriber", "pubsub"],
  ]
  table_grants = concat(
    [for table in local.tables : [table, "user", "sink"]],
    [for table in local.tables : [table, "user", "operator"]],
    [["payments_settings", "reader", "sink"], ["payments_settings", "reader", "operator"]],
  )
  instance_grants = [
    ["admin", "setup"],
    # heatmap --cloud lists clusters and their hot tablets.
    ["viewer", "operator"],
  ]
  project_grants = concat(
    [
      ["pubsub.editor", "setup"],
      # Snapshots, and the subscription of payments tap, are made in the project.
      ["pubsub.editor", "operator"],
    ],
    var.monitor_backlog ? [["monitoring.viewer", "sink"]] : [],
    local.is_external ? [["monitoring.viewer", "autoscaler"], ["parametermanager.parameterViewer", "autoscaler"]] : [],
  )
  account_grants = concat(
    var.kubernetes ? [for name in ["sink", "producer"] :
      [name, "workloadIdentityUser", "serviceAccount:${var.project}.svc.id.goog[payments/${name}]"]
    ] : [],
    [for member in var.impersonators.setup : ["setup", "serviceAccountTokenCreator", member]],
    [for member in var.impersonators.operator : ["operator", "serviceAccountTokenCreator", member]],
    # Setting the number of instances counts as deploying as their account.
    local.is_external ? [["sink", "serviceAccountUser", "autoscaler"]] : [],
  )
}

resource "google_service_account" "this" {
  for_each     = local.accounts
  account_id   = "payments-${each.key}"
  display_name = "Payments: ${each.key}"
  description  = each.value
  depends_on   = [google_project_service.this]
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = { for grant in local.topic_grants : join(" ", grant) => grant }
  topic    = local.topics[each.value[0]]
  role     = "roles/pubsub.${each.value[1]}"
  member   = local.members[each.value[2]]
}

resource "google_pubsub_subscription_iam_member" "this" {
  for_each     = { for grant in local.subscription_grants : join(" ", grant) => grant }
  subscription = { (google_pubsub_subscription.sink.name) = google_pubsub_subscription.sink.id }[each.value[0]]
  role         = "roles/pubsub.${each.value[1]}"
  member       = local.members[each.value[2]]
}

resource "google_bigtable_table_iam_member" "this" {
  for_each      = { for grant in local.table_grants : join(" ", grant) => grant }
  instance_name = google_bigtable_instance.payments.name
  table         = local.granted_tables[each.value[0]].name
  role          = "roles/bigtable.${each.value[1]}"
  member        = local.members[each.value[2]]
}

resource "google_bigtable_instance_iam_member" "this" {
  for_each = { for grant in local.instance_grants : join(" ", grant) => grant }
  instance = google_bigtable_instance.payments.name
  role     = "roles/bigtable.${each.value[0]}"
  member   = local.members[each.value[1]]
}

resource "google_project_iam_member" "this" {
  for_each = { for grant in local.project_grants : join(" ", grant) => grant }
  project  = var.project
  role     = "roles/${each.value[0]}"
  member   = local.members[each.value[1]]
}

resource "google_service_account_iam_member" "this" {
  for_each           = { for grant in local.account_grants : join(" ", grant) => grant }
  service_account_id = google_service_account.this[each.value[0]].name
  role               = "roles/iam.${each.value[1]}"
  member             = lookup(local.members, each.value[2], each.value[2])
}
