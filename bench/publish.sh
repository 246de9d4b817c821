#!/usr/bin/env bash
# Everything that docs/performance.md publishes, unattended: `bench/publish.sh FOLDER`. Some 50 minutes on 4 cores that do
# nothing else. Each pass leaves a table (.txt), a result file (.json) and a picture (.svg); one that fails does not stop the rest.
set -uo pipefail
folder=$(mkdir -p "${1:?which folder}" && cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=0

# NAME TIMEOUT-IN-SECONDS ARGUMENT...: a pass that hangs is interrupted, and clears up after itself.
pass() {
  local name=$1 limit=$2
  shift 2
  echo "$(date -u +%T) $name: npm run bench -- $*"
  if ! timeout --signal=INT --kill-after=30 "$limit" \
    npm run --silent bench -- "$@" --json "$folder/$name.json" --plot "$folder/$name.svg" \
    > "$folder/$name.txt" 2> "$folder/$name.log"; then
    failed=1
    echo "$name failed or is incomplete: see $folder/$name.log"
  fi
}

pass peers 2700 --scenario produce,consume,latency,native --peers all --quick --duration 5 --repeats 3
pass modes 1200 --scenario produce --peers all --modes all --quick
pass sizes 1200 --scenario produce --peers all --size 1024,16384 --quick
pass latency 300 --scenario latency,fan-out --rate 1000,10000,50000 --quick --duration 5
pass http 120 --scenario http --quick --duration 5
pass start 300 --scenario start --quick --repeats 3
pass failover 400 --scenario failover
echo "$(date -u +%T) done: $folder"
exit "$failed"
