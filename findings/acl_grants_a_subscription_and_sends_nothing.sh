#!/usr/bin/env bash
# Mosquitto 2.0 grants any subscription, whatever acl_file says: SUBACK has the quality that was asked
# for, in MQTT 3.1.1 and 5, and then nothing comes, since the file is looked at for each message. So a
# consumer whose right to read is missing or misspelt is connected, subscribed and silent, as if
# nobody published.
#
# Run by hand: installs the package into a temporary folder, and runs Mosquitto on loopback there.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "$broker" 2>/dev/null || true; rm -rf "$folder"' EXIT
broker=
cd "$folder"
export PATH="$PATH:/usr/sbin"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check paho-mqtt==2.2.0
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'topic write own/#\n' >acl
printf 'listener %s 127.0.0.1\nallow_anonymous true\nuser %s\nacl_file %s/acl\nlog_dest none\n' \
  "$port" "$(id -un)" "$folder" >mosquitto.conf
mosquitto -c mosquitto.conf &
broker=$!
venv/bin/python - "$port" <<'PYTHON'
import sys, time
from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

for version in (MQTTv311, MQTTv5):
    granted, came, confirmed = [], [], []
    client = Client(CallbackAPIVersion.VERSION2, protocol=version)
    client.on_connect = lambda c, *_: c.subscribe("own/#", 1)
    client.on_subscribe = lambda c, *said: (granted.extend(map(str, said[2])), c.publish("own/a", "x", 1))
    client.on_publish = lambda *said: confirmed.append(str(said[3]))
    client.on_message = lambda *_: came.append(1)
    for attempt in range(50):
        try:
            client.connect("127.0.0.1", int(sys.argv[1]))
            break
        except OSError:
            time.sleep(0.1)
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        client.loop(0.1)
    client.disconnect()
    print(f"MQTT {version}: subscription {granted}, publish {confirmed}, messages {len(came)}")
    assert granted == ["Granted QoS 1"] and came == []
    assert confirmed in (["Success"], ["No matching subscribers"])
PYTHON
