#!/usr/bin/env bash
# RabbitMQ 4 with Erlang 27 of a newer Debian into bench/peers/.servers/debian, and RabbitMQ's PerfTest by Maven into
# bench/peers/.servers/rabbitmq.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
lib/debian.sh rabbitmq-server
mvn -q -B -f rabbitmq/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.servers/rabbitmq"
ls -d .servers/debian/usr/lib/rabbitmq/lib/rabbitmq_server-* .servers/rabbitmq/perf-test-*.jar
