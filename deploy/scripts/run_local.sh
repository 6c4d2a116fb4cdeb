#!/usr/bin/env bash
# The whole pipeline on this machine: embedded servers, producer, sink, and a count of what is in the tables.
set -euo pipefail
usage() {
  cat <<'END'
Runs the whole pipeline on this machine, on embedded servers, and fails if a payment is missing in a table.

usage: deploy/scripts/run_local.sh [OPTION...] [-- FLAG OF `payments local`...]

  --num_records N      payments                       (payments local --num-records; 1,000,000 if left out)
  --num_customers N    customers that they belong to  (--num-customers)
  --start_date DATE    first day, as 2024-03-01       (--start-date)
  --end_date DATE      last day                       (--end-date)
  --dry-run            print the command and do nothing

Flags of the earlier pipeline that are taken and change nothing, each with a note why: --max_num_workers,
--num_workers, --worker_machine_type, --disk_size_gb, --runner, --temp_location, --staging_location. Names may have
hyphens in place of underscores, values may follow an equals sign.

`payments` is that of PAYMENTS_BIN_DIR, else of PATH, else it is built here by cargo.

example: deploy/scripts/run_local.sh --num_records 200000 --num_customers 5000 -- --seed 7 --data-dir ./data
END
}
# shellcheck source=deploy/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

while (($#)); do
  option "$@"
  case $name in
    --help) usage && exit ;;
    --dry-run) dry_run=true used=1 ;;
    --) shift && break ;;
    --max-num-workers | --num-workers | --worker-machine-type)
      has_value && ignore "$name" "all stages run in one process"
      ;;
    --disk-size-gb) has_value && ignore "$name" "the data is where --data-dir says, and takes what it needs" ;;
    --runner | --temp-location | --staging-location) has_value && ignore "$name" "nothing is staged" ;;
    *) load_option || refuse "unknown option $1" ;;
  esac
  shift "$used"
done
find_payments
run "${payments[@]}" local "${load[@]}" "$@"
