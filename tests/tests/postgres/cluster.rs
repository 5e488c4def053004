//! A private PostgreSQL server: its own folder, port and user, stopped by its process id.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use planisphere_tests::programs::succeed;
use tempfile::TempDir;

const PASSWORD: &str = "correct-horse";

/// A running server; its folder vanishes with it.
#[derive(Debug)]
pub(crate) struct Cluster {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Cluster {
    /// Makes and starts a server.
    pub(crate) fn start() -> Result<Self> {
        let binaries = binaries()?;
        let owner = Owner::find()?;
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD)?;
        owner.give(folder.path())?;
        owner.give(&password)?;
        let mut initdb = owner.command(&binaries.join("initdb"));
        initdb.args([
            "--username=crm",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        succeed(
            initdb
                .arg("--pwfile")
                .arg(&password)
                .arg("--pgdata")
                .arg(&data),
        )?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut postgres = owner.command(&binaries.join("postgres"));
        postgres
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
        postgres.args([
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
            "-c",
            "lc_messages=C",
        ]);
        let child = postgres
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut cluster = Self {
            child,
            port,
            _folder: folder,
        };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The URL of the demo CRM.
    pub(crate) fn url(&self) -> String {
        self.url_with(PASSWORD)
    }

    /// The same with another password.
    pub(crate) fn url_with(&self, password: &str) -> String {
        format!("postgres://crm:{password}@127.0.0.1:{}/postgres", self.port)
    }

    /// The same without any password.
    pub(crate) fn url_without_password(&self) -> String {
        format!("postgres://crm@127.0.0.1:{}/postgres", self.port)
    }

    /// The password.
    pub(crate) fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Reads what the server says until it is ready; the rest is read and dropped.
    fn wait_until_ready(&mut self) -> Result<()> {
        let stderr = self.child.stderr.take().context("no stderr")?;
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let mut said = Vec::new();
        for line in lines.by_ref() {
            if line.contains("ready to accept connections") {
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(());
            }
            said.push(line);
        }
        bail!("PostgreSQL did not start: {}", said.join("\n"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown
        let id = self.child.id().to_string();
        if succeed(Command::new("kill").args(["-INT", &id])).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The folder with `initdb` and `postgres`, of the newest version that is installed.
fn binaries() -> Result<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = installed.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = debian.chain(std::env::split_paths(&path)).collect();
    found.retain(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file());
    found.sort();
    found
        .pop()
        .context("PostgreSQL is missing; run 'make test' or 'sh tests/setup.sh', which installs it")
}

/// Who runs the server: it refuses to run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Result<Self> {
        let id = |arguments: &[&str]| -> Result<u32> {
            let output = succeed(Command::new("id").args(arguments))?;
            Ok(String::from_utf8(output.stdout)?.trim().parse()?)
        };
        if id(&["-u"])? != 0 {
            return Ok(Self(None));
        }
        let postgres = (id(&["-u", "postgres"])?, id(&["-g", "postgres"])?);
        ensure!(postgres.0 != 0, "the user 'postgres' is root");
        Ok(Self(Some(postgres)))
    }

    fn give(&self, path: &Path) -> Result<()> {
        match self.0 {
            Some((user, group)) => Ok(std::os::unix::fs::chown(path, Some(user), Some(group))?),
            None => Ok(()),
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}
