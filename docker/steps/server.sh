#!/bin/sh
# The server's images: `requirements` installs the hashed lock (a layer that seldom changes),
# `project` gathers the static files. Runs in the folder that holds the repository's files.
set -eu
case "$1" in
requirements)
    /opt/venv/bin/python -m pip install --quiet --no-cache-dir --require-hashes --requirement requirements.lock
    ;;
project)
    /opt/venv/bin/python -m compileall -q courseserver simcore labs firmware_specs
    # Static files are the same for every installation; the secret only lets settings load.
    COURSESERVER_VAR=/var/lib/courseserver /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0
    rm -f /var/lib/courseserver/secret-key
    chown -R courseserver: /var/lib/courseserver
    ;;
*)
    echo "usage: server.sh requirements|project" >&2
    exit 2
    ;;
esac
