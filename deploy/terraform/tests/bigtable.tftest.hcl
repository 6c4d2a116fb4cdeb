# The tables are those that `payments setup` makes: names and days are read from the source.

mock_provider "google" {
  override_during = plan
}

variables {
  project = "a-project"
}

run "tables_and_families_are_those_of_the_layout" {
  command = plan
  assert {
    condition = (
      toset(keys(google_bigtable_table.payments))
      == toset(flatten(regexall("\"(payments_by_\\w+)\"", file("../../schemas/src/layout/table.rs"))))
      && alltrue([for id, table in google_bigtable_table.payments : table.name == id])
    )
    error_message = "Not the layout's tables."
  }
  assert {
    condition = alltrue([for table in google_bigtable_table.payments :
      toset([for family in table.column_family :
        family.family]) == toset(flatten(regexall("Self::[A-Z]\\w+ => \"([a-z]+_[a-z]+|metadata)\",",
      file("../../schemas/src/layout/table.rs"))))
    ])
    error_message = "Not the layout's families."
  }
  assert {
    condition = (
      google_bigtable_table.settings.name == regex("TABLE: &str = \"(.*)\"",
      file("../../schemas/src/layout/settings.rs"))[0]
      && one([for family in google_bigtable_table.settings.column_family : family.family])
      == regex("FAMILY: &str = \"(.*)\"", file("../../schemas/src/layout/settings.rs"))[0]
    )
    error_message = "Not the table of settings that setup would make."
  }
  assert {
    condition = (
      google_bigtable_instance.payments.name == regex("default_value = \"(.*)\", value_name = \"INSTANCE\"",
      file("../../gcp/src/bigtable/connect.rs"))[0]
    )
    error_message = "Not the instance that the programs take by default."
  }
}

run "old_and_superseded_cells_may_go" {
  command = plan
  # Days in the layout: the arms with numbers, by the families before them.
  assert {
    condition = { for key, policy in google_bigtable_gc_policy.payments : key => policy.max_age[0].duration } == merge([
      for table in ["payments_by_customer", "payments_by_date", "payments_by_transaction"] : merge([
        for arm in regexall("((?:Self::\\w+ \\| )*Self::\\w+) => (\\d+),", file("../../schemas/src/layout/table.rs"))
        : {
          for family in flatten(regexall("Self::(\\w+)", arm[0])) : join(" ", [
            table, regex("Self::${family} => \"(\\w+)\"", file("../../schemas/src/layout/table.rs"))[0]
          ]) => "${24 * tonumber(arm[1])}h"
        }
      ]...)
    ]...)
    error_message = "A family is kept for longer or shorter than the layout says."
  }
  assert {
    condition = (
      length(google_bigtable_gc_policy.payments) == 18
      && alltrue([for policy in google_bigtable_gc_policy.payments : policy.mode == "UNION"
      && one(policy.max_version[*].number) == 1 && policy.gc_rules == null])
    )
    error_message = "A cell goes when it is too old or has a successor, in each family of each table."
  }
  assert {
    condition = (
      alltrue([for key, policy in google_bigtable_gc_policy.payments : key
      == "${policy.table} ${policy.column_family}" && policy.deletion_policy == "ABANDON"])
    )
    error_message = "A policy is of another family, or would go from one that stays."
  }
}

run "nothing_is_deleted_by_mistake" {
  command = plan
  assert {
    condition = (
      google_bigtable_instance.payments.deletion_protection
      && alltrue([for table in concat(values(google_bigtable_table.payments), [google_bigtable_table.settings]) :
      table.deletion_protection == "PROTECTED"])
    )
    error_message = "The instance or a table may be deleted."
  }
}

run "what_is_for_trying_out_may_be_deleted" {
  command = plan
  variables {
    deletion_protection = false
  }
  assert {
    condition = (
      !google_bigtable_instance.payments.deletion_protection
      && alltrue([for table in concat(values(google_bigtable_table.payments), [google_bigtable_table.settings]) :
      table.deletion_protection == "UNPROTECTED"])
    )
    error_message = "The instance or a table is protected."
  }
}

run "one_cluster" {
  command = plan
  variables {
    nodes = { min = 2, max = 9 }
  }
  assert {
    condition = (
      [for cluster in google_bigtable_instance.payments.cluster :
      "${cluster.cluster_id} ${cluster.zone} ${cluster.storage_type}"] == ["payments-c1 europe-west1-b SSD"]
    )
    error_message = "Not the one cluster."
  }
  assert {
    condition = (
      [for it in google_bigtable_instance.payments.cluster[0].autoscaling_config :
      "${it.min_nodes} ${it.max_nodes} ${it.cpu_target}"] == ["2 9 60"]
    )
    error_message = "The cluster does not scale as it was told."
  }
  assert {
    condition = (
      alltrue([for profile in [google_bigtable_app_profile.batch, google_bigtable_app_profile.trickle] :
        one(profile.single_cluster_routing[*].cluster_id) == "payments-c1"
        && !profile.single_cluster_routing[0].allow_transactional_writes && profile.multi_cluster_routing_use_any
      == null])
    )
    error_message = "With one cluster both profiles are for it."
  }
  assert {
    condition = (
      google_bigtable_app_profile.batch.app_profile_id == "batch"
      && google_bigtable_app_profile.trickle.app_profile_id == "trickle"
      && google_bigtable_app_profile.batch.standard_isolation[0].priority == "PRIORITY_LOW"
      && google_bigtable_app_profile.trickle.standard_isolation[0].priority == "PRIORITY_HIGH"
    )
    error_message = "Loads come after payments of now."
  }
}

run "two_clusters" {
  command = plan
  variables {
    clusters = { payments-c1 = "europe-west1-b", payments-c2 = "europe-west4-a" }
  }
  assert {
    condition = (
      length(google_bigtable_instance.payments.cluster) == 2
      && alltrue([for cluster in google_bigtable_instance.payments.cluster : length(cluster.autoscaling_config)
      == 1])
    )
    error_message = "Not two clusters that scale."
  }
  assert {
    condition = (
      one(google_bigtable_app_profile.batch.single_cluster_routing[*].cluster_id) == "payments-c1"
      && google_bigtable_app_profile.batch.multi_cluster_routing_use_any == null
    )
    error_message = "A load needs a single cluster for its flow control."
  }
  assert {
    condition = (
      google_bigtable_app_profile.trickle.multi_cluster_routing_use_any
      && length(google_bigtable_app_profile.trickle.single_cluster_routing) == 0
    )
    error_message = "A trickle goes on in another cluster."
  }
}

run "tables_are_split" {
  command = plan
  variables {
    split_keys = { payments_by_customer = ["CUST1", "CUST2"], payments_by_transaction = ["8"] }
  }
  assert {
    condition = (
      { for id, table in google_bigtable_table.payments : id => table.split_keys if table.split_keys != null }
      == { payments_by_customer = tolist(["CUST1", "CUST2"]), payments_by_transaction = tolist(["8"]) }
    )
    error_message = "The split keys are not at their tables."
  }
}
