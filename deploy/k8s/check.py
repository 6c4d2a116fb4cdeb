"""Checks of the rendered manifests: check.py ROOT, by way of ./check.

kubectl and Kubernetes' schemas find what is no field; what they cannot know is asserted here: values of a fixed set,
custom resources, and that parts which name each other agree. Each finding carries the name of the check that made it.
"""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import promql_parser
import yaml

# What each overlay is for: an object that must be there.
OVERLAYS = {
    "hpa": ("HorizontalPodAutoscaler", "sink"),
    "keda": ("ScaledObject", "sink"),
    "dev": ("StatefulSet", "trickle"),
    "prod": ("HorizontalPodAutoscaler", "sink"),
}
# The oldest that GKE has, and the newest that the schemas know.
KUBERNETES = ("1.33", "1.37")
# Kubernetes' JSON schemas have no enums: a value that is misspelt passes them.
ENUMS = {
    "whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway"},
    "restartPolicy": {"Always", "OnFailure", "Never"},
    "completionMode": {"Indexed", "NonIndexed"},
    "podReplacementPolicy": {"TerminatingOrFailed", "Failed"},
    "action": {"FailJob", "FailIndex", "Ignore", "Count"},
    "operator": {"In", "NotIn", "Exists", "DoesNotExist"},
    "policyTypes": {"Ingress", "Egress"},
    "protocol": {"TCP", "UDP", "SCTP"},
    "unhealthyPodEvictionPolicy": {"AlwaysAllow", "IfHealthyBudget"},
    "accessModes": {"ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany", "ReadWriteMany"},
    "fsGroupChangePolicy": {"OnRootMismatch", "Always"},
    "metricType": {"AverageValue", "Value", "Utilization"},
    "provider": {"gcp", "none"},
}
ANY = object()
SELECTOR = {"matchLabels": ANY, "matchExpressions": [{"key!": str, "operator!": str, "values": [str]}]}
# The specs of custom resources, whose schemas no package has: what fields there are, of which type, and which must be
# there (!). By the definitions of KEDA 2.16 and of prometheus-engine 0.17; newer fields are to be added when used.
SPECS = {
    "ScaledObject": {
        "scaleTargetRef!": {"name!": str, "kind": str, "apiVersion": str, "envSourceContainerName": str},
        "triggers!": [{
            "type!": str, "name": str, "metricType": str, "useCachedMetrics": bool, "metadata!": ANY,
            "authenticationRef": {"name!": str, "kind": str},
        }],
        "minReplicaCount": int, "maxReplicaCount": int, "idleReplicaCount": int,
        "pollingInterval": int, "cooldownPeriod": int, "initialCooldownPeriod": int,
        "advanced": {
            # The behavior is Kubernetes' own, and is checked as such.
            "horizontalPodAutoscalerConfig": {"name": str, "behavior": ANY},
            "restoreToOriginalReplicaCount": bool, "scalingModifiers": ANY,
        },
        "fallback": {"failureThreshold!": int, "replicas!": int},
    },
    "TriggerAuthentication": {"podIdentity!": {"provider!": str, "identityId": str}},
    "PodMonitoring": {
        "selector!": SELECTOR,
        "endpoints!": [{
            "port!": ANY, "interval!": str, "path": str, "timeout": str, "scheme": str, "params": ANY, "proxyUrl": str,
            "metricRelabeling": ANY, "tls": ANY, "authorization": ANY, "basicAuth": ANY, "oauth2": ANY,
        }],
        "targetLabels": {"metadata": [str], "fromPod": [{"from!": str, "to": str}]},
        "limits": {"samples": int, "labels": int, "labelNameLength": int, "labelValueLength": int},
        "filterRunning": bool,
    },
}
# A trigger's metadata is a free map: the CRD takes anything.
TRIGGERS = {
    "cpu": {"value", "containerName"},
    "prometheus": {"serverAddress", "query", "threshold", "activationThreshold", "ignoreNullValues", "queryParameters",
                   "timeout", "unsafeSsl", "authModes", "customHeaders", "namespace"},
}
ACKS_SECONDS = 10
# Beside --max-memory, by docs/PROMISES.md.
SINK_BESIDE_MIB = 150
# A producer gives a service that is down so long when it is stopped.
PRODUCER_STOP_SECONDS = 10
IDENTITY = "iam.gke.io/gcp-service-account"
UID = 65532


