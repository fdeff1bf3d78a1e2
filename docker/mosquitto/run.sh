#!/bin/sh
# Mosquitto, told to read its password and access files again whenever they change.
set -eu
folder=${1:-/run/mosquitto}
config=${2:-/mosquitto/config/mosquitto.conf}

fingerprint() { cat "$folder/passwords" "$folder/acl" | cksum; }

until [ -s "$folder/passwords" ] && [ -s "$folder/acl" ]; do sleep 1; done
seen=$(fingerprint)
mosquitto -c "$config" &
broker=$!
trap 'kill "$broker" 2>/dev/null; wait "$broker"; exit' TERM INT
while kill -0 "$broker" 2>/dev/null; do
    sleep 2 &
    wait $!
    now=$(fingerprint)
    if [ "$now" != "$seen" ]; then
        kill -HUP "$broker"
        seen=$now
    fi
done
wait "$broker"
