# What variables refuse: in each run all of these, each for its own reason.

mock_provider "google" {}

variables {
  project = "a-project"
}

run "first_mistakes" {
  command = plan
  variables {
    project       = "123456789012"
    region        = "europe-west1-b"
    environment   = "staging"
    clusters      = { payments-c1 = "europe-west1-b", payments-c2 = "europe-west1-b" }
    nodes         = { min = 1, max = 11 }
    split_keys    = { payments_by_date = ["2024-03-02", "2024-03-01"] }
    impersonators = { operator = ["a@example.com"] }
    image         = "europe-west1-docker.pkg.dev/a-project/payments/payments"
    scaling       = "memory"
    sinks         = { min = 0, max = 5 }
    app_profile   = "default"
    load          = { shards = 2, flags = ["--shard=0/2"] }
  }
  expect_failures = [
    var.project, var.region, var.environment, var.clusters, var.nodes, var.split_keys, var.impersonators, var.image,
    var.scaling, var.sinks, var.app_profile, var.load,
  ]
}

run "second_mistakes" {
  command = plan
  variables {
    environment         = "prod"
    deletion_protection = false
    nodes               = { min = 0, max = 0 }
    split_keys          = { payments_by_date = ["2024-03-01", "2024-03-01"] }
    image               = "europe-west1-docker.pkg.dev/a-project/payments/payments:latest"
    sinks               = { min = 5, max = 4 }
    load                = { shards = 2, flags = ["--num-records=5", "--checkpoint=a.json"] }
  }
  expect_failures = [var.deletion_protection, var.nodes, var.split_keys, var.image, var.sinks, var.load]
}

run "third_mistakes" {
  command = plan
  variables {
    split_keys = { payments_by_day = ["2024-03-01"] }
    sinks      = { min = 1, max = 101 }
    load       = { shards = 0, flags = [] }
  }
  expect_failures = [var.split_keys, var.sinks, var.load]
}

run "fourth_mistakes" {
  command = plan
  variables {
    split_keys = { payments_by_date = ["", "2024-03-01"] }
    load       = { shards = 2, flags = ["--corrupt-rate=0.1"] }
  }
  expect_failures = [var.split_keys, var.load]
}
