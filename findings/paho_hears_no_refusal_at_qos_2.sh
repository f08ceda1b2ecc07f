#!/usr/bin/env bash
# paho-mqtt 2.2.0 tells "Success" of a message of QoS 2 that the broker refused: Mosquitto 2.0 answers
# a publish that its ACL forbids by PUBREC with reason 0x87 (MQTT 5, 3.5.2.1), upon which nothing more
# may be sent of it (4.3.3); paho passes the reason over, sends PUBREL, and hands the "Success" of the
# PUBCOMP that follows to on_publish. The same message at QoS 1 comes back as "Not authorized". So a
# logger that publishes with the safest quality is the one that never hears that nobody listens.
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
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

answers = {}
for qos in (1, 2):
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_connect = lambda c, *_, qos=qos: c.publish("other/topic", "x", qos)
    client.on_publish = lambda *said, qos=qos: answers.setdefault(qos, str(said[3]))
    for attempt in range(50):
        try:
            client.connect("127.0.0.1", int(sys.argv[1]))
            break
        except OSError:
            time.sleep(0.1)
    deadline = time.monotonic() + 10
    while qos not in answers and time.monotonic() < deadline:
        client.loop(0.1)
    client.disconnect()
print(f"QoS 1: {answers[1]}; QoS 2: {answers[2]}")
assert answers == {1: "Not authorized", 2: "Success"}
PYTHON
