# Tables as `payments setup` makes them; tests/bigtable.tftest.hcl compares with the source.

locals {
  tables = toset(["payments_by_customer", "payments_by_date", "payments_by_transaction"])

  # Days that a family's cells are kept.
  families = {
    payment_header  = 180
    amount_info     = 180
    party_info      = 180
    processing_info = 90
    type_specific   = 30
    metadata        = 30
  }

  clusters      = length(var.clusters) > 0 ? var.clusters : { payments-c1 = "${var.region}-b" }
  first_cluster = keys(local.clusters)[0]
  protection    = var.deletion_protection ? "PROTECTED" : "UNPROTECTED"
}

resource "google_bigtable_instance" "payments" {
  name                = "payments"
  deletion_protection = var.deletion_protection
  dynamic "cluster" {
    for_each = local.clusters
    content {
      cluster_id   = cluster.key
      zone         = cluster.value
      storage_type = "SSD"
      autoscaling_config {
        min_nodes  = var.nodes.min
        max_nodes  = var.nodes.max
        cpu_target = 60
      }
    }
  }
  depends_on = [google_project_service.this]
}

# Loads: whoever else uses the cluster goes first, and Bigtable may slow the load down, for which it wants a single
# cluster.
resource "google_bigtable_app_profile" "batch" {
  instance       = google_bigtable_instance.payments.name
  app_profile_id = "batch"
  description    = "loads"
  # Without it a profile that has been used can be neither changed nor deleted.
  ignore_warnings = true
  single_cluster_routing {
    cluster_id                 = local.first_cluster
    allow_transactional_writes = false
  }
  standard_isolation {
    priority = "PRIORITY_LOW"
  }
}

# Payments of now: first in the queue, and by another cluster where one is away. Rows are idempotent, so that any may
# take them.
resource "google_bigtable_app_profile" "trickle" {
  instance                      = google_bigtable_instance.payments.name
  app_profile_id                = "trickle"
  description                   = "payments of now"
  ignore_warnings               = true
  multi_cluster_routing_use_any = length(local.clusters) > 1 ? true : null
  dynamic "single_cluster_routing" {
    for_each = length(local.clusters) > 1 ? [] : [local.first_cluster]
    content {
      cluster_id                 = single_cluster_routing.value
      allow_transactional_writes = false
    }
  }
  standard_isolation {
    priority = "PRIORITY_HIGH"
  }
}

resource "google_bigtable_table" "payments" {
  for_each            = local.tables
  name                = each.key
  instance_name       = google_bigtable_instance.payments.name
  deletion_protection = local.protection
  split_keys          = lookup(var.split_keys, each.key, null)
  dynamic "column_family" {
    for_each = local.families
    content {
      family = column_family.key
    }
  }
  lifecycle {
    prevent_destroy = true
    # Only a new table is split; of one that is there a change would replace it.
    ignore_changes = [split_keys]
  }
}

# A cell may go when it is too old, or when a newer one has replaced it.
resource "google_bigtable_gc_policy" "payments" {
  for_each = merge([for table in local.tables : {
    for family, days in local.families : "${table} ${family}" => { table = table, family = family, days = days }
  }]...)
  instance_name = google_bigtable_instance.payments.name
  table         = google_bigtable_table.payments[each.value.table].name
  column_family = each.value.family
  # A family without its policy would keep everything, and one that is replicated cannot lose it.
  deletion_policy = "ABANDON"
  mode            = "UNION"
  max_age {
    duration = "${each.value.days * 24}h"
  }
  max_version {
    number = 1
  }
}

# What `payments setup --row-key-suffix` records. Made here, empty, because a sink reads it at its start, and whose
# grants are on single tables is denied, not told that there is none.
resource "google_bigtable_table" "settings" {
  name                = "payments_settings"
  instance_name       = google_bigtable_instance.payments.name
  deletion_protection = local.protection
  column_family {
    family = "setting"
  }
  lifecycle {
    prevent_destroy = true
  }
}
