#!/usr/bin/env bash
# A load on Google Cloud, on what create_infrastructure.sh has made.
set -euo pipefail
usage() {
  cat <<'END'
Runs a load on Google Cloud: plans it, sets the sinks going, and starts the producers, one for each shard. What it runs
on was made by create_infrastructure.sh; on Kubernetes there must be a cluster that kubectl talks to.

usage: deploy/scripts/run_gcp.sh --project ID [OPTION...]

  --project ID              project (also --project_id)
  --on PLATFORM             cloud-run or kubernetes (cloud-run if left out)
  --region REGION           region of Cloud Run (europe-west1 if left out)
  --environment NAME        overlay of deploy/k8s that is applied: dev, prod, hpa or keda (prod if left out)
  --image NAME:TAG          image that Kubernetes runs; needed there. Cloud Run has that of create_infrastructure.sh
  --shards N                producers that share the load (8 if left out)
  --dry-run                 print the commands and do nothing

Flags of the earlier pipeline:

  --num_records N           payments                     (producer --num-records)
  --num_customers N         customers that they belong to            (--num-customers)
  --start_date DATE         first day, as 2024-03-01                 (--start-date)
  --end_date DATE           last day                                 (--end-date)
                            Without any of these the load is the job's own: deploy/terraform, deploy/k8s/load.yaml
  --max_num_workers N       sinks: on Cloud Run so many, until somebody changes it; on Kubernetes the most that the
                            autoscaler starts. `payments plan`, which is run first, says how many the load needs
  --worker_machine_type T   on Kubernetes only nodes of this type are taken for the sinks. On Cloud Run refused: there
                            are no machines to choose, a sink's processor and memory are in deploy/terraform/cloudrun.tf
  --disk_size_gb N          taken and ignored: nothing is kept on a worker's disk, what waits is in Pub/Sub
  --num_workers, --runner, --temp_location, --staging_location, --autoscaling_algorithm, --bigtable_instance: taken and
                            ignored, each with a note why

Names may have hyphens in place of underscores, values may follow an equals sign.

example: deploy/scripts/run_gcp.sh --project my-project --num_records 100000000 --max_num_workers 10 --dry-run
END
}
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

project='' platform=cloud-run region=europe-west1 environment=prod image='' shards=8 sinks='' machine=''
while (($#)); do
  option "$@"
  case $name in
    --help) usage && exit ;;
    --dry-run) dry_run=true used=1 ;;
    --project | --project-id) has_value && project=$value ;;
    --on) has_value && platform=$value ;;
    --region) has_value && region=$value ;;
    --environment) has_value && environment=$value ;;
    --image) has_value && image=$value ;;
    --shards) is_number && shards=$value ;;
    --max-num-workers) is_number && sinks=$value ;;
    --worker-machine-type) has_value && machine=$value ;;
    --disk-size-gb) is_number && ignore "$name" "nothing is kept on a worker's disk, what waits is in Pub/Sub" ;;
    --num-workers) is_number && ignore "$name" "--max_num_workers says how many sinks, --shards how many producers" ;;
    --autoscaling-algorithm) has_value && ignore "$name" "the autoscaler is Kubernetes' or Cloud Run's own" ;;
    --runner | --temp-location | --staging-location) has_value && ignore "$name" "nothing is staged" ;;
    --bigtable-instance) has_value && ignore "$name" "it stands in what is deployed" ;;
    *) load_option || refuse "unknown option $1" ;;
  esac
  shift "$used"
done
[[ -n $project ]] || refuse "--project is missing"
case $platform in
  cloud-run)
    [[ -z $machine ]] || refuse "--worker_machine_type: Cloud Run has no machines to choose; a sink's processor and \
memory are in deploy/terraform/cloudrun.tf"
    [[ -z $image ]] || refuse "--image: on Cloud Run that is create_infrastructure.sh's"
    # Arguments of an execution replace all of the job's own.
    [[ ${#load[@]} == 0 || ${load[*]} == *--num-records=* ]] || refuse "--num_records is missing"
    need gcloud
    ;;
  kubernetes)
    [[ $environment =~ ^(dev|prod|hpa|keda)$ ]] || refuse "--environment is dev, prod, hpa or keda, not '$environment'"
    [[ $image == */payments:* ]] || refuse "--image is missing, or does not look like REGISTRY/payments:TAG: '$image'"
    need kubectl
    ;;
  *) refuse "--on is cloud-run or kubernetes, not '$platform'" ;;
esac

if ((${#load[@]})); then
  # Its exit code is 1, and so is this one's, if the load breaks a limit: more payments than the dates or Bigtable take.
  find_payments
  run "${payments[@]}" plan "${load[@]}"
fi

on_cloud_run() {
  local gcloud=("--project=$project" "--region=$region")
  [[ -z $sinks ]] || run gcloud run worker-pools update payments-sink "${gcloud[@]}" "--instances=$sinks"
  local joined
  joined=$(IFS=, && echo "${load[*]}")
  run gcloud run jobs execute payments-producer "${gcloud[@]}" "--tasks=$shards" ${joined:+"--args=$joined"} --wait
  [[ -z $sinks ]] || say "the sinks stay at $sinks: once the backlog is gone, give them back with
  gcloud run worker-pools update payments-sink $(quote "${gcloud[@]}") --instances=1"
}

on_kubernetes() {
  local folder=$repository/deploy/k8s registry=${image%/payments:*} tag=${image##*:} edit flag added=''
  # Their three words, where the manifests have them.
  edit="sed -E -e $(quote "s|REGISTRY|$registry|g; s|PROJECT|$project|g; s|payments:0\\.1\\.0|payments:$tag|g")"
  run_line "kubectl kustomize $(quote "$folder/overlays/$environment") | $edit | kubectl apply -f -"
  if [[ -n $machine ]]; then
    local selector="{\"node.kubernetes.io/instance-type\":\"$machine\"}"
    run kubectl -n payments patch deployment sink --type=merge \
      "--patch={\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":$selector}}}}"
  fi
  if [[ -n $sinks ]]; then
    local patch="{\"spec\":{\"maxReplicas\":$sinks}}"
    case $environment in
      dev) run kubectl -n payments scale deployment sink "--replicas=$sinks" ;;
      keda) run kubectl -n payments patch scaledobject sink --type=merge "--patch=${patch/Replicas/ReplicaCount}" ;;
      *) run kubectl -n payments patch hpa sink --type=merge "--patch=$patch" ;;
    esac
  fi
  edit+=" -e $(quote "s/--shards=[0-9]+/--shards=$shards/; s/(completions|parallelism): [0-9]+/\\1: $shards/")"
  # The job has flags of its own. Those that are given take their place, others are put before the shards.
  for flag in "${load[@]}"; do
    if grep -qse "- ${flag%%=*}=" "$folder/load.yaml"; then
      edit+=" -e $(quote "s|- ${flag%%=*}=.*|- $flag|")"
    else
      added+="\\1$flag\\n"
    fi
  done
  [[ -z $added ]] || edit+=" -e $(quote "s|^( *- )--shards=|$added&|")"
  run_line "$edit $(quote "$folder/load.yaml") | kubectl create -f -"
}

"on_${platform//-/_}"
say "next: deploy/scripts/monitor_pipeline.sh --project $project --on $platform"
