#!/bin/sh
# Gửi tệp JSON tới trục dữ liệu | Send a file of JSON: HUB_URL, HUB_KEY; send.sh FILE CONTRACT
# The key of idempotency is the file's digest: sent again after a broken connection, it counts once.
set -eu
key=$(sha256sum "$1" | cut -d ' ' -f 1)
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
# Without --fail only what may pass is tried again: a lost connection, 408, 429, 5xx.
status=$(curl --silent --show-error --retry 5 --retry-all-errors --retry-max-time 300 \
  --header "Authorization: Bearer $HUB_KEY" --header "Idempotency-Key: $key" \
  --header 'Content-Type: application/json' --data-binary "@$1" \
  --output "$answer" --write-out '%{http_code}' "$HUB_URL/v1/events/$2")
cat "$answer"
[ "$status" = 202 ]
