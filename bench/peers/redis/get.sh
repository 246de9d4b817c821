#!/usr/bin/env bash
# Redis 8 (redis-server, redis-cli, redis-benchmark) of a newer Debian, into bench/peers/.servers/debian.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
lib/debian.sh redis-server redis-tools
.servers/debian/usr/bin/redis-server --version
