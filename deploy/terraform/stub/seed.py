"""Mistakes for `check` to find, one at a time: seed.py count | file N | plant N MODULE.

Each is what it is, the file it is made in, and a text there with what takes its place.
"""

import pathlib
import subprocess
import sys

BADLY_ALIGNED = "badly aligned"

SEEDS = [
    # What the schema forbids.
    ("an argument misspelt", "pubsub.tf", "retain_acked_messages ", "retain_acked_message  "),
    ("a block misspelt", "pubsub.tf", "retry_policy {", "retry_polices {"),
    ("a required argument missing", "main.tf", '  format        = "DOCKER"\n', ""),
    ("a word where a number belongs", "pubsub.tf", "max_delivery_attempts = 100", 'max_delivery_attempts = "many"'),
    (
        "a block that may be given once given twice",
        "pubsub.tf",
        "  retry_policy {",
        '  expiration_policy {\n    ttl = ""\n  }\n  retry_policy {',
    ),
    (
        "a reference to nothing",
        "pubsub.tf",
        "google_pubsub_topic.dead_letters.id\n    max",
        "google_pubsub_topic.letters.id\n    max",
    ),
    # What the provider or the service would refuse.
    ("a priority that does not exist", "bigtable.tf", "PRIORITY_LOW", "PRIORITY_LOWEST"),
    ("an aligner that does not exist", "monitoring.tf", '"ALIGN_MIN"', '"ALIGN_LEAST"'),
    ("an account's id too short", "iam.tf", '"payments-${each.key}"', '"${each.key}"'),
    ("a table's protection as a truth value", "bigtable.tf", '"PROTECTED" : "UNPROTECTED"', "true : false"),
    (
        "an ack deadline above the limit",
        "pubsub.tf",
        "ack_deadline_seconds       = 60",
        "ack_deadline_seconds       = 900",
    ),
    ("a duration without its unit", "pubsub.tf", 'maximum_backoff = "60s"', 'maximum_backoff = "60"'),
    ("a member without its kind", "iam.tf", '"serviceAccount:service-', '"service-'),
    ("a provider that is not there", "main.tf", '"~> 8.7"', '"~> 9.0"'),
    # What works, and should not.
    ("the sink's role widened to admin", "iam.tf", '[table, "user", "sink"]', '[table, "admin", "sink"]'),
    (
        "the producer's role widened to editor",
        "iam.tf",
        '["payments", "publisher", "producer"]',
        '["payments", "editor", "producer"]',
    ),
    (
        "a grant for the project in place of none",
        "iam.tf",
        '      ["pubsub.editor", "setup"],\n',
        '      ["pubsub.editor", "setup"],\n      ["pubsub.subscriber", "sink"],\n',
    ),
    ("the producer may not look at its topic", "iam.tf", '    ["payments", "viewer", "producer"],\n', ""),
    ("the sink may not look at the letters' topic", "iam.tf", '    ["payments-dead-letter", "viewer", "sink"],\n', ""),
    ("the sink may not read the settings", "iam.tf", '["payments_settings", "reader", "sink"], ', ""),
    ("Pub/Sub may not forward", "iam.tf", '    ["payments-dead-letter", "publisher", "pubsub"],\n', ""),
    ("Pub/Sub may not ack what it forwards", "iam.tf", '    ["payments-sink", "subscriber", "pubsub"],\n', ""),
    ("another namespace's account acts as ours", "iam.tf", "[payments/${name}]", "[default/${name}]"),
    (
        "a grant in a resource of its own",
        "main.tf",
        'resource "google_artifact',
        'resource "google_project_iam_member" "more" {\n'
        "  project = var.project\n"
        '  role    = "roles/owner"\n'
        '  member  = "user:a@example.com"\n'
        "}\n"
        "\n"
        'resource "google_artifact',
    ),
    (
        "the dead-letter policy gone",
        "pubsub.tf",
        "  dead_letter_policy {\n"
        "    dead_letter_topic     = google_pubsub_topic.dead_letters.id\n"
        "    max_delivery_attempts = 100\n"
        "  }\n",
        "",
    ),
    ("five attempts, not a hundred", "pubsub.tf", "max_delivery_attempts = 100", "max_delivery_attempts = 5"),
    ("a subscription that expires", "pubsub.tf", '    ttl = ""\n  }\n  retry', '    ttl = "2678400s"\n  }\n  retry'),
    ("acked messages not kept", "pubsub.tf", "retain_acked_messages      = true", "retain_acked_messages      = false"),
    ("messages kept for a day", "pubsub.tf", "7 * 24 * 3600", "24 * 3600"),
    ("the topic takes JSON", "pubsub.tf", '"BINARY"', '"JSON"'),
    (
        "another schema",
        "pubsub.tf",
        'file("${path.module}/../../schemas/proto/payment.proto")',
        '"syntax = \\"proto3\\";"',
    ),
    ("the subscription under another name", "pubsub.tf", '"payments-sink"', '"payments-sinks"'),
    ("two versions kept", "bigtable.tf", "number = 1", "number = 2"),
    ("old cells kept while they are the only ones", "bigtable.tf", '"UNION"', '"INTERSECTION"'),
    ("a family kept for too long", "bigtable.tf", "metadata        = 30", "metadata        = 90"),
    ("a family missing", "bigtable.tf", "    amount_info     = 180\n", ""),
    ("a table missing", "bigtable.tf", '"payments_by_customer", "payments_by_date"', '"payments_by_customer"'),
    (
        "tables not protected",
        "bigtable.tf",
        "deletion_protection = local.protection\n  split",
        'deletion_protection = "UNPROTECTED"\n  split',
    ),
    (
        "the instance not protected",
        "bigtable.tf",
        "deletion_protection = var.deletion_protection",
        "deletion_protection = false",
    ),
    ("split keys dropped", "bigtable.tf", "lookup(var.split_keys, each.key, null)", "null"),
    ("split keys in any order", "variables.tf", "keys == sort(distinct(keys)) && ", ""),
    (
        "prod without protection",
        "variables.tf",
        'var.deletion_protection || var.environment != "prod"',
        "var.deletion_protection != null",
    ),
    ("a cluster that does not scale", "bigtable.tf", "min_nodes  = var.nodes.min", "min_nodes  = var.nodes.max"),
    (
        "loads by any cluster",
        "bigtable.tf",
        "  single_cluster_routing {\n"
        "    cluster_id                 = local.first_cluster\n"
        "    allow_transactional_writes = false\n"
        "  }\n",
        "  multi_cluster_routing_use_any = true\n",
    ),
    ("a drain longer than Cloud Run waits", "cloudrun.tf", "grace_seconds = 5", "grace_seconds = 9"),
    (
        "a sink killed when Bigtable is away",
        "cloudrun.tf",
        'failure_threshold = 3\n        http_get {\n          path = "/livez"',
        'failure_threshold = 3\n        http_get {\n          path = "/readyz"',
    ),
    (
        "a probe of another port",
        "cloudrun.tf",
        '/livez"\n          port = local.http_port',
        '/livez"\n          port = 8080',
    ),
    ("metrics on loopback", "cloudrun.tf", '"0.0.0.0:${local.http_port}"', '"127.0.0.1:${local.http_port}"'),
    ("less memory than the sink's budget", "cloudrun.tf", "sink_memory_mib = 512", "sink_memory_mib = 1024"),
    ("a flag that the sink does not have", "cloudrun.tf", '"--max-memory=', '"--memory='),
    (
        "a variable that the sink does not read",
        "cloudrun.tf",
        "PAYMENTS_SUBSCRIPTION      =",
        "PAYMENTS_SUBSCRIBE         =",
    ),
    (
        "two who set the number of sinks",
        "cloudrun.tf",
        'var.scaling == "cpu" ? "AUTOMATIC"',
        'var.scaling != "manual" ? "AUTOMATIC"',
    ),
    ("a sink for a minute's backlog", "autoscaler.tf", "120 * 60000", "60 * 60000"),
    ("an autoscaler that sleeps", "autoscaler.tf", "cpu_idle = false", "cpu_idle = true"),
    ("an autoscaler that waits to be called", "autoscaler.tf", "pollingInterval = 30", "pollingInterval = 0"),
    ("the load's shards are not tasks", "cloudrun.tf", "task_count = var.load.shards", "task_count = 1"),
    ("an alert that the runbook does not have", "monitoring.tf", "PaymentsTableSlow = {", "PaymentsSlow = {"),
    ("an alert from another limit on", "monitoring.tf", "threshold = 600,", "threshold = 6000,"),
    ("an alert that misses what has no values", "monitoring.tf", 'DATA_ACTIVE"', 'DATA_INACTIVE"'),
    ("a chart of another metric", "monitoring.tf", "cluster/cpu_load_hottest_node", "cluster/storage_utilization"),
    ("a command that payments does not have", "outputs.tf", "payments dead-letter list", "payments dead-letters list"),
    ("a flag that payments does not have", "outputs.tf", '--topic-schema --dry-run"]', '--schema --dry-run"]'),
    ("prod's settings refused", "prod.tfvars", "min = 3, max = 30", "min = 2, max = 30"),
    ("split keys of dev or prod out of order", "prod.tfvars", '"CUST01", "CUST02"', '"CUST02", "CUST01"'),
    (BADLY_ALIGNED, "main.tf", "location      = var.region\n", "location = var.region\n"),
]


def plant(number, module):
    what, name, old, new = SEEDS[number]
    path = pathlib.Path(module, name)
    text = path.read_text()
    if old not in text:
        sys.exit(f"{what}: {name} no longer has {old!r}")
    path.write_text(text.replace(old, new, 1))
    if what != BADLY_ALIGNED:
        # Or the format would be what is found.
        subprocess.run(["terraform", "fmt", path], stdout=subprocess.DEVNULL, check=True)
    return what


def main(verb, *arguments):
    if verb == "count":
        print(len(SEEDS))
    elif verb == "file":
        print(pathlib.Path(SEEDS[int(arguments[0])][1]).stem)
    else:
        print(plant(int(arguments[0]), arguments[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
