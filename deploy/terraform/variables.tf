variable "project" {
  description = "Project that holds the pipeline, by id."
  type        = string
  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.project))
    error_message = "Not a project id: 6 to 30 lower-case letters, digits and hyphens, first a letter."
  }
}

variable "region" {
  description = <<-END
    Region of everything that has one: repository, Cloud Run, and Bigtable where clusters does not say otherwise.
  END
  type        = string
  default     = "europe-west1"
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Not a region, as europe-west1 is one."
  }
}

variable "environment" {
  description = "dev or prod: a label on everything."
  type        = string
  default     = "dev"
  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "Either dev or prod."
  }
}

variable "deletion_protection" {
  description = "Whether Google refuses to delete the instance, the tables and their families, worker pool and job."
  type        = bool
  default     = true
  validation {
    condition     = var.deletion_protection || var.environment != "prod"
    error_message = "What is called prod stays protected."
  }
}

variable "clusters" {
  description = <<-END
    Bigtable's clusters by id, each with its zone; empty is one in zone b of the region. Loads go to the first by
    id.
  END
  type        = map(string)
  default     = {}
  validation {
    condition     = length(distinct(values(var.clusters))) == length(var.clusters)
    error_message = "Two clusters of an instance cannot share a zone."
  }
}

variable "nodes" {
  description = <<-END
    Nodes of each cluster that autoscaling keeps between. `payments plan` says how many a load needs; those added
    under load help after up to 20 minutes, so raise min before it.
  END
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 5 }
  validation {
    condition     = var.nodes.min >= 1 && var.nodes.max >= var.nodes.min && var.nodes.max <= 10 * var.nodes.min
    error_message = "At least 1 node, and max from min to 10 times min, as Bigtable has it."
  }
}

variable "split_keys" {
  description = <<-END
    Row keys to split a table at when it is made, in order. They are for new tables alone: of a table that is
    there a change is ignored, as it would make Terraform replace the table.
  END
  type        = map(list(string))
  default     = {}
  validation {
    condition = (
      alltrue([for table in keys(var.split_keys) :
      contains(["payments_by_customer", "payments_by_date", "payments_by_transaction"], table)])
    )
    error_message = "Only payments_by_customer, payments_by_date and payments_by_transaction are split."
  }
  validation {
    condition     = alltrue([for keys in values(var.split_keys) : keys == sort(distinct(keys)) && !contains(keys, "") && length(keys) <= 100])
    error_message = "A table's split keys are in order, each once, none is empty, and there are 100 at most."
  }
}

variable "kubernetes" {
  description = <<-END
    Let the Kubernetes service accounts sink and producer of the namespace payments act as the accounts made here.
    Needs a cluster with Workload Identity in the project: before there is one Google refuses the binding.
  END
  type        = bool
  default     = false
}

variable "impersonators" {
  description = "Who may act as the accounts setup and operator, as user:me@example.com or group:us@example.com."
  type        = object({ setup = optional(set(string), []), operator = optional(set(string), []) })
  default     = {}
  validation {
    condition = (
      alltrue([for member in setunion(var.impersonators.setup, var.impersonators.operator) :
      can(regex("^(user|group|serviceAccount|principal|principalSet):.+", member))])
    )
    error_message = "Members begin with their kind: user:me@example.com."
  }
}

variable "image" {
  description = <<-END
    Image with the three programs that Cloud Run runs, by tag or digest; left out, nothing is made on Cloud Run.
  END
  type        = string
  default     = null
  validation {
    condition = (
      var.image == null || can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][-.A-Za-z0-9_]*)$", var.image))
      && !endswith(coalesce(var.image, "-"), ":latest")
    )
    error_message = "The image needs a tag or digest that says which build it is; latest does not."
  }
}

variable "scaling" {
  description = <<-END
    Who says how many sinks Cloud Run runs:
    manual    somebody, by `gcloud run worker-pools update`; Terraform's own figure, sinks.min, is for the first apply
              only. Sees nothing by itself.
    cpu       Cloud Run, by the processor, 60 % of it. Does not see the backlog: a sink that waits for Bigtable is
              idle, so that nothing is added however much waits, which is as well: more sinks make slow tables slower.
              In docs/SCALING.md's simulation 1.2 to 1.6 times external's sinks, and fresher payments, while Bigtable
              keeps up.
    external  Google's autoscaler for external metrics (CREMA, a preview, a service of its own that always runs), by the
              subscription's backlog. Sees it two minutes late or more. Does not see the sinks' processors and
              metrics, which nothing collects from a worker pool, nor whether Bigtable is the limit: then it runs to
              sinks.max, for nothing. That must be what Bigtable's nodes can take.
  END
  type        = string
  default     = "manual"
  validation {
    condition     = contains(["manual", "cpu", "external"], var.scaling)
    error_message = "One of manual, cpu and external."
  }
}

variable "sinks" {
  description = <<-END
    Sinks on Cloud Run, least and most. Never none: the backlog's metric is late, so that one would wait for
    minutes. Most is what Bigtable's nodes can take, which `payments plan` says; the default is no size.
  END
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 20 }
  validation {
    condition     = var.sinks.min >= 1 && var.sinks.max >= var.sinks.min && var.sinks.max <= 100
    error_message = "At least 1 sink, and max from min to 100."
  }
}

variable "monitor_backlog" {
  description = <<-END
    Let sinks ask Cloud Monitoring for the backlog (--monitor-backlog): it needs roles/monitoring.viewer, which there is
    for the whole project alone.
  END
  type        = bool
  default     = false
}

variable "app_profile" {
  description = "App profile that the sinks on Cloud Run write by: batch for loads, trickle for payments of now."
  type        = string
  default     = "batch"
  validation {
    condition     = contains(["batch", "trickle"], var.app_profile)
    error_message = "Either batch or trickle."
  }
}

variable "load" {
  description = <<-END
    The load that the job runs: into how many shards it is cut, which are its tasks, and the producer's flags.
  END
  type        = object({ shards = number, flags = list(string) })
  default     = { shards = 4, flags = ["--num-records=1000000"] }
  validation {
    condition     = var.load.shards >= 1 && var.load.shards <= 10000 && floor(var.load.shards) == var.load.shards
    error_message = "A load has 1 to 10,000 shards."
  }
  validation {
    condition     = !anytrue([for flag in var.load.flags : can(regex("^--(shards?|checkpoint|corrupt-rate)\\b", flag))])
    error_message = "Shards come from tasks, tasks keep no checkpoint, and the topic's schema refuses --corrupt-rate."
  }
}

variable "notification_channels" {
  description = <<-END
    Cloud Monitoring's notification channels that alerts go to, as projects/PROJECT/notificationChannels/ID.
  END
  type        = list(string)
  default     = []
}

variable "runbook" {
  description = <<-END
    Address of docs/RUNBOOK.md for those who get an alert; as a path alone alerts have no link, only the text.
  END
  type        = string
  default     = "docs/RUNBOOK.md"
}
