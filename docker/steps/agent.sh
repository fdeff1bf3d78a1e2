#!/bin/sh
# The agent's image: the package alone with its extras, nothing of the server.
set -eu
/opt/venv/bin/python -m pip install --quiet --no-cache-dir ".[agent,host]"
install -d -o courseserver -m 0700 /var/lib/device-agent
