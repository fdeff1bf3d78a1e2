#!/bin/sh
# What every image starts from: Python with venv, and a user without rights.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends ca-certificates python3 python3-venv
rm -rf /var/lib/apt/lists/*
useradd --system --uid 10001 --home-dir /var/lib/courseserver --create-home --shell /usr/sbin/nologin courseserver
# Volumes mounted here take over this owner.
install -d -o courseserver -m 0750 /run/mosquitto
python3 -m venv /opt/venv
