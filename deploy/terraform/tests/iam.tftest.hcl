# All grants there are, and no others. `check` refuses a grant whose resource this file does not name.

mock_provider "google" {
  override_during = plan
  override_data {
    target = data.google_project.this
    values = { number = "123456" }
  }
  override_resource {
    target = google_service_account.this["sink"]
    values = { member = "serviceAccount:sink", name = "accounts/sink" }
  }
  override_resource {
    target = google_service_account.this["producer"]
    values = { member = "serviceAccount:producer", name = "accounts/producer" }
  }
  override_resource {
    target = google_service_account.this["setup"]
    values = { member = "serviceAccount:setup", name = "accounts/setup" }
  }
  override_resource {
    target = google_service_account.this["operator"]
    values = { member = "serviceAccount:operator", name = "accounts/operator" }
  }
  override_resource {
    target = google_service_account.this["autoscaler"]
    values = { member = "serviceAccount:autoscaler", name = "accounts/autoscaler" }
  }
  override_resource {
    target = google_pubsub_topic.payments
    values = { id = "topics/payments" }
  }
  override_resource {
    target = google_pubsub_topic.dead_letters
    values = { id = "topics/dead-letters" }
  }
  override_resource {
    target = google_pubsub_subscription.sink
    values = { id = "subscriptions/sink" }
  }
}

variables {
  project = "a-project"
}

run "without_cloud_run_and_kubernetes" {
  command = plan

  assert {
    condition = (
      toset([for account in google_service_account.this : account.account_id])
      == toset(["payments-sink", "payments-producer", "payments-setup", "payments-operator"])
    )
    error_message = "Not the accounts that there should be."
  }
  assert {
    condition = toset([for grant in google_pubsub_topic_iam_member.this :
      "${grant.topic} ${grant.role} ${grant.member}"]) == toset([
      "topics/payments roles/pubsub.publisher serviceAccount:producer",
      "topics/payments roles/pubsub.viewer serviceAccount:producer",
      "topics/dead-letters roles/pubsub.publisher serviceAccount:sink",
      "topics/dead-letters roles/pubsub.viewer serviceAccount:sink",
      "topics/dead-letters roles/pubsub.publisher serviceAccount:service-123456@gcp-sa-pubsub.iam.gserviceaccount.com",
    ])
    error_message = "Not the grants on topics that there should be."
  }
  assert {
    condition = toset([for grant in google_pubsub_subscription_iam_member.this :
      "${grant.subscription} ${grant.role} ${grant.member}"]) == toset([
      "subscriptions/sink roles/pubsub.subscriber serviceAccount:sink",
      "subscriptions/sink roles/pubsub.viewer serviceAccount:sink",
      "subscriptions/sink roles/pubsub.subscriber serviceAccount:service-123456@gcp-sa-pubsub.iam.gserviceaccount.com",
    ])
    error_message = "Not the grants on subscriptions that there should be."
  }
  assert {
    condition = toset([for grant in google_bigtable_table_iam_member.this :
      "${grant.instance_name}/${grant.table} ${grant.role} ${grant.member}"]) == toset([
      "payments/payments_by_customer roles/bigtable.user serviceAccount:sink",
      "payments/payments_by_date roles/bigtable.user serviceAccount:sink",
      "payments/payments_by_transaction roles/bigtable.user serviceAccount:sink",
      "payments/payments_settings roles/bigtable.reader serviceAccount:sink",
      "payments/payments_by_customer roles/bigtable.user serviceAccount:operator",
      "payments/payments_by_date roles/bigtable.user serviceAccount:operator",
      "payments/payments_by_transaction roles/bigtable.user serviceAccount:operator",
      "payments/payments_settings roles/bigtable.reader serviceAccount:operator",
    ])
    error_message = "Not the grants on tables that there should be."
  }
  assert {
    condition = toset([
      for grant in google_bigtable_instance_iam_member.this : "${grant.instance} ${grant.role} ${grant.member}"
      ]) == toset([
      "payments roles/bigtable.admin serviceAccount:setup",
      "payments roles/bigtable.viewer serviceAccount:operator",
    ])
    error_message = "Not the grants on the instance that there should be."
  }
  assert {
    condition = toset([for grant in google_project_iam_member.this :
      "${grant.project} ${grant.role} ${grant.member}"]) == toset([
      "a-project roles/pubsub.editor serviceAccount:setup",
      "a-project roles/pubsub.editor serviceAccount:operator",
    ])
    error_message = "Not the grants on the project that there should be."
  }
  assert {
    condition = (
      length(google_service_account_iam_member.this) == 0
      && length(google_cloud_run_v2_worker_pool_iam_member.autoscaler) == 0
    )
    error_message = "Nobody is to act as an account unasked."
  }
}

run "kubernetes_and_people" {
  command = plan
  variables {
    kubernetes    = true
    impersonators = { setup = ["user:a@example.com"], operator = ["group:b@example.com"] }
  }
  assert {
    condition = toset([for grant in google_service_account_iam_member.this :
      "${grant.service_account_id} ${grant.role} ${grant.member}"]) == toset([
      "accounts/sink roles/iam.workloadIdentityUser serviceAccount:a-project.svc.id.goog[payments/sink]",
      "accounts/producer roles/iam.workloadIdentityUser serviceAccount:a-project.svc.id.goog[payments/producer]",
      "accounts/setup roles/iam.serviceAccountTokenCreator user:a@example.com",
      "accounts/operator roles/iam.serviceAccountTokenCreator group:b@example.com",
    ])
    error_message = "Not those who should act as the accounts."
  }
}

run "external_autoscaler" {
  command = plan
  variables {
    image   = "europe-west1-docker.pkg.dev/a-project/payments/payments:1"
    scaling = "external"
  }
  assert {
    condition = toset([for grant in google_project_iam_member.this : "${grant.role} ${grant.member}" if grant.member
      == "serviceAccount:autoscaler"]) == toset([
      "roles/monitoring.viewer serviceAccount:autoscaler",
      "roles/parametermanager.parameterViewer serviceAccount:autoscaler",
    ])
    error_message = "Not the grants of the autoscaler on the project that there should be."
  }
  assert {
    condition = (
      [for grant in google_service_account_iam_member.this :
      "${grant.service_account_id} ${grant.role} ${grant.member}"]
      == ["accounts/sink roles/iam.serviceAccountUser serviceAccount:autoscaler"]
    )
    error_message = "The autoscaler acts as the sinks' account, and nobody else does."
  }
  assert {
    condition = (
      [for grant in google_cloud_run_v2_worker_pool_iam_member.autoscaler :
      "${grant.name} ${grant.role} ${grant.member}"]
      == ["payments-sink roles/run.developer serviceAccount:autoscaler"]
    )
    error_message = "The autoscaler scales the worker pool, and nothing else."
  }
  assert {
    condition     = length(google_project_iam_member.this) == 4
    error_message = "The autoscaler's grants come to the others, and change none."
  }
}

run "sinks_that_ask_for_the_backlog" {
  command = plan
  variables {
    monitor_backlog = true
  }
  assert {
    condition = toset([for grant in google_project_iam_member.this : "${grant.role} ${grant.member}"]) == toset([
      "roles/pubsub.editor serviceAccount:setup",
      "roles/pubsub.editor serviceAccount:operator",
      "roles/monitoring.viewer serviceAccount:sink",
    ])
    error_message = "Sinks see the project's metrics when they are to ask for them, and get nothing else."
  }
}
