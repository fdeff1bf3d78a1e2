# shellcheck shell=sh
# Sourced by ./run, ./test and `make setup`: a virtual environment from a hashed lock file, made
# once for each lock.

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and was not found. On Debian or Ubuntu: apt-get install python3 python3-venv"
}

# with_uv FOLDER LOCK PYTHON: a second, for those who have uv. It knows none of pip's settings, such
# as a mirror's address; where it finds nothing, pip says why.
with_uv() {
    command -v uv >/dev/null 2>&1 || return
    [ -x "$1/bin/python" ] || uv venv --quiet --no-project --python "$3" "$1" 2>/dev/null || return
    # From a folder without a project: it would apply this one's constraints, which have no hashes.
    uv pip install --quiet --directory / --python "$PWD/$1/bin/python" \
        --require-hashes --requirement "$PWD/$2" 2>/dev/null
}

# with_pip FOLDER LOCK PYTHON: what is imported is compiled when it first is.
with_pip() {
    "$1/bin/python" -c 'import pip' 2>/dev/null || "$3" -m venv "$1" ||
        fail "Could not make $1. Remove it and try again."
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
        --requirement "$2" ||
        fail "Could not install what $2 lists. Check the network, then run this again: it goes on where it stopped."
}

# python_environment FOLDER LOCK: make or renew FOLDER when LOCK has changed since. The development
# lock contains the runtime lock, so an environment made from it serves ./run too.
python_environment() {
    stamp="$1/.made-from"
    if [ -f "$stamp" ] && grep -qxF "$(cksum <"$2")" "$stamp"; then
        return
    fi
    python=$(find_python) || exit 1
    [ -w . ] || fail "This folder is read-only: $(pwd). Clone into a folder that you may write to."
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"
    printf 'Making the Python environment (once, about half a minute) ...\n'
    with_uv "$1" "$2" "$python" || with_pip "$1" "$2" "$python"
    cksum <requirements.lock >"$stamp.new"
    if [ "$2" = requirements-dev.lock ]; then cksum <requirements-dev.lock >>"$stamp.new"; fi
    mv "$stamp.new" "$stamp"
}
