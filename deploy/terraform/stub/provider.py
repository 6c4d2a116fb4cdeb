"""A stand-in for hashicorp/google that has its schema and nothing else: for `terraform validate`, and for `terraform
test` with mock_provider, where the real provider cannot be downloaded or should not be asked.

    provider.py SCHEMA SOCKET      SCHEMA: what schema.py has written

Terraform itself refuses by the schema what is unknown, missing, of another type or given too often. This refuses
besides values that the documentation does not list, and those that RULES forbids. It plans and applies nothing.

It serves until it is stopped, and Terraform is told by TF_REATTACH_PROVIDERS where: started anew for each run of a test
it would take longer than all of them.
"""

import json
import re
import signal
import sys
from concurrent import futures

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as plugin
from tf.gen import tfplugin_pb2_grpc as plugin_rpc

SECONDS = r"\d+(\.\d{1,9})?s"
NAME = r"(?!goog)[A-Za-z][\w.~+%-]{2,254}"
PROBE = {"failure_threshold": (1, 10_000), "period_seconds": (1, 3600), "timeout_seconds": (1, 3600)}

# What Google's documentation demands of a string or number besides a list of values: a pattern, or the least and the
# most.
RULES = {
    "google_service_account": {"account_id": r"[a-z][-a-z0-9]{4,28}[a-z0-9]"},
    "google_pubsub_topic": {"name": NAME, "message_retention_duration": SECONDS},
    "google_pubsub_schema": {"name": NAME},
    "google_pubsub_subscription": {
        "name": NAME,
        "ack_deadline_seconds": (10, 600),
        "message_retention_duration": SECONDS,
        "dead_letter_policy.max_delivery_attempts": (5, 100),
        "retry_policy.minimum_backoff": SECONDS,
        "retry_policy.maximum_backoff": SECONDS,
        "expiration_policy.ttl": f"({SECONDS})?",
    },
    "google_bigtable_instance": {
        "name": r"[a-z][-a-z0-9]{5,32}",
        "cluster.cluster_id": r"[a-z][-a-z0-9]{5,29}",
        "cluster.storage_type": "SSD|HDD",
        "cluster.autoscaling_config.cpu_target": (10, 80),
        "cluster.autoscaling_config.min_nodes": (1, 10_000),
    },
    "google_bigtable_table": {
        "name": r"[-\w.]{1,50}",
        "column_family.family": r"[-\w.]{1,64}",
        "deletion_protection": "PROTECTED|UNPROTECTED",
    },
    "google_bigtable_gc_policy": {
        "mode": "UNION|INTERSECTION",
        "max_age.duration": r"(\d+(\.\d+)?(h|m|s))+",
        "deletion_policy": "ABANDON|DELETE|PREVENT|",
    },
    "google_cloud_run_v2_worker_pool": {
        "template.containers.resources.limits.cpu": r"[1-8]|\d+m",
        "template.containers.resources.limits.memory": r"\d+(Ki|Mi|Gi|k|M|G)",
    }
    | {f"template.containers.liveness_probe.{name}": bounds for name, bounds in PROBE.items()}
    | {f"template.containers.startup_probe.{name}": bounds for name, bounds in PROBE.items()},
    "google_cloud_run_v2_job": {"template.template.timeout": SECONDS, "template.template.max_retries": (0, 10)},
    "google_monitoring_alert_policy": {
        "conditions.condition_threshold.duration": SECONDS,
        "conditions.condition_threshold.aggregations.alignment_period": SECONDS,
    },
    "google_artifact_registry_repository": {"repository_id": r"[a-z][-a-z0-9]{0,61}[a-z0-9]"},
}
GRANT = {
    "role": r"(roles|(projects|organizations)/[^/]+/roles)/[\w.]+",
    "member": r"(user|group|domain|serviceAccount|principal|principalSet):.+",
}


def block_of(schema):
    block = plugin.Schema.Block()
    for name, attribute in sorted(schema["attributes"].items()):
        flags = {flag: attribute[flag] for flag in ("required", "optional", "computed")}
        block.attributes.add(name=name, type=json.dumps(attribute["type"]).encode(), **flags)
    for name, nested in sorted(schema["blocks"].items()):
        nesting = plugin.Schema.NestedBlock.NestingMode.Value(nested["nesting"].upper())
        bounds = {"min_items": nested["min"], "max_items": nested["max"]}
        block.block_types.add(type_name=name, block=block_of(nested["block"]), nesting=nesting, **bounds)
    return block


def schema_of(schema):
    return plugin.Schema(version=0, block=block_of(schema))


def values(value, path):
    """All values at the path that are known now."""
    if value is None or isinstance(value, msgpack.ExtType):
        return
    if isinstance(value, list):
        for part in value:
            yield from values(part, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        yield from values(value.get(path[0]), path[1:])


def enums(schema, prefix=""):
    for name, attribute in schema["attributes"].items():
        if attribute.get("enum"):
            yield prefix + name, "|".join(map(re.escape, attribute["enum"]))
    for name, nested in schema["blocks"].items():
        yield from enums(nested["block"], f"{prefix}{name}.")


def faults(resources, kind, config):
    rules = [*enums(resources[kind]), *RULES.get(kind, {}).items()]
    if kind.endswith("_iam_member"):
        rules += GRANT.items()
    for path, rule in rules:
        for value in values(config, path.split(".")):
            is_range = isinstance(rule, tuple)
            fits = rule[0] <= float(value) <= rule[1] if is_range else re.fullmatch(rule, str(value))
            if not fits:
                wanted = f"{rule[0]} to {rule[1]}" if is_range else rule
                yield path, f"{kind}: {path} is {value!r}, not {wanted}"


class Provider(plugin_rpc.ProviderServicer):
    def __init__(self, schema):
        self.resources = schema["resources"]
        self.answer = plugin.GetProviderSchema.Response(
            provider=schema_of(schema["provider"]),
            resource_schemas={name: schema_of(schema) for name, schema in self.resources.items()},
            data_source_schemas={name: schema_of(schema) for name, schema in schema["data"].items()},
        )

    def GetMetadata(self, request, context):
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "by GetProviderSchema")

    def GetResourceIdentitySchemas(self, request, context):
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "there are none")

    def GetProviderSchema(self, request, context):
        return self.answer

    def ValidateProviderConfig(self, request, context):
        return plugin.ValidateProviderConfig.Response()

    def ValidateDataResourceConfig(self, request, context):
        return plugin.ValidateDataResourceConfig.Response()

    def ValidateResourceConfig(self, request, context):
        answer = plugin.ValidateResourceConfig.Response()
        config = msgpack.unpackb(request.config.msgpack, strict_map_key=False)
        for path, summary in faults(self.resources, request.type_name, config):
            step = plugin.AttributePath.Step(attribute_name=path.split(".")[0])
            attribute = plugin.AttributePath(steps=[step])
            answer.diagnostics.add(severity=plugin.Diagnostic.ERROR, summary=summary, attribute=attribute)
        return answer

    def ConfigureProvider(self, request, context):
        return plugin.ConfigureProvider.Response()

    def StopProvider(self, request, context):
        return plugin.StopProvider.Response()


def main(schema, socket):
    with open(schema) as file:
        provider = Provider(json.load(file))
    server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.max_send_message_length", -1)])
    plugin_rpc.add_ProviderServicer_to_server(provider, server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    print("serving", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop(0)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(sys.argv[1], sys.argv[2])
