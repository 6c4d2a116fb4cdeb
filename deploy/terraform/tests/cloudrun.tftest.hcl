# Sinks and loads on Cloud Run.

mock_provider "google" {
  override_during = plan
  override_resource {
    target = google_service_account.this["sink"]
    values = { email = "sink@example.com", member = "serviceAccount:sink@example.com" }
  }
  override_resource {
    target = google_service_account.this["producer"]
    values = { email = "producer@example.com", member = "serviceAccount:producer@example.com" }
  }
  override_resource {
    target = google_service_account.this["autoscaler"]
    values = { email = "autoscaler@example.com", member = "serviceAccount:autoscaler@example.com" }
  }
  override_resource {
    target = google_parameter_manager_parameter_version.autoscaler[0]
    values = { name = "parameters/autoscaler/versions/1" }
  }
}

variables {
  project = "a-project"
  image   = "europe-west1-docker.pkg.dev/a-project/payments/payments:1"
}

run "without_an_image_nothing_runs" {
  command = plan
  variables {
    image   = null
    scaling = "external"
  }
  assert {
    condition = (
      length(google_cloud_run_v2_worker_pool.sink) + length(google_cloud_run_v2_job.producer)
      + length(google_cloud_run_v2_service.autoscaler) + length(google_parameter_manager_parameter.autoscaler) == 0
    )
    error_message = "Something is made that has no image."
  }
  assert {
    condition = (
      toset([for it in google_project_service.this : it.service])
      == toset([for it in ["artifactregistry", "bigtable", "bigtableadmin", "cloudresourcemanager", "iam",
      "iamcredentials", "monitoring", "pubsub"] : "${it}.googleapis.com"])
      && alltrue([for it in google_project_service.this : !it.disable_on_destroy])
    )
    error_message = "Not the services that are needed."
  }
  assert {
    condition = (
      google_artifact_registry_repository.payments.format == "DOCKER"
      && google_artifact_registry_repository.payments.docker_config[0].immutable_tags
    )
    error_message = "The first apply makes the repository for the image, whose tags stay."
  }
}

run "a_sink" {
  command = plan
  assert {
    condition = (
      google_cloud_run_v2_worker_pool.sink[0].template[0].service_account == "sink@example.com"
      && google_cloud_run_v2_worker_pool.sink[0].deletion_protection
      && google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].image == var.image
    )
    error_message = "The sinks have another account or image, or may be deleted."
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].command == tolist(["sink"])
    error_message = "The pool runs another program."
  }
  # Cloud Run kills 10 s after SIGTERM: the drain and the time for the last acks leave 3 s of that, because on a busy
  # machine an end took up to 4.5 s more than the drain.
  assert {
    condition = (
      1000 * tonumber(regex("--grace-period=(\\d+)s",
      join(" ", google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].args))[0])
      + tonumber(replace(regex("CLOSE_SPARE: Duration = Duration::from_millis\\(([0-9_]+)\\)",
      file("../../sink/src/run.rs"))[0], "_", "")) <= 7000
    )
    error_message = "The drain does not fit into the 10 s that Cloud Run gives."
  }
  assert {
    condition = (
      1024 * tonumber(trimsuffix(
        google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].resources[0].limits["memory"], "Gi"
      ))
      >= 150 + tonumber(regex(
        "--max-memory=(\\d+)MiB", join(" ", google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].args)
      )[0])
    )
    error_message = "The container's memory is less than the sink's budget and 150 MiB."
  }
  assert {
    condition = {
      for it in google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].env : it.name => it.value
      } == {
      BIGTABLE_APP_PROFILE       = "batch"
      BIGTABLE_INSTANCE          = "payments"
      GOOGLE_CLOUD_PROJECT       = "a-project"
      HTTP_ADDR                  = "0.0.0.0:9464"
      LOG_FORMAT                 = "json"
      PAYMENTS_DEAD_LETTER_TOPIC = "payments-dead-letter"
      PAYMENTS_SUBSCRIPTION      = "payments-sink"
    }
    error_message = "The sinks' settings are others."
  }
  # /readyz would have a sink killed because Bigtable is away.
  assert {
    condition = alltrue([
      for probe in [
        google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].liveness_probe,
        google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].startup_probe,
      ] : one(probe[*].http_get[0].path) == "/livez" && one(probe[*].http_get[0].port) == 9464
    ])
    error_message = "A probe asks elsewhere than the sink answers."
  }
}

run "a_sink_that_asks_for_the_backlog" {
  command = plan
  variables {
    monitor_backlog = true
  }
  assert {
    condition = (
      contains(google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].args, "--monitor-backlog")
      && strcontains(file("../../sink/src/options.rs"), "pub monitor_backlog:")
    )
    error_message = "The sinks do not ask for the backlog, or have no such flag."
  }
}

