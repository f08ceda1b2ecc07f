#!/bin/sh
# Gửi tệp JSON tới trục dữ liệu | Send a file of JSON: HUB_URL, HUB_KEY; send.sh FILE CONTRACT
# The key of idempotency is the file's digest: sent again after a broken connection, it counts once.
set -eu
key=$(sha256sum "$1" | cut -d ' ' -f 1)
exec curl --silent --show-error --fail-with-body --retry 5 --retry-all-errors --retry-max-time 300 \
  --header "Authorization: Bearer $HUB_KEY" --header "Idempotency-Key: $key" \
  --header 'Content-Type: application/json' --data-binary "@$1" "$HUB_URL/v1/events/$2"
