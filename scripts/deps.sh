#!/usr/bin/env bash
# Sees to it that a RabbitMQ server and the outside peers are there.
set -euo pipefail
cd "$(dirname "$0")/.."

have_rabbit() { [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null; }
have_pika() { /usr/bin/python3 -c 'import pika' 2>/dev/null; }

missing=()
have_rabbit || missing+=(rabbitmq-server)
have_pika || missing+=(python3-pika)
command -v npm >/dev/null || missing+=(npm)
command -v chromium >/dev/null || missing+=(chromium) # looks at the page
command -v gcc >/dev/null || missing+=(gcc libc6-dev) # the race detector links with it

if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "not found: ${missing[*]}. Install RabbitMQ from https://www.rabbitmq.com/docs/download, python3-pika, npm, chromium and gcc from your system's packages." >&2
    exit 1
  fi
  sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "not found: ${missing[*]}. As root: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    sudo=sudo
  fi
  $sudo apt-get update -q
  # The package would start a server of its own; the tests start private ones.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -q "${missing[@]}"
fi
