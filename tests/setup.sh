#!/bin/sh
# Installs what the tests need and this machine lacks: a PostgreSQL and a MariaDB server, and a Python with the ADBC client of
# Flight SQL, DuckDB, deltalake and an S3 server. As root by apt-get, otherwise it says what to install. Starts nothing: tests
# start their own servers.
set -eu

ADBC=adbc_driver_flightsql==1.13.0
PYARROW=pyarrow==25.0.0
LAKE="duckdb==2.0.0 deltalake==1.6.6"
S3="moto[s3]==5.2.5 flask flask-cors"
PYTHON_HOME="$HOME/.cache/planisphere/python"

lack() {
    echo "tests/setup.sh: $1 is missing; install it, for example: $2" >&2
    exit 1
}

# install NAME PACKAGE...: by apt-get as root, else the one line that says what to install
install() {
    name=$1
    shift
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        lack "$name" "sudo apt-get install $*"
    fi
    echo "tests/setup.sh: installing $*" >&2
    apt-get update -qq >&2 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 ||
        lack "$name" "apt-get install $*"
}

has_postgres() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_mariadb() {
    command -v mariadb-install-db >/dev/null && { command -v mariadbd || ls /usr/sbin/mariadbd; } >/dev/null 2>&1
}

has_venv() {
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1
}

has_clients() {
    "$PYTHON_HOME/bin/python" -c 'import adbc_driver_flightsql.dbapi, deltalake, duckdb, moto.server, pyarrow' >/dev/null 2>&1 &&
        [ "$(cat "$PYTHON_HOME/pinned" 2>/dev/null)" = "$ADBC $PYARROW $LAKE $S3" ]
}

has_postgres || install "a PostgreSQL server" postgresql
has_mariadb || install "a MariaDB server" mariadb-server
has_clients || {
    has_venv || install "Python with venv" python3 python3-venv
    python3 -m venv --clear "$PYTHON_HOME" &&
        "$PYTHON_HOME/bin/python" -m pip install --quiet --disable-pip-version-check "$ADBC" "$PYARROW" $LAKE $S3 >&2 ||
        lack "the Python client of Flight SQL and the S3 server" "pip install $ADBC $PYARROW $LAKE $S3 into $PYTHON_HOME"
    echo "$ADBC $PYARROW $LAKE $S3" >"$PYTHON_HOME/pinned"
}
