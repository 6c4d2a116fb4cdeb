#!/usr/bin/env bash
# Everything on Google Cloud that the pipeline needs, by Terraform; then a look whether the programs find it complete.
set -euo pipefail
usage() {
  cat <<'END'
Makes everything on Google Cloud that the pipeline needs, by deploy/terraform, and lets `payments setup --dry-run` say
whether something is missing.

usage: deploy/scripts/create_infrastructure.sh --project ID [OPTION...] [-- ARGUMENT OF `terraform apply`...]

  --project ID           project (also --project_id)
  --region REGION        region (Terraform's default if left out)
  --environment NAME     dev or prod: whose sizes are taken, deploy/terraform/NAME.tfvars (dev if left out)
  --image NAME:TAG       image that Cloud Run is to run; left out, nothing is made on Cloud Run
  --bigtable_instance ID instance that `payments setup` looks at (payments if left out)
  --plan                 only show what would be made
  --yes                  make it without asking
  --dry-run              print the commands and do nothing

Names may have hyphens in place of underscores. Terraform's state is where its configuration says; without a backend it
is a file in deploy/terraform, which belongs to whoever ran this: keep it.

example: deploy/scripts/create_infrastructure.sh --project my-project --environment dev --plan
END
}
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

project='' region='' environment=dev image='' instance=payments action=apply asks=true
while (($#)); do
  option "$@"
  case $name in
    --help) usage && exit ;;
    --dry-run) dry_run=true used=1 ;;
    --) shift && break ;;
    --project | --project-id) has_value && project=$value ;;
    --region) has_value && region=$value ;;
    --environment) has_value && environment=$value ;;
    --image) has_value && image=$value ;;
    --bigtable-instance | --instance) has_value && instance=$value ;;
    --plan) action=plan used=1 ;;
    --yes) asks=false used=1 ;;
    *) refuse "unknown option $1" ;;
  esac
  shift "$used"
done
[[ -n $project ]] || refuse "--project is missing"
[[ $environment == dev || $environment == prod ]] || refuse "--environment is dev or prod, not '$environment'"
need terraform

terraform=(terraform "-chdir=$repository/deploy/terraform")
variables=("-var-file=$environment.tfvars" "-var=project=$project" "-var=environment=$environment")
[[ -z $region ]] || variables+=("-var=region=$region")
[[ -z $image ]] || variables+=("-var=image=$image")
run "${terraform[@]}" init -input=false
if [[ $action == plan ]]; then
  run "${terraform[@]}" plan "${variables[@]}" "$@"
  exit
fi
$asks || variables+=(-auto-approve)
run "${terraform[@]}" apply "${variables[@]}" "$@"

find_payments
run "${payments[@]}" setup "--project=$project" "--instance=$instance" --dry-run
say "next: deploy/scripts/run_gcp.sh --project $project"
