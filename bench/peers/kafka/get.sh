#!/usr/bin/env bash
# The jars of Apache Kafka's server and tools, by Maven, into bench/peers/.servers/kafka. Needs Java 17 or newer to run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mvn -q -B -f kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.servers/kafka"
ls .servers/kafka/kafka_2.13-*.jar
