"""Runs a program to its end and tells what it took."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Cost:
    """What one run took: seconds of wall time, seconds of its own processor time, MiB of its peak, bytes that it wrote."""

    wall: float
    cpu: float
    peak_mib: float
    bytes: int = 0


def run(command: list[str], log: Path, environment: dict[str, str] | None = None) -> Cost:
    """Runs a command with both its outputs in a log; RuntimeError with the end of the log if it fails."""
    with log.open("wb") as out:
        began = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def size(path: Path) -> int:
    """The bytes of a file, or of all Parquet files below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*.parquet"))
