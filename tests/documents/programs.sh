# shellcheck shell=bash
# What the commands of a document find while they are run: our programs, of this build, with servers on free ports.
# Sourced by bash -euo pipefail before the document. DOCUMENT, OUT (a folder) and the folder of the programs in PATH are given.

servers=()
# What runs until it is stopped is told to stop after this, and must do so cleanly.
A_WHILE=2

payments() {
  case "${1:-}" in
    emulators) up "$@" ;;
    # A load that does not say how large it is would be of a million.
    local) NUM_RECORDS=2000 command payments "$@" || return ;;
    top | tap) a_while payments "$@" ;;
    *) command payments "$@" || return ;;
  esac
}

producer() {
  case "${1:-}" in
    trickle) a_while producer "$@" ;;
    *) command producer "$@" || return ;;
  esac
}

sink() {
  case " $* " in
    *" --exit-when-idle "*) command sink "$@" || return ;;
    *) a_while sink "$@" ;;
  esac
}

# cargo run of one of the three, without cargo.
cargo() {
  local program=payments
  [ "$1" = run ] || { echo "cargo $1 is not run here" >&2; return 127; }
  shift
  while [ $# -gt 0 ]; do
    case "$1" in
      --release) ;;
      -p) program=$2 && shift ;;
      --) shift && break ;;
      *) echo "cargo run $1 is not known here" >&2; return 127 ;;
    esac
    shift
  done
  "$program" "$@" || return
}

a_while() {
  timeout --foreground --signal=TERM --preserve-status --kill-after=20 "$A_WHILE" "$@" || return
}

# Keeps servers up until the document's end, and tells their ports.
up() {
  local said="$OUT/servers"
  command payments "$@" --pubsub-port 0 --bigtable-port 0 >"$said" &
  servers+=($!)
  until grep -q BIGTABLE_EMULATOR_HOST "$said"; do
    kill -0 $! || return
    sleep 0.05
  done
  # The document's commands use both.
  # shellcheck disable=SC2034
  PUBSUB_PORT=$(sed -n 's/.*PUBSUB_EMULATOR_HOST=.*:\([0-9]*\)$/\1/p' "$said")
  # shellcheck disable=SC2034
  BIGTABLE_PORT=$(sed -n 's/.*BIGTABLE_EMULATOR_HOST=.*:\([0-9]*\)$/\1/p' "$said")
}

# The exit code of a command beside the one that the document tells.
is() {
  [ "$2" = "$1" ] || wrong "${BASH_LINENO[0]}" "exit code $2, but the document says $1"
}

wrong() {
  echo "$DOCUMENT:$1: $2" >"$OUT/wrong"
  exit 1
}

down() {
  local code=$?
  trap - EXIT ERR
  for server in "${servers[@]}"; do
    if ! { kill "$server" && wait "$server"; }; then
      code=1
      echo "the servers did not end well" >>"$OUT/wrong"
    fi
  done
  exit "$code"
}

trap 'wrong "$LINENO" "exit code $?, but the document says none"' ERR
trap down EXIT