run "scaled_by_hand" {
  command = plan
  variables {
    sinks = { min = 3, max = 9 }
  }
  assert {
    condition = (
      [for it in google_cloud_run_v2_worker_pool.sink[0].scaling : [it.scaling_mode, it.manual_instance_count]]
      == [["MANUAL", 3]]
    )
    error_message = "The pool does not begin with the least sinks, or scales by itself."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.autoscaler) == 0
    error_message = "An autoscaler runs that nobody asked for."
  }
}

run "scaled_by_processor" {
  command = plan
  variables {
    scaling = "cpu"
    sinks   = { min = 3, max = 9 }
  }
  assert {
    condition = (
      [for it in google_cloud_run_v2_worker_pool.sink[0].scaling :
      [it.scaling_mode, it.min_instance_count, it.max_instance_count]] == [["AUTOMATIC", 3, 9]]
    )
    error_message = "The pool does not scale between the least and most sinks."
  }
}

run "scaled_by_backlog" {
  command = plan
  variables {
    scaling = "external"
    sinks   = { min = 3, max = 9 }
  }
  assert {
    condition     = google_cloud_run_v2_worker_pool.sink[0].scaling[0].scaling_mode == "MANUAL"
    error_message = "Two would set the number of sinks."
  }
  assert {
    condition = [
      for it in yamldecode(google_parameter_manager_parameter_version.autoscaler[0].parameter_data).spec.scaledObjects
      : [
        it.spec.scaleTargetRef.name, it.spec.minReplicaCount, it.spec.maxReplicaCount, it.spec.triggers[0].type,
        it.spec.triggers[0].metadata.subscriptionName,
        it.spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds]] == [[
        "projects/a-project/locations/europe-west1/workerpools/payments-sink", 3, 9, "gcp-pubsub",
        "projects/a-project/subscriptions/payments-sink", 120,
    ]]
    error_message = "The autoscaler scales something else, or by something else."
  }
  assert {
    # Two CPUs, 60,000 payments a second each, for two minutes.
    condition = [
      for it in yamldecode(google_parameter_manager_parameter_version.autoscaler[0].parameter_data).spec.scaledObjects
      : it.spec.triggers[0].metadata.value] == ["14400000"] && (
      google_cloud_run_v2_worker_pool.sink[0].template[0].containers[0].resources[0].limits.cpu == "2"
    )
    error_message = "A sink is not asked for by two minutes of its work."
  }
  assert {
    condition = (
      yamldecode(google_parameter_manager_parameter_version.autoscaler[0].parameter_data).spec.pollingInterval > 0
    )
    error_message = "The autoscaler would wait to be called."
  }
  assert {
    condition = [
      google_cloud_run_v2_service.autoscaler[0].template[0].service_account,
      google_cloud_run_v2_service.autoscaler[0].scaling[0].manual_instance_count,
      google_cloud_run_v2_service.autoscaler[0].template[0].containers[0].resources[0].cpu_idle,
      google_cloud_run_v2_service.autoscaler[0].ingress,
      one(google_cloud_run_v2_service.autoscaler[0].template[0].containers[0].env[*].value),
    ] == ["autoscaler@example.com", 1, false, "INGRESS_TRAFFIC_INTERNAL_ONLY", "parameters/autoscaler/versions/1"]
    error_message = "One autoscaler that always runs, by its own account and configuration."
  }
  assert {
    condition     = contains([for it in google_project_service.this : it.service], "parametermanager.googleapis.com")
    error_message = "The service that holds the configuration is not on."
  }
}

run "a_load" {
  command = plan
  variables {
    load = { shards = 7, flags = ["--num-records=500", "--seed=3"] }
  }
  # No shard by flag: each task finds its own.
  assert {
    condition = (
      google_cloud_run_v2_job.producer[0].template[0].task_count == 7
      && google_cloud_run_v2_job.producer[0].template[0].template[0].containers[0].args
      == tolist(["--num-records=500", "--seed=3"])
    )
    error_message = "Shards are not tasks, or the flags others."
  }
  assert {
    condition = (
      google_cloud_run_v2_job.producer[0].template[0].template[0].service_account == "producer@example.com"
      && google_cloud_run_v2_job.producer[0].template[0].template[0].containers[0].command == tolist(["producer"])
    )
    error_message = "The job runs another program, or by another account."
  }
  assert {
    condition = {
      for it in google_cloud_run_v2_job.producer[0].template[0].template[0].containers[0].env : it.name => it.value
    } == { GOOGLE_CLOUD_PROJECT = "a-project", LOG_FORMAT = "json", PAYMENTS_TOPIC = "payments" }
    error_message = "The producers' settings are others."
  }
  assert {
    condition = (
      google_cloud_run_v2_job.producer[0].template[0].task_count > 1
      && strcontains(file("../../producer/src/placement.rs"),
      "index: \"CLOUD_RUN_TASK_INDEX\", count: Some(\"CLOUD_RUN_TASK_COUNT\")")
    )
    error_message = "The producer no longer takes its shard from the task."
  }
}
