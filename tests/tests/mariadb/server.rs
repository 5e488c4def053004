//! A private MariaDB server: its own folder, port and user, stopped by its process id.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use planisphere_tests::lab::Lab;
use planisphere_tests::programs::succeed;
use tempfile::TempDir;

/// The password of the user `crm`.
pub(crate) const PASSWORD: &str = "correct-horse";

/// A running server; its folder vanishes with it.
#[derive(Debug)]
pub(crate) struct MariaDb {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl MariaDb {
    /// Makes and starts a server with the database `crm` and the user `crm`, who may read and change it.
    pub(crate) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let owner = owner()?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))?;
        }
        let data = folder.path().join("data");
        let mut install = command(&program("mariadb-install-db")?, owner);
        // servers that start beside each other must not share the names of their temporary tables
        install.env("TMPDIR", folder.path());
        install.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        succeed(install.arg(format!("--datadir={}", data.display())))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = run_server(folder.path(), port)?;
        let mut server = Self {
            child,
            port,
            folder,
        };
        server.wait_until_ready()?;
        let mut root = Conn::new(Opts::from_url(&format!("mysql://root@127.0.0.1:{port}/"))?)?;
        root.query_drop("CREATE DATABASE crm CHARACTER SET utf8mb4")?;
        root.query_drop(format!("CREATE USER crm@'%' IDENTIFIED BY '{PASSWORD}'"))?;
        root.query_drop("GRANT ALL ON crm.* TO crm@'%'")?;
        Ok(server)
    }

    /// Kills the server, which goes on from its log.
    pub(crate) fn crash(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = run_server(self.folder.path(), self.port)?;
        self.wait_until_ready()
    }

    fn stop(&mut self) {
        let id = self.child.id().to_string();
        if succeed(Command::new("kill").args(["-TERM", &id])).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }

    /// The URL of the database with a password.
    pub(crate) fn url_with(&self, password: &str) -> String {
        format!("mariadb://crm:{password}@127.0.0.1:{}/crm", self.port)
    }

    /// The URL of the database.
    pub(crate) fn url(&self) -> String {
        self.url_with(PASSWORD)
    }

    /// A connection of the user `crm`.
    pub(crate) fn connect(&self) -> Result<Conn> {
        let url = self.url().replace("mariadb://", "mysql://");
        Ok(Conn::new(Opts::from_url(&url)?)?)
    }

    /// A connection of the server's owner.
    pub(crate) fn connect_as_root(&self) -> Result<Conn> {
        Ok(Conn::new(Opts::from_url(&format!(
            "mysql://root@127.0.0.1:{}/crm",
            self.port
        ))?)?)
    }

    /// Lets a lab look for its source here.
    pub(crate) fn feeds(&self, lab: &Lab, instead_of: &str) -> Result<()> {
        lab.replace("planisphere.toml", instead_of, &self.url())
    }

    /// Reads what the server says until it is ready; the rest is read and dropped.
    fn wait_until_ready(&mut self) -> Result<()> {
        let stderr = self.child.stderr.take().context("no stderr")?;
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let mut said = Vec::new();
        for line in lines.by_ref() {
            if line.contains("ready for connections") {
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(());
            }
            said.push(line);
        }
        bail!("MariaDB did not start: {}", said.join("\n"))
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts a server on the data of a folder.
fn run_server(folder: &Path, port: u16) -> Result<Child> {
    let mut server = command(&program("mariadbd")?, owner()?);
    server.env("TMPDIR", folder);
    server.args([
        "--no-defaults",
        "--bind-address=127.0.0.1",
        "--innodb-flush-log-at-trx-commit=2",
        "--max-allowed-packet=64M",
    ]);
    server.arg(format!("--port={port}"));
    server.arg(format!("--datadir={}", folder.join("data").display()));
    server.arg(format!("--socket={}", folder.join("socket").display()));
    let streams = server.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(streams.stderr(Stdio::piped()).spawn()?)
}

/// Runs several statements.
pub(crate) fn run(connection: &mut Conn, sql: &str) -> Result<()> {
    let mut results = connection.query_iter(sql)?;
    while let Some(result) = results.iter() {
        for row in result {
            row?;
        }
    }
    Ok(())
}

fn program(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut found = folders
        .map(|folder| folder.join(name))
        .filter(|file| file.is_file());
    found
        .next()
        .context("MariaDB is missing; run 'make test' or 'sh tests/setup.sh', which installs it")
}

/// Who runs the server where this is root: it refuses to be.
fn owner() -> Result<Option<(u32, u32)>> {
    let id = |arguments: &[&str]| -> Result<u32> {
        let output = succeed(Command::new("id").args(arguments))?;
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    };
    match id(&["-u"])? {
        0 => Ok(Some((id(&["-u", "mysql"])?, id(&["-g", "mysql"])?))),
        _ => Ok(None),
    }
}

fn command(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
