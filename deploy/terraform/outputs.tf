output "project" {
  description = "The project."
  value       = var.project
}

output "region" {
  description = "The region."
  value       = var.region
}

output "topic" {
  description = "Topic that producers publish to (--topic)."
  value       = google_pubsub_topic.payments.name
}

output "subscription" {
  description = "Subscription that sinks consume (--subscription)."
  value       = google_pubsub_subscription.sink.name
}

output "dead_letter_topic" {
  description = "Topic for messages that can never become rows, and its subscription's name (--dead-letter-topic)."
  value       = google_pubsub_topic.dead_letters.name
}

output "instance" {
  description = "Bigtable instance (--instance)."
  value       = google_bigtable_instance.payments.name
}

output "app_profiles" {
  description = "App profiles (--app-profile): batch for loads, trickle for payments of now."
  value       = [google_bigtable_app_profile.batch.app_profile_id, google_bigtable_app_profile.trickle.app_profile_id]
}

output "service_accounts" {
  description = "Accounts by what they are for: sink, producer, setup, operator, and autoscaler."
  value       = { for name, account in google_service_account.this : name => account.email }
}

output "repository" {
  description = "Where images are pushed to, without name and tag."
  value       = local.repository
}

output "worker_pool" {
  description = "Cloud Run's worker pool of sinks; null without an image."
  value       = one(google_cloud_run_v2_worker_pool.sink[*].name)
}

output "job" {
  description = "Cloud Run's job that runs a load; null without an image."
  value       = one(google_cloud_run_v2_job.producer[*].name)
}

output "next" {
  description = "What to do next, one command a line, in the repository's folder: terraform output -raw next"
  value       = join("\n", concat(local.is_run ? local.next_of_run : local.next_of_image, [""]))
}

locals {
  registry   = "${var.region}-docker.pkg.dev"
  repository = "${local.registry}/${var.project}/${google_artifact_registry_repository.payments.repository_id}"
  at         = "--project=${var.project} --region=${var.region}"
  tables_at  = "--project=${var.project} --instance=${google_bigtable_instance.payments.name}"

  next_of_image = [
    "payments setup ${local.tables_at} --topic-schema --dry-run",
    "gcloud auth configure-docker ${local.registry}",
    "podman build --file deploy/Containerfile --tag ${local.repository}/payments:first .",
    "podman push ${local.repository}/payments:first",
    join(" ", [
      "terraform -chdir=deploy/terraform apply -var-file=${var.environment}.tfvars",
      "-var=project=${var.project} -var=region=${var.region} -var=image=${local.repository}/payments:first",
    ]),
  ]
  next_of_run = concat(
    ["payments setup ${local.tables_at} --topic-schema --dry-run"],
    var.scaling == "manual" ? [
      "gcloud run worker-pools update payments-sink ${local.at} --instances=${var.sinks.min + 1}",
    ] : [],
    [
      "gcloud run jobs execute payments-producer ${local.at} --wait",
      "payments dead-letter list --project=${var.project}",
      "payments verify ${local.tables_at} ${join(" ", var.load.flags)}",
    ],
  )
}
