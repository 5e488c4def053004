"""A warehouse made of random sources, and a server over it."""

import hashlib
import re
import shutil
import subprocess
import time
from pathlib import Path

import sources

HERE = Path(__file__).parent
ROWS = 3000
SETTINGS = '[warehouse]\nurl = "warehouse"\n[model]\npath = "{model}"\n[source.shop]\nurl = "{source}"\n'


def make_warehouse(etl: str, home: Path, seed: int) -> Path:
    """Loads all states of the sources once; the folder with the settings and the warehouse."""
    made = hashlib.sha256("".join(path.read_text() for path in written()).encode()).hexdigest()[:12]
    folder = home / f"warehouse-{seed}-{made}"
    settings = folder / "planisphere.toml"
    if (folder / "complete").exists():
        # another checkout may have loaded it
        settings.write_text(SETTINGS.format(model=HERE / "model", source=folder / "sources"))
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for day, source in sources.make(folder / "sources", seed, ROWS):
        settings.write_text(SETTINGS.format(model=HERE / "model", source=source))
        command = [etl, "load", "--config", str(settings), "--as-of", day.isoformat()]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"the load of {day} failed:\n{done.stderr}")
    shutil.rmtree(folder / "warehouse" / "_planisphere" / "staging", ignore_errors=True)
    (folder / "complete").touch()
    return folder


def written() -> list[Path]:
    """The files that decide what a warehouse holds."""
    return sorted((HERE / "model").rglob("*.yaml")) + [HERE / "sources.py"]


class Server:
    """The server of a warehouse, on a port of its own."""

    def __init__(self, olap: str, folder: Path):
        self.olap, self.folder = olap, folder

    def __enter__(self) -> "Server":
        self.log = (self.folder / "serve.log").open("w")
        command = [self.olap, "serve", "--config", str(self.folder / "planisphere.toml"), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        while (found := re.search(r"address=(127\.0\.0\.1:\d+)", Path(self.log.name).read_text())) is None:
            if self.process.poll() is not None:
                raise RuntimeError(Path(self.log.name).read_text())
            time.sleep(0.02)
        self.address = found[1]
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()
        self.log.close()
