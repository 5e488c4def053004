#!/bin/sh
# Makes the environment of the peers of a benchmark, if it is not there as pinned, and prints its Python.
set -eu
cd "$(dirname "$0")"

PINNED="$1/requirements.txt"
HOME_OF_PEERS="${PEERS_HOME:-$HOME/.cache/planisphere/peers-$1}"

sh ../setup.sh
cmp -s "$PINNED" "$HOME_OF_PEERS/pinned" || {
    python3 -m venv --clear "$HOME_OF_PEERS" >&2
    "$HOME_OF_PEERS/bin/python" -m pip install --quiet --disable-pip-version-check -r "$PINNED" >&2
    cp "$PINNED" "$HOME_OF_PEERS/pinned"
}
echo "$HOME_OF_PEERS/bin/python"
