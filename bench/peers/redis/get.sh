#!/usr/bin/env bash
# Debian's redis-server (with redis-cli and redis-benchmark); its own service is not needed.
set -euo pipefail
sudo=$([[ $(id -u) -eq 0 ]] || echo sudo)
$sudo apt-get install -y redis-server redis-tools
redis-server --version
