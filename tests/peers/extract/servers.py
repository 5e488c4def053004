"""Private servers: own folders, ports and users, stopped by their process ids."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _program(name: str, *places: str) -> str:
    """The path of a program, looked for on the path and then in Debian's places."""
    found = shutil.which(name)
    for place in [] if found else places:
        hits = sorted(Path("/").glob(f"{place}/{name}"))
        found = str(hits[-1]) if hits else None
    if not found:
        raise RuntimeError(f"{name} is missing; tests/setup.sh installs it")
    return found


class Server:
    """A child process that ends with the block."""

    user = ""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = _free_port()
        self.child: subprocess.Popen | None = None

    def _as_user(self) -> dict:
        """Database servers refuse to run as root."""
        if os.geteuid() != 0:
            return {}
        owner = pwd.getpwnam(self.user)
        return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            self.folder.parent.chmod(0o755)
            shutil.chown(self.folder, self.user)

    def _start(self, command: list[str]) -> None:
        log = (self.folder.parent / f"{self.folder.name}.log").open("wb")
        self.child = subprocess.Popen(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_user())
        for _ in range(300):
            try:
                self.sql("select 1")
                return
            except RuntimeError:
                time.sleep(0.1)
        raise RuntimeError(f"{command[0]} did not start")

    def _run(self, command: list[str], text: str | None = None) -> str:
        done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=self.folder, **self._as_user())
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")
        return done.stdout

    def sql(self, text: str) -> str:
        raise NotImplementedError

    def __exit__(self, *_) -> None:
        if self.child:
            self.child.terminate()
            self.child.wait()


class Postgres(Server):
    user = "postgres"

    def __enter__(self) -> "Postgres":
        self._prepare()
        place = "usr/lib/postgresql/*/bin"
        data = str(self.folder / "data")
        self._run([_program("initdb", place), "-D", data, "--username=crm", "--auth=trust", "--encoding=UTF8",
                   "--locale=C.UTF-8", "--no-sync"])
        settings = ["fsync=off", "unix_socket_directories=", "shared_buffers=512MB", "max_wal_size=8GB",
                    "wal_level=minimal", "max_wal_senders=0", "autovacuum=off", "jit=off"]
        arguments = [word for setting in settings for word in ("-c", setting)]
        self._start([_program("postgres", place), "-D", data, "-p", str(self.port), "-h", "127.0.0.1", *arguments])
        return self

    @property
    def url(self) -> str:
        return f"postgres://crm@127.0.0.1:{self.port}/postgres"

    def psql(self) -> list[str]:
        return [_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
                "-U", "crm", "-d", "postgres"]

    def sql(self, text: str) -> str:
        return self._run([*self.psql(), "-A", "-t"], text)

    def backend_cpu(self) -> float:
        """Seconds of processor time of the server's processes that have ended."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class MariaDb(Server):
    user = "mysql"

    def __enter__(self) -> "MariaDb":
        self._prepare()
        data = str(self.folder / "data")
        self._run([_program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db",
                   "--auth-root-authentication-method=normal"])
        self._start([_program("mariadbd", "usr/sbin"), "--no-defaults", f"--datadir={data}", f"--port={self.port}",
                     "--bind-address=127.0.0.1", f"--socket={self.folder}/socket", "--innodb-buffer-pool-size=1G",
                     "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4"])
        self.sql("create database bench; create user crm@'%'; grant all on *.* to crm@'%'")
        return self

    @property
    def url(self) -> str:
        return f"mysql://crm@127.0.0.1:{self.port}/bench"

    def sql(self, text: str) -> str:
        database = ["bench"] if "create table" in text else []
        command = [_program("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", str(self.port), "-u", "root", "-N",
                   "--default-character-set=utf8mb4", *database]
        return self._run(command, text)