class Findings(list):
    def add(self, check, where, text):
        self.append((check, where, text))


class Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, which kustomize lets pass: the last one wins."""


def mapping(loader, node, deep=False):
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {key} is given twice")
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor("tag:yaml.org,2002:map", mapping)


def read(text):
    return [document for document in yaml.load_all(text, Loader=Loader) if document]


def name(document):
    metadata = document.get("metadata", {})
    return f"{document.get('kind')}/{metadata.get('name') or metadata.get('generateName')}"


def walk(value, path=""):
    """Every path in a document with what stands there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}", key, inner
            yield from walk(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from walk(inner, f"{path}[{at}]")


def misfits(value, shape, path):
    """What does not fit a shape of SPECS."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{path} is no object"
            return
        known = {key.rstrip("!"): inner for key, inner in shape.items()}
        yield from (f"{path}.{key[:-1]} is missing" for key in shape if key.endswith("!") and key[:-1] not in value)
        for key, inner in value.items():
            if key in known:
                yield from misfits(inner, known[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is no field"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for at, inner in enumerate(value):
            yield from misfits(inner, shape[0], f"{path}[{at}]")
    elif shape is not ANY and type(value) is not shape:
        yield f"{path} is {value!r}, no {shape.__name__}"


def behavior_of(document):
    """An autoscaler with the behavior that a ScaledObject hands on, and with nothing else that could be wrong."""
    config = document["spec"].get("advanced", {}).get("horizontalPodAutoscalerConfig", {})
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "sink"}, "maxReplicas": 1}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": document["metadata"],
        "spec": spec | ({"behavior": config["behavior"]} if "behavior" in config else {}),
    }


@functools.cache
def schema_fault(text):
    """What Kubernetes' schemas say against an object; asked once, for the same one is in several overlays."""
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(json.loads(text), version, strict=True)
        except Exception as error:
            return f"{version}: {getattr(error, 'message', error)}"[:160]
    return None


def selects(selector, labels):
    """Whether a label selector takes these labels; an empty one takes all."""
    for rule in selector.get("matchExpressions", []):
        has = labels.get(rule["key"])
        if (rule["operator"] == "In") != (has in rule.get("values", [])):
            return False
    return selector.get("matchLabels", {}).items() <= labels.items()


def seconds(text):
    """Seconds of a duration as the programs take it."""
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def mib(text):
    number, unit = re.fullmatch(r"(\d+)([KMG]i)B?", text).groups()
    return int(number) * {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024}[unit]


def quantity(text):
    text = str(text)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def flag(container, wanted, default=None):
    for arg in container.get("args", []):
        if arg.startswith(f"{wanted}="):
            return arg.split("=", 1)[1]
    return default


class Programs:
    """What the programs' --help lists, where there are programs."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}

    def help(self, *command):
        if command not in self.known:
            program = [Path(self.folder) / command[0], *command[1:], "--help"]
            run = subprocess.run(program, capture_output=True, text=True)
            self.known[command] = run.stdout if run.returncode == 0 else ""
        return self.known[command]

    def has(self, command, wanted):
        return not self.folder or re.search(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])", self.help(*command))

    def reads(self, command, variable):
        return not self.folder or f"[env: {variable}=" in self.help(*command)


def command(container):
    """A container's program and subcommand, and the flags behind them."""
    args = container.get("args", [])
    subcommand = args[:1] if args and not args[0].startswith("-") else []
    return tuple(container.get("command", []) + subcommand), args[len(subcommand):]


class Rendered:
    """The objects of an overlay, or of the load together with those that it needs."""

    def __init__(self, documents, findings, metrics, programs):
        self.documents, self.findings, self.metrics, self.programs = documents, findings, metrics, programs
        self.by = {(d["kind"], d["metadata"].get("name")): d for d in documents}

    def of(self, *kinds):
        return [d for d in self.documents if d["kind"] in kinds]

    def workloads(self):
        for document in self.of("Deployment", "StatefulSet", "Job"):
            template = document["spec"]["template"]
            yield document, template["metadata"].get("labels", {}), template["spec"], template["spec"]["containers"][0]

    def check(self):
        for document in self.documents:
            self.schema(document)
            self.values(document)
        self.namespaces()
        for workload in self.workloads():
            for check in (self.security, self.probes, self.grace, self.memory, self.processor, self.image, self.account,
                          self.config, self.flags, self.selected):
                check(*workload)
        self.spread()
        self.load()
        self.trickle()
        self.network()
        self.scaling()

    # What fields there are.

    def schema(self, document):
        where, add = name(document), self.findings.add
        shape = SPECS.get(document["kind"])
        if shape:
            for text in misfits(document.get("spec"), shape, "spec"):
                add("custom", where, text)
        fault = schema_fault(json.dumps(behavior_of(document) if shape else document))
        if fault:
            add("schema", where, fault)
        if document["kind"] == "PodMonitoring":
            for endpoint in document["spec"].get("endpoints", []):
                if endpoint.get("path", "/metrics") != "/metrics":
                    add("custom", where, f"{endpoint['path']} is not where the metrics are")
            # The autoscaler finds a pod's load by the label `pod`, which is there by default.
            if "pod" not in document["spec"].get("targetLabels", {}).get("metadata", ["pod"]):
                add("custom", where, "without the label pod the autoscaler finds no pod's load")

    def values(self, document):
        for path, key, value in walk(document):
            for one in value if isinstance(value, list) else [value]:
                if key in ENUMS and isinstance(one, str) and one not in ENUMS[key]:
                    self.findings.add("enums", name(document), f"{path}: {one} is none of {sorted(ENUMS[key])}")

    # What stands in one place and is meant in another.

    def namespaces(self):
        namespace = self.by.get(("Namespace", "payments"))
        if not namespace:
            return self.findings.add("namespace", "Namespace/payments", "is not there")
        if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            self.findings.add("namespace", "Namespace/payments", "does not enforce the restricted profile")
        for document in self.documents:
            if document["kind"] != "Namespace" and document["metadata"].get("namespace") != "payments":
                self.findings.add("namespace", name(document), "is in another namespace")

    def security(self, document, _labels, spec, container):
        def wants(what, is_so):
            if not is_so:
                self.findings.add("security", name(document), what)

        pod, own = spec.get("securityContext", {}), container.get("securityContext", {})
        wants("runs as root", pod.get("runAsNonRoot") is True and pod.get("runAsUser") == UID)
        wants("seccomp is not RuntimeDefault", pod.get("seccompProfile", {}).get("type") == "RuntimeDefault")
        wants("may gain privileges", own.get("allowPrivilegeEscalation") is False)
        wants("its root can be written", own.get("readOnlyRootFilesystem") is True)
        wants("keeps capabilities", own.get("capabilities", {}).get("drop") == ["ALL"])
        wants("is given Kubernetes' token", spec.get("automountServiceAccountToken") is False)
        wants("its volume is root's", "volumeMounts" not in container or pod.get("fsGroup") == UID)

    def probes(self, document, _labels, _spec, container):
        where, add = name(document), self.findings.add
        addresses = [e.get("value", "") for e in container.get("env", []) if e["name"] == "HTTP_ADDR"]
        if not addresses or not re.fullmatch(r"(0\.0\.0\.0|\[::\]):\d+", addresses[0]):
            return add("probes", where, "HTTP_ADDR is no address that the kubelet and the collectors reach")
        served = int(addresses[0].rsplit(":", 1)[1])
        ports = {port.get("name"): port["containerPort"] for port in container.get("ports", [])}
        if ports != {"http": served}:
            add("probes", where, f"ports are {ports}, HTTP_ADDR has {served}")
        wanted = {"livenessProbe": "/livez", "readinessProbe": "/readyz"}
        for probe, path in wanted.items():
            if probe == "readinessProbe" and document["kind"] == "Job":
                continue
            asked = container.get(probe, {}).get("httpGet", {})
            if asked.get("path") != path:
                add("probes", where, f"{probe} asks {asked.get('path')}, not {path}")
            if ports.get(asked.get("port"), asked.get("port")) != served:
                add("probes", where, f"{probe} asks port {asked.get('port')}, HTTP_ADDR has {served}")

    def grace(self, document, _labels, spec, container):
        given = spec.get("terminationGracePeriodSeconds", 30)
        if container["command"] == ["sink"]:
            drain = seconds(flag(container, "--grace-period", "25s"))
            if given <= drain + ACKS_SECONDS:
                text = f"is killed after {given} s; the drain may take {drain:.0f} s and its acks {ACKS_SECONDS} s"
                self.findings.add("grace", name(document), text)
        elif given <= PRODUCER_STOP_SECONDS:
            text = f"is killed after {given} s, while it confirms what is in flight"
            self.findings.add("grace", name(document), text)

    def memory(self, document, _labels, _spec, container):
        limit = container.get("resources", {}).get("limits", {}).get("memory")
        if not limit:
            return self.findings.add("memory", name(document), "no limit")
        if container["command"] == ["sink"]:
            takes = mib(flag(container, "--max-memory", "512MiB")) + SINK_BESIDE_MIB
            if mib(limit) < takes:
                self.findings.add("memory", name(document), f"limit {limit}; the sink may take {takes:.0f} MiB")

    def processor(self, document, _labels, _spec, container):
        resources = container.get("resources", {})
        asked, limit = (resources.get(kind, {}).get("cpu") for kind in ("requests", "limits"))
        if not asked:
            self.findings.add("processor", name(document), "no CPU is asked for")
        elif container["command"] == ["sink"] and (not limit or quantity(limit) != quantity(asked)):
            text = f"asks for {asked} CPU, limit {limit}: the autoscaler's share is of the one, load of the other"
            self.findings.add("processor", name(document), text)

    def image(self, document, _labels, _spec, container):
        image = container["image"]
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        if "@sha256:" not in image and tag in ("", "latest"):
            self.findings.add("image", name(document), f"{image} is not pinned")

    def account(self, document, _labels, spec, container):
        wanted = "sink" if container["command"] == ["sink"] else "producer"
        account = self.by.get(("ServiceAccount", spec.get("serviceAccountName")))
        if spec.get("serviceAccountName") != wanted or not account:
            return self.findings.add("account", name(document), f"runs as {spec.get('serviceAccountName')}")
        google = account["metadata"].get("annotations", {}).get(IDENTITY, "")
        if not re.fullmatch(rf"payments-{wanted}@[\w-]+\.iam\.gserviceaccount\.com", google):
            self.findings.add("account", name(account), f"{IDENTITY} is {google!r}")

    def config(self, document, _labels, _spec, container):
        program = command(container)[0]
        for variable in container.get("env", []):
            if not self.programs.reads(program, variable["name"]):
                self.findings.add("config", name(document), f"{' '.join(program)} does not read {variable['name']}")
        for source in container.get("envFrom", []):
            config = self.by.get(("ConfigMap", source["configMapRef"]["name"]))
            if not config:
                self.findings.add("config", name(document), f"no ConfigMap {source['configMapRef']['name']}")
                continue
            for variable in {"GOOGLE_CLOUD_PROJECT", "PAYMENTS_TOPIC", "PAYMENTS_SUBSCRIPTION"} - set(config["data"]):
                self.findings.add("config", name(config), f"{variable} is missing")
            for variable in config["data"]:
                if not any(self.programs.reads((one,), variable) for one in ("sink", "producer")):
                    self.findings.add("config", name(config), f"no program reads {variable}")

    def flags(self, document, _labels, _spec, container):
        program, args = command(container)
        if program not in (("sink",), ("producer",), ("producer", "trickle")):
            return self.findings.add("flags", name(document), f"{' '.join(program)} is no program of the image")
        for used in (arg.split("=")[0] for arg in args):
            if not self.programs.has(program, used):
                self.findings.add("flags", name(document), f"{' '.join(program)} has no {used}")

    def selected(self, document, labels, _spec, container):
        where, add = name(document), self.findings.add
        wanted = ["PodMonitoring", "NetworkPolicy"] + ["PodDisruptionBudget"] * (document["kind"] != "StatefulSet")
        for kind in wanted:
            def selector(one):
                return one["spec"].get("podSelector" if kind == "NetworkPolicy" else "selector", {})

            # The policy that denies everything selects everything, and allows nothing.
            found = [one for one in self.of(kind) if selector(one) and selects(selector(one), labels)]
            if len(found) != 1:
                add("selectors", where, f"{len(found)} objects of kind {kind} select its pods")
            for one in found if kind == "PodMonitoring" else ():
                # Rules and alerts know the processes by the label job, which is this object's name.
                if one["metadata"]["name"] != container["command"][0]:
                    add("selectors", where, f"is scraped as job {one['metadata']['name']}")
                for endpoint in one["spec"].get("endpoints", []):
                    if endpoint.get("port") not in {port["name"] for port in container.get("ports", [])}:
                        add("selectors", name(one), f"scrapes port {endpoint.get('port')}, which {where} has not")
        own = document["spec"].get("selector", {}).get("matchLabels", {})
        if document["kind"] != "Job" and not (own and own.items() <= labels.items()):
            add("selectors", where, "does not select its own pods")

    def spread(self):
        for document, labels, spec, container in self.workloads():
            if container["command"] != ["sink"]:
                continue
            spreads = spec.get("topologySpreadConstraints", [])
            if "topology.kubernetes.io/zone" not in {one["topologyKey"] for one in spreads}:
                self.findings.add("spread", name(document), "zones are not looked at")
            for one in spreads:
                if not selects(one.get("labelSelector", {}), labels) or not one.get("labelSelector"):
                    self.findings.add("spread", name(document), f"{one['topologyKey']} counts other pods than its own")

    def load(self):
        for document, _, spec, container in self.workloads():
            if document["kind"] != "Job":
                continue
            where, job, add = name(document), document["spec"], self.findings.add
            if job.get("completionMode") != "Indexed" or flag(container, "--shards") != str(job.get("completions")):
                add("load", where, f"{flag(container, '--shards')} shards, {job.get('completions')} completions")
            if flag(container, "--shard"):
                add("load", where, "--shard: which one a pod is, its index says")
            if spec.get("restartPolicy") != "Never" or job.get("podReplacementPolicy") != "Failed":
                add("load", where, "two pods of one shard may run at once")
            codes = [rule["onExitCodes"]["values"] for rule in job.get("podFailurePolicy", {}).get("rules", [])
                     if rule["action"] == "FailJob"]
            if codes != [[2]]:
                add("load", where, "a wrong flag is tried again: exit code 2 does not fail the job")
            if "generateName" not in document["metadata"]:
                add("load", where, "a name of its own: a second load would be refused")
            budget = self.by.get(("PodDisruptionBudget", "producer"), {"spec": {}})["spec"]
            if budget.get("minAvailable", 0) <= job.get("completions", 0):
                add("load", where, "its pods may be evicted, and begin their shards anew")

    def trickle(self):
        for document, _, _, container in self.workloads():
            if command(container)[0] != ("producer", "trickle"):
                continue
            where, add = name(document), self.findings.add
            if document["kind"] != "StatefulSet" or document["spec"].get("replicas") != 1:
                add("trickle", where, "more than one may run, of the same shard")
            state = flag(container, "--checkpoint", "")
            claims = {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
            if not any(mount["name"] in claims and state.startswith(f"{mount['mountPath']}/")
                       for mount in container.get("volumeMounts", [])):
                add("trickle", where, f"--checkpoint={state} is on no volume that outlives the pod")

    def network(self):
        deny = self.by.get(("NetworkPolicy", "default-deny"), {}).get("spec", {})
        if deny != {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}:
            self.findings.add("network", "NetworkPolicy/default-deny", "does not deny everything to all pods")
        allow = self.by.get(("NetworkPolicy", "pipeline"), {}).get("spec", {})
        out = set()
        for rule in allow.get("egress", []):
            blocks = [peer.get("ipBlock", {}).get("cidr") for peer in rule.get("to", [{}])]
            out |= {(block, port["protocol"], port["port"]) for block in blocks for port in rule.get("ports", [])}
        metadata = {("169.254.169.254/32", 80), ("169.254.169.252/32", 988)}
        for block, port in metadata | {(None, 443), (None, 53)}:
            if (block, "TCP", port) not in out:
                self.findings.add("network", "NetworkPolicy/pipeline", f"no way to {block or 'anywhere'} port {port}")
        if (None, "UDP", 53) not in out:
            self.findings.add("network", "NetworkPolicy/pipeline", "no way to anywhere port 53, UDP")
        for rule in allow.get("ingress", [{}]):
            peers = [peer.get("namespaceSelector") for peer in rule.get("from", [])]
            if [port.get("port") for port in rule.get("ports", [])] != ["http"] or not peers or not all(peers):
                self.findings.add("network", "NetworkPolicy/pipeline", "lets in more than the collectors, or not them")

    # What scales the sinks.

    def scaling(self):
        scalers = self.of("HorizontalPodAutoscaler", "ScaledObject")
        for document in self.of("Deployment"):
            if ("replicas" in document["spec"]) == bool(scalers):
                self.findings.add("scaling", name(document), "replicas are the autoscaler's, or else somebody's")
        for document in scalers:
            spec, where, add = document["spec"], name(document), self.findings.add
            if ("Deployment", spec["scaleTargetRef"]["name"]) not in self.by:
                add("scaling", where, f"scales {spec['scaleTargetRef']['name']}, which is not there")
            figures = self.figures(document)
            low, high = figures["least"], figures["most"]
            if not (isinstance(low, int) and isinstance(high, int) and 0 < low < high):
                add("scaling", where, f"from {low} to {high} sinks; from 0 on the first messages wait for minutes")
            for wanted in ("cpu", "load"):
                if figures.get(wanted) is None:
                    add("scaling", where, f"does not look at {wanted}")
            if not 0 < (figures.get("load") or 1) <= 1 or not 0 < (figures.get("cpu") or 1) <= 100:
                add("scaling", where, "a target that no sink can exceed, or each does")
            drain = self.by[("Deployment", "sink")]["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30)
            if (figures["window"] or 0) < drain:
                add("scaling", where, f"down after {figures['window']} s, while a drain takes up to {drain} s")

    def figures(self, document):
        spec = document["spec"]
        if document["kind"] == "ScaledObject":
            behavior = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {}).get("behavior", {})
            found = {"least": spec.get("minReplicaCount"), "most": spec.get("maxReplicaCount")}
            for trigger in spec.get("triggers", []):
                found |= self.trigger(document, trigger)
        else:
            behavior = spec.get("behavior", {})
            found = {"least": spec.get("minReplicas"), "most": spec.get("maxReplicas")}
            for metric in spec.get("metrics", []):
                found |= self.metric(document, metric)
        found["window"] = behavior.get("scaleDown", {}).get("stabilizationWindowSeconds")
        return found

    def metric(self, document, metric):
        where, add = name(document), self.findings.add
        if metric["type"] == "Resource":
            return {metric["resource"]["name"]: metric["resource"]["target"].get("averageUtilization")}
        if metric["type"] != "Pods":
            add("metrics", where, f"{metric['type']}: sinks are told of by their load and their CPU")
            return {}
        called, target = metric["pods"]["metric"]["name"], metric["pods"]["target"]
        if target.get("type") != "AverageValue":
            add("metrics", where, f"{called} as {target.get('type')} is not divided by the sinks there are")
        prefix, _, rest = called.partition("|")
        stem, _, kind = rest.partition("|")
        if prefix != "prometheus.googleapis.com" or kind != "gauge" or stem not in self.metrics:
            add("metrics", where, f"{called} is no gauge of docs/METRICS.md")
        return {"load": quantity(target.get("averageValue", "nan"))}

    def trigger(self, document, trigger):
        where, add, metadata = name(document), self.findings.add, trigger["metadata"]
        for unknown in set(metadata) - TRIGGERS.get(trigger["type"], set()):
            add("trigger", where, f"{trigger['type']}: {unknown} is no option")
        if trigger["type"] == "cpu":
            return {"cpu": quantity(metadata.get("value", "nan"))}
        credentials = trigger.get("authenticationRef", {}).get("name")
        if ("TriggerAuthentication", credentials) not in self.by:
            add("trigger", where, f"no TriggerAuthentication {credentials}")
        if metadata.get("ignoreNullValues") != "false":
            add("trigger", where, f"{trigger.get('name')}: a gap would count as 0 and take sinks away")
        project = next((c["data"].get("GOOGLE_CLOUD_PROJECT") for c in self.of("ConfigMap")), None)
        server = f"https://monitoring.googleapis.com/v1/projects/{project}/location/global/prometheus"
        if metadata.get("serverAddress") != server:
            add("trigger", where, f"{trigger.get('name')}: asks {metadata.get('serverAddress')}")
        query = metadata.get("query", "")
        try:
            promql_parser.parse(query)
        except ValueError as error:
            add("metrics", where, f"{query!r}: {error}")
        called = re.findall(r"([a-zA-Z_][\w:]*)\s*\{", query)
        labels = dict(re.findall(r'(\w+)\s*=\s*"([^"]*)"', query))
        for one in called or ["nothing"]:
            if one not in self.metrics:
                add("metrics", where, f"{one} is not in docs/METRICS.md")
        if labels.get("namespace") != "payments" or ("PodMonitoring", labels.get("job")) not in self.by:
            add("metrics", where, f"{labels} are no labels of the sinks")
        if not query.startswith("sum("):
            add("metrics", where, f"{query!r} is no sum over the sinks, which the autoscaler divides by their number")
        return {"load": quantity(metadata.get("threshold", "nan"))}


def render(folder):
    run = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
    if run.returncode:
        raise ValueError(" ".join(run.stderr.split())[-200:])
    return read(run.stdout)


def agree(rendered, findings):
    """What is written down twice, because two files need it."""
    images = {}
    for overlay, one in rendered.items():
        for document, _, _, container in one.workloads():
            images.setdefault(container["image"], f"{overlay} {name(document)}")
    if len(images) > 1:
        findings.add("image", " and ".join(images.values()), f"run different images: {', '.join(images)}")
    hpa, scaled = rendered["hpa"].of("HorizontalPodAutoscaler"), rendered["keda"].of("ScaledObject")
    if hpa and scaled:
        ours, theirs = rendered["hpa"].figures(hpa[0]), rendered["keda"].figures(scaled[0])
        for figure in ours.keys() | theirs.keys():
            if ours.get(figure) != theirs.get(figure):
                text = f"{figure} is {ours.get(figure)} in one and {theirs.get(figure)} in the other"
                findings.add("scaling", "overlays hpa and keda", text)


def check(root, binaries):
    """All findings about ROOT/deploy/k8s, and how many objects were looked at."""
    findings, rendered = Findings(), {}
    folder, guide = root / "deploy/k8s", (root / "docs/METRICS.md").read_text()
    metrics = set(re.findall(r"^\| `([a-z_]+)", guide, re.MULTILINE))
    programs = Programs(binaries)
    for source in sorted(folder.rglob("*.yaml")):
        try:
            read(source.read_text())
        except yaml.YAMLError as error:
            findings.add("yaml", str(source.relative_to(root)), " ".join(str(error).split()))
    found = {path.name for path in (folder / "overlays").iterdir()}
    if found != set(OVERLAYS):
        findings.add("kustomize", "overlays", f"{sorted(found ^ set(OVERLAYS))} are not checked, or not there")
    if findings:
        return findings, 0
    for overlay, wanted in OVERLAYS.items():
        try:
            documents = render(folder / "overlays" / overlay)
        except ValueError as error:
            findings.add("kustomize", overlay, str(error))
            continue
        rendered[overlay] = Rendered(documents, findings, metrics, programs)
        if wanted not in rendered[overlay].by:
            findings.add("kustomize", overlay, f"{'/'.join(wanted)} is not there")
    if findings:
        return findings, 0
    load = read((folder / "load.yaml").read_text())
    rendered["load"] = Rendered(rendered["hpa"].documents + load, findings, metrics, programs)
    for one in rendered.values():
        one.check()
    agree(rendered, findings)
    # The same object is in several overlays.
    return list(dict.fromkeys(findings)), sum(len(one.documents) for one in rendered.values())


def main():
    binaries = os.environ.get("PAYMENTS_BIN_DIR")
    findings, objects = check(Path(sys.argv[1]), binaries)
    for found, where, text in findings:
        print(f"FAIL {found}: {where}: {text}")
    flags = f"flags by {binaries}" if binaries else "flags not looked at: PAYMENTS_BIN_DIR is not set"
    print(f"{objects} objects of {len(OVERLAYS)} overlays and a load, {len(findings)} findings; {flags}")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
