# shellcheck shell=bash
# What the scripts share: sourced by each of them, after it has written its own usage().

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dry_run=false

say() { printf '%s\n' "$*" >&2; }
# refuse REASON: something on the command line is wrong.
refuse() { say "$(basename "$0"): $*; --help says more"; exit 2; }
# ignore FLAG REASON: what the earlier pipeline needed and this one does not.
ignore() { say "note: $1 is ignored: $2"; }

# run COMMAND...: prints it, and with --dry-run leaves it at that.
run() { run_line "$(quote "$@")"; }
# run_line LINE: the same with a line of shell, whose values are quoted already.
run_line() {
  printf '+ %s\n' "$1" >&2
  $dry_run || eval "$1"
}
# quote WORD...: the words as shell takes them, quoted only where they must be.
quote() {
  local word words=()
  for word; do
    [[ $word =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]] || word=${word@Q}
    words+=("$word")
  done
  printf '%s' "${words[*]}"
}
need() {
  local tool
  $dry_run && return
  for tool; do
    command -v "$tool" >/dev/null || refuse "$tool is not installed"
  done
}

# find_payments: sets `payments` to the words that start it.
# shellcheck disable=SC2034 # used by those who source this
find_payments() {
  if [[ -n ${PAYMENTS_BIN_DIR:-} ]]; then
    payments=("$PAYMENTS_BIN_DIR/payments")
  elif command -v payments >/dev/null; then
    payments=(payments)
  elif $dry_run || command -v cargo >/dev/null; then
    payments=(cargo run --quiet --release --manifest-path "$repository/Cargo.toml" --)
  else
    refuse "neither payments nor cargo is installed, and PAYMENTS_BIN_DIR is not set"
  fi
}

# Options come as --name value or --name=value, with - or _ in their names as the earlier pipeline had them. After
# `option "$@"` there are `name`, with -, `value`, and `used`, how many words to shift if the value belongs to it.
# shellcheck disable=SC2034 # used by those who source this
option() {
  [[ $1 == --* ]] || refuse "unexpected word '$1'"
  name=${1%%=*}
  name=--${name:2}
  name=${name//_/-}
  if [[ $1 == *=* ]]; then
    value=${1#*=} used=1
  else
    value=${2-} used=2
  fi
}
has_value() { [[ -n $value && $value != --* ]] || refuse "$name needs a value"; }
is_number() { [[ $value =~ ^[1-9][0-9]*$ ]] || refuse "$name needs a number from 1 on, not '$value'"; }
is_date() { [[ $value =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || refuse "$name needs a date as 2024-03-31, not '$value'"; }

# load_option: takes the flags that say what is loaded, under the producer's names, into `load`.
load=()
load_option() {
  case $name in
    --num-records | --num-customers) is_number ;;
    --start-date | --end-date) is_date ;;
    *) return 1 ;;
  esac
  load+=("$name=$value")
}
