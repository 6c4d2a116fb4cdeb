"""Plants one mistake at a time in a copy of the manifests, and says which check finds it: seeds.py ROOT.

A check that finds nothing proves nothing: each must find what it is for.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import check

BASE, HPA, KEDA = "base/sink.yaml", "overlays/hpa/hpa.yaml", "overlays/keda/scaledobject.yaml"
TRICKLE, LOAD, NETWORK = "trickle/trickle.yaml", "load.yaml", "base/network.yaml"
# The check that must find it, what is wrong, file, text, and what stands there instead.
SEEDS = [
    ("yaml", "a key twice", BASE, "      serviceAccountName: sink\n", "      serviceAccountName: sink\n" * 2),
    ("kustomize", "a file misspelt", "base/kustomization.yaml", "- sink.yaml", "- sinks.yaml"),
    ("kustomize", "a field of kustomize misspelt", "base/kustomization.yaml",
     "configMapGenerator", "configMapGenerators"),
    ("kustomize", "the autoscaler left out", "overlays/hpa/kustomization.yaml", "  - hpa.yaml\n", ""),
    ("schema", "a field misspelt", BASE, "terminationGracePeriodSeconds", "terminationGracePeriodSecond"),
    ("schema", "a nested field misspelt", BASE, "readOnlyRootFilesystem", "readOnlyRootFileSystem"),
    ("schema", "a wrong type", BASE, "runAsUser: 65532", 'runAsUser: "65532"'),
    ("schema", "an API version that is gone", "base/disruption.yaml", "policy/v1\n", "policy/v1beta1\n"),
    ("schema", "a field of the HPA misspelt", HPA, "averageValue: 950m", "averagevalue: 950m"),
    ("schema", "a field of the job misspelt", LOAD, "backoffLimitPerIndex", "backoffLimitPerIndices"),
    ("enums", "a value misspelt", BASE, "ScheduleAnyway", "ScheduleAnywhere"),
    ("custom", "a field of KEDA misspelt", KEDA, "minReplicaCount", "minReplicasCount"),
    ("custom", "a wrong type in KEDA", KEDA, "maxReplicaCount: 20", "maxReplicaCount: many"),
    ("schema", "a behavior misspelt in KEDA", KEDA, "stabilizationWindowSeconds", "stabilizationWindowSecond"),
    ("trigger", "an option of a trigger misspelt", KEDA, "serverAddress", "serverAdress"),
    ("trigger", "credentials that are not there", KEDA,
     "authenticationRef: { name: gcp }", "authenticationRef: { name: gpc }"),
    ("trigger", "a gap taken for nothing to do", KEDA, 'ignoreNullValues: "false"', 'ignoreNullValues: "true"'),
    ("trigger", "another project's metrics", KEDA, "projects/PROJECT/location", "projects/OTHER/location"),
    ("custom", "a field of PodMonitoring misspelt", "base/monitoring.yaml", "interval: 15s", "intervall: 15s"),
    ("custom", "pods without their names", "base/monitoring.yaml",
     "  endpoints:", "  targetLabels: { metadata: [node] }\n  endpoints:"),
    ("namespace", "pods of any kind let in", "base/namespace.yaml", "enforce: restricted", "enforce: privileged"),
    ("namespace", "the load elsewhere", LOAD, "namespace: payments", "namespace: default"),
    ("security", "runs as root", BASE, "runAsNonRoot: true", "runAsNonRoot: false"),
    ("security", "keeps capabilities", LOAD, "capabilities: { drop: [ALL] }", "capabilities: { drop: [NET_RAW] }"),
    ("security", "may gain privileges", TRICKLE, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
    ("security", "no seccomp", BASE, "        seccompProfile: { type: RuntimeDefault }\n", ""),
    ("security", "a volume of root's", TRICKLE, "        fsGroup: 65532\n", ""),
    ("probes", "a probe of another port", BASE, "path: /livez, port: http", "path: /livez, port: 9090"),
    ("probes", "a page that is not there", BASE, "path: /readyz", "path: /ready"),
    ("probes", "killed while it waits for Bigtable", BASE, "path: /livez", "path: /readyz"),
    ("probes", "served elsewhere", BASE, "0.0.0.0:9464", "0.0.0.0:9465"),
    ("probes", "served on loopback", BASE, "0.0.0.0:9464", ":9464"),
    ("grace", "killed while it drains", BASE, "GracePeriodSeconds: 45", "GracePeriodSeconds: 35"),
    ("grace", "a longer drain, and killed as before", BASE, "--grace-period=25s", "--grace-period=2m"),
    ("grace", "a producer killed at once", LOAD, "GracePeriodSeconds: 30", "GracePeriodSeconds: 5"),
    ("memory", "no limit", BASE, 'limits: { cpu: "1", memory: 1Gi }', 'limits: { cpu: "1" }'),
    ("memory", "more than the limit", BASE, "--max-memory=512MiB", "--max-memory=1GiB"),
    ("processor", "no CPU asked for", BASE, 'requests: { cpu: "1", ', "requests: { "),
    ("processor", "more CPU than is asked for", BASE, 'limits: { cpu: "1", ', 'limits: { cpu: "4", '),
    ("processor", "a limit that is not patched along", "overlays/dev/kustomization.yaml",
     "                  limits: { cpu: 250m }\n", ""),
    ("image", "a tag that moves", "image/kustomization.yaml", "newTag: 0.1.0", "newTag: latest"),
    ("image", "an old producer with a new sink", "image/kustomization.yaml", "newTag: 0.1.0", "newTag: 0.2.0"),
    ("account", "the sink's account for a load", LOAD, "serviceAccountName: producer", "serviceAccountName: sink"),
    ("account", "another account of Google's", "base/accounts.yaml", "payments-sink@", "payments-sinks@"),
    ("config", "a config map that is not there", TRICKLE,
     "configMapRef: { name: payments }", "configMapRef: { name: payment }"),
    ("config", "a setting gone", "base/kustomization.yaml", "      - PAYMENTS_SUBSCRIPTION=payments-sink\n", ""),
    ("selectors", "a budget for nobody", "base/disruption.yaml", "name: sink }", "name: sunk }"),
    ("selectors", "a trickle that nobody scrapes", "base/monitoring.yaml", "[producer, trickle]", "[producer]"),
    ("selectors", "a scrape of no port", "base/monitoring.yaml", "port: http", "port: metrics"),
    ("selectors", "a policy for nobody", NETWORK, "part-of: payments", "part-of: payment"),
    ("spread", "spread by others' pods", BASE,
     "labelSelector: { matchLabels: { app.kubernetes.io/name: sink",
     "labelSelector: { matchLabels: { app.kubernetes.io/name: producer"),
    ("load", "fewer shards than pods", LOAD, "--shards=8", "--shards=4"),
    ("load", "a wrong flag tried ten times", LOAD, "values: [2]", "values: [3]"),
    ("load", "shards that are evicted, and begin anew", "base/disruption.yaml",
     "minAvailable: 1000", "minAvailable: 1"),
    ("load", "two pods of one shard", LOAD,
     "podReplacementPolicy: Failed", "podReplacementPolicy: TerminatingOrFailed"),
    ("trickle", "updates lost with the pod", TRICKLE, "--checkpoint=/state/", "--checkpoint=/tmp/"),
    ("trickle", "two of one shard", TRICKLE, "replicas: 1", "replicas: 2"),
    ("network", "no credentials", NETWORK, "169.254.169.254/32", "169.254.169.253/32"),
    ("network", "no names", NETWORK, "{ protocol: UDP, port: 53 }", "{ protocol: UDP, port: 54 }"),
    ("network", "all ports for the collectors", NETWORK,
     "      ports:\n        - { protocol: TCP, port: http }\n", ""),
    ("network", "pages for everybody", NETWORK, "namespaceSelector:\n            matchExpressions:\n"
     "              - { key: kubernetes.io/metadata.name, operator: In, values: [gke-gmp-system, gmp-system] }",
     "namespaceSelector: {}"),
    ("network", "nothing denied", NETWORK,
     "  podSelector: {}\n  policyTypes: [Ingress, Egress]", "  podSelector: {}\n  policyTypes: [Ingress]"),
    ("scaling", "replicas fixed", BASE, "  revisionHistoryLimit: 3", "  replicas: 2\n  revisionHistoryLimit: 3"),
    ("scaling", "from zero", HPA, "minReplicas: 1", "minReplicas: 0"),
    ("scaling", "no CPU: a failing adapter freezes it", HPA, "name: cpu", "name: memory"),
    ("scaling", "another deployment", HPA, "kind: Deployment, name: sink", "kind: Deployment, name: sinks"),
    ("scaling", "down within a drain", HPA, "WindowSeconds: 120", "WindowSeconds: 30"),
    ("scaling", "one figure changed of two", KEDA, 'threshold: "0.95"', 'threshold: "0.85"'),
    ("scaling", "a load that no sink tells", HPA, "averageValue: 950m", "averageValue: 1500m"),
    ("metrics", "a backlog, which runs to the maximum where Bigtable is the bound", HPA, "    - type: Pods\n",
     "    - type: External\n      external:\n"
     "        metric: { name: pubsub.googleapis.com|subscription|num_undelivered_messages }\n"
     '        target: { type: AverageValue, averageValue: "7200000" }\n    - type: Pods\n'),
    ("metrics", "a metric that no sink has", HPA, "payments_sink_load|", "payments_sink_loads|"),
    ("metrics", "the same in PromQL", KEDA, "payments_sink_load{", "payments_sink_loads{"),
    ("metrics", "a load that multiplies by the sinks", HPA,
     "{ type: AverageValue, averageValue: 950m }", "{ type: Value, averageValue: 950m }"),
    ("metrics", "an average divided once more", KEDA, "sum(last_over_time", "avg(last_over_time"),
    ("metrics", "PromQL that does not parse", KEDA, "sum(last_over_time", "sum((last_over_time"),
    ("metrics", "a job that is not scraped", KEDA, 'job="sink"', 'job="sinks"'),
]
# What only a program's --help can tell.
FLAG_SEEDS = [
    ("flags", "a flag that the sink has not", BASE, "--max-memory=", "--memory="),
    ("flags", "a flag that only a trickle has", LOAD, "--shards=8", "--shards=8\n            - --rate=50/s"),
    ("flags", "a flag that only a load has", TRICKLE, "--rate=50/s", "--rate=50/s\n            - --start-index=0"),
    ("config", "a variable that nobody reads", "base/kustomization.yaml", "BIGTABLE_INSTANCE", "BIGTABLE_INSTANCES"),
    ("config", "a variable that the program does not read", LOAD, "name: LOG_FORMAT", "name: LOG_FORM"),
]


def plant(root, folder, file, old, new):
    shutil.copytree(root / "deploy/k8s", folder / "deploy/k8s")
    (folder / "docs").mkdir()
    shutil.copy(root / "docs/METRICS.md", folder / "docs")
    path = folder / "deploy/k8s" / file
    text = path.read_text()
    assert old in text, f"{file} has no {old!r} to make a mistake of"
    path.write_text(text.replace(old, new, 1))


def main():
    root, binaries, missed = Path(sys.argv[1]), os.environ.get("PAYMENTS_BIN_DIR"), 0
    seeds = SEEDS + (FLAG_SEEDS if binaries else [])
    for wanted, what, file, old, new in seeds:
        with tempfile.TemporaryDirectory() as folder:
            plant(root, Path(folder), file, old, new)
            findings, _ = check.check(Path(folder), binaries)
        found = [f"{where}: {text}" for by, where, text in findings if by == wanted]
        if found:
            print(f"{wanted}: {what}: {found[0]}"[:200], flush=True)
        else:
            missed += 1
            others = "; ".join(f"{by}: {text}" for by, _, text in findings) or "nothing"
            print(f"MISSED {wanted}: {what} ({file}); found: {others}"[:300], flush=True)
    print(f"{len(seeds)} mistakes, {missed} missed")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
