#!/usr/bin/env bash
# Debian's rabbitmq-server (with Erlang); its own service is not needed.
set -euo pipefail
sudo=$([[ $(id -u) -eq 0 ]] || echo sudo)
$sudo apt-get install -y rabbitmq-server
ls /usr/lib/rabbitmq/lib
