#!/bin/sh
# Makes .venv where there is none and installs one compiled list into it, hashes checked.
#   sh scripts/install.sh requirements.txt
set -eu
cd "$(dirname "$0")/.."
list=$1

say() { printf '%s\n' "$*" >&2; }

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for name in python3.11 python3 python3.12 python3.13 python3.14 python; do
        if command -v "$name" >/dev/null 2>&1 && usable "$name"; then
            command -v "$name"
            return
        fi
    done
    say "Python 3.11 or newer is needed, and none was found on the PATH."
    say "Install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.11)."
    exit 1
}

# Debian ships Python without ensurepip; as root we add it, else we say how.
ensure_venv_module() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        say "$1 cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python$version-venv"
        exit 1
    fi
    say "Installing python$version-venv ..."
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
}

if ! { [ -x .venv/bin/python ] && usable .venv/bin/python; }; then
    python=$(find_python)
    ensure_venv_module "$python"
    say "Making .venv with $("$python" --version) ..."
    rm -rf .venv
    "$python" -m venv .venv
fi

# uv installs in seconds what takes pip half a minute; its own pin and hashes stand in requirements-dev.txt.
if ! [ -x .venv/bin/uv ]; then
    sed -n '/^uv==/,/^ *# via/p' requirements-dev.txt >.venv/uv.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt ||
        say "uv does not install here: going on with pip."
fi

say "Installing $list ..."
if ! [ -x .venv/bin/uv ] ||
    ! .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "$list"; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$list"
fi
