"""Fails unless two Parquet sources hold the same rows, in any order."""

import sys

import duckdb

connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")


def fingerprint(files: str) -> tuple:
    return connection.execute(
        f"select count(*), sum(hash(columns(*))::hugeint) from (select row({', '.join(COLUMNS)}) r from '{files}')"
    ).fetchall()


COLUMNS = [row[0] for row in connection.execute(f"describe select * from '{sys.argv[1]}'").fetchall()]
found = [fingerprint(files) for files in sys.argv[1:]]
print(found)
sys.exit(found[0] != found[1])
