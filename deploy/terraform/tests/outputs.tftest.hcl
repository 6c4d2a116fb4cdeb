# Holds for any settings: `check` runs it with those of dev and prod as well. The commands are tried by `check` where
# the programs are built.

mock_provider "google" {
  override_during = plan
}

variables {
  project = "a-project"
  region  = "europe-west1"
}

run "before_an_image" {
  command = plan
  variables {
    image = null
  }
  assert {
    condition = (
      [output.project, output.region, output.topic, output.subscription, output.dead_letter_topic, output.instance,
        output.repository] == ["a-project", "europe-west1", "payments", "payments-sink", "payments-dead-letter",
      "payments", "europe-west1-docker.pkg.dev/a-project/payments"]
    )
    error_message = "An output says something else."
  }
  assert {
    condition = (
      output.app_profiles == ["batch", "trickle"] && toset(keys(output.service_accounts))
      == toset(["sink", "producer", "setup", "operator"]) && output.worker_pool == null && output.job == null
    )
    error_message = "An output says something else."
  }
  assert {
    condition = (
      [for line in compact(split("\n", output.next)) : split(" ", line)[0]]
      == ["payments", "gcloud", "podman", "podman", "terraform"]
      && strcontains(output.next, " -var-file=${var.environment}.tfvars ")
      && fileexists("${var.environment}.tfvars") && fileexists("../Containerfile")
    )
    error_message = "What to do next is to build an image, and to apply again with it."
  }
}

run "with_an_image" {
  command = plan
  variables {
    image = "europe-west1-docker.pkg.dev/a-project/payments/payments:1"
  }
  assert {
    condition     = output.worker_pool == "payments-sink" && output.job == "payments-producer"
    error_message = "An output says something else."
  }
  assert {
    condition = (
      strcontains(output.next, "gcloud run jobs execute ${output.job} --project=a-project --region=europe-west1 ")
      && strcontains(output.next,
      "gcloud run worker-pools update ${output.worker_pool} --project=a-project --region=europe-west1 --instances=")
      && strcontains(output.next,
      "payments verify --project=a-project --instance=payments ${join(" ", var.load.flags)}\n")
    )
    error_message = "What to do next is to run a load, and to verify it by its flags."
  }
}
