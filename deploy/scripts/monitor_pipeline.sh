#!/usr/bin/env bash
# What a pipeline is doing: the processes' own figures where they can be reached, else what the platform knows.
set -euo pipefail
usage() {
  cat <<'END'
Shows what a pipeline is doing: rates, backlog, latencies and errors by the processes' own figures, where they can be
reached, and what the platform knows of them.

usage: deploy/scripts/monitor_pipeline.sh [OPTION...]

  --on PLATFORM          local, cloud-run or kubernetes (local if left out; with --project cloud-run)
  --project ID           project (also --project_id)
  --region REGION        region of Cloud Run (europe-west1 if left out)
  --once                 print the figures once and end
  --dry-run              print the commands and do nothing

local       payments top on 127.0.0.1:9464 to 9467, where run_local.sh and programs with --http :9464 are
kubernetes  pods, autoscaler and job, then payments top on one sink, through kubectl port-forward
cloud-run   worker pool, executions of the job, and the sinks' last lines; nothing can ask a worker pool for its
            metrics. The dashboard of deploy/terraform has backlog and Bigtable's load

docs/RUNBOOK.md says what to do about what they show.
END
}
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

platform='' project='' region=europe-west1 once=()
while (($#)); do
  option "$@"
  case $name in
    --help) usage && exit ;;
    --dry-run) dry_run=true used=1 ;;
    --on) has_value && platform=$value ;;
    --project | --project-id) has_value && project=$value ;;
    --region) has_value && region=$value ;;
    --once) once=(--once) used=1 ;;
    *) refuse "unknown option $1" ;;
  esac
  shift "$used"
done
[[ -n $platform ]] || platform=${project:+cloud-run}

on_local() {
  find_payments
  run "${payments[@]}" top "${once[@]}"
}

on_kubernetes() {
  need kubectl
  find_payments
  run kubectl -n payments get pods,deployments,hpa,jobs
  local forward=(kubectl -n payments port-forward deployment/sink 9464:9464)
  say "+ $(quote "${forward[@]}") &"
  if ! $dry_run; then
    "${forward[@]}" >/dev/null &
    # shellcheck disable=SC2064 # this process, not one that comes later
    trap "kill $! 2>/dev/null || true" EXIT
    sleep 2
  fi
  run "${payments[@]}" top 127.0.0.1:9464 "${once[@]}"
}

on_cloud_run() {
  [[ -n $project ]] || refuse "--project is missing"
  need gcloud
  local where=("--project=$project" "--region=$region")
  run gcloud run worker-pools describe payments-sink "${where[@]}"
  run gcloud run jobs executions list --job=payments-producer "${where[@]}" --limit=5
  run gcloud logging read \
    'resource.type="cloud_run_worker_pool" AND resource.labels.worker_pool_name="payments-sink"' \
    "--project=$project" --freshness=10m --limit=20 '--format=value(timestamp,severity,jsonPayload.message)'
}

case ${platform:=local} in
  local | kubernetes | cloud-run) "on_${platform//-/_}" ;;
  *) refuse "--on is local, cloud-run or kubernetes, not '$platform'" ;;
esac
