# Everything on Google Cloud that the pipeline needs besides the programs themselves; README.md has the way through
# it. One project holds one pipeline: names are those that the programs take when they are told none.

terraform {
  # Tests give computed attributes their values while planning (override_during).
  required_version = ">= 1.11"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
    }
  }
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = local.labels
}

data "google_project" "this" {
  project_id = var.project
}

locals {
  labels = {
    app         = "payments"
    environment = var.environment
  }

  # Without an image there is nothing to run: the first apply makes the repository that the image is pushed to.
  is_run      = var.image != null
  is_external = local.is_run && var.scaling == "external"

  apis = concat(
    [
      "artifactregistry", "bigtable", "bigtableadmin", "cloudresourcemanager", "iam", "iamcredentials", "monitoring",
      "pubsub",
    ],
    local.is_run ? ["run"] : [],
    local.is_external ? ["parametermanager"] : [],
  )
}

resource "google_project_service" "this" {
  for_each = toset(local.apis)
  service  = "${each.key}.googleapis.com"
  # Others may use it by then.
  disable_on_destroy = false
}

resource "google_artifact_registry_repository" "payments" {
  repository_id = "payments"
  location      = var.region
  format        = "DOCKER"
  docker_config {
    # A tag that ran yesterday is the same image today.
    immutable_tags = true
  }
  depends_on = [google_project_service.this]
}
