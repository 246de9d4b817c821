#!/usr/bin/env bash
# The newest nats-server, built by Go from its module, into bench/peers/.servers/bin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p .servers/bin
GOBIN="$PWD/.servers/bin" go install github.com/nats-io/nats-server/v2@latest
.servers/bin/nats-server --version
