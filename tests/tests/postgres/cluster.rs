//! A private PostgreSQL server: its own folder, port and user, stopped by its process id.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use planisphere_tests::programs::succeed;
use tempfile::TempDir;

use super::session::Session;

const PASSWORD: &str = "correct-horse";

/// A server; its folder vanishes with it.
#[derive(Debug)]
pub(crate) struct Cluster {
    child: Option<Child>,
    port: u16,
    settings: Vec<String>,
    binaries: PathBuf,
    owner: Owner,
    folder: TempDir,
}

impl Cluster {
    /// Makes and starts a server.
    pub(crate) fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Makes and starts a server with settings such as `max_connections=5`.
    pub(crate) fn start_with(settings: &[&str]) -> Result<Self> {
        let mut cluster = Self::made()?;
        cluster
            .settings
            .extend(settings.iter().map(|setting| (*setting).to_owned()));
        cluster.run()?;
        Ok(cluster)
    }

    /// Makes a server that is not started yet.
    pub(crate) fn made() -> Result<Self> {
        let cluster = Self {
            child: None,
            port: TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
            settings: Vec::new(),
            binaries: binaries()?,
            owner: Owner::find()?,
            folder: tempfile::tempdir()?,
        };
        cluster.owner.give(cluster.folder.path())?;
        let password = cluster.write("password", PASSWORD)?;
        let mut initdb = cluster.owner.command(&cluster.binaries.join("initdb"));
        initdb.args([
            "--username=crm",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        initdb.arg("--pwfile").arg(&password);
        succeed(initdb.arg("--pgdata").arg(cluster.path("data")))?;
        Ok(cluster)
    }

    /// Makes and starts a replica with settings; this server restarts for it, so that its files can be copied.
    pub(crate) fn replica(&mut self, settings: &[&str]) -> Result<Self> {
        let mut replica = Self {
            child: None,
            port: TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
            settings: settings
                .iter()
                .map(|setting| (*setting).to_owned())
                .collect(),
            binaries: self.binaries.clone(),
            owner: Owner(self.owner.0),
            folder: tempfile::tempdir()?,
        };
        replica.owner.give(replica.folder.path())?;
        self.stop()?;
        let mut copy = Command::new("cp");
        copy.arg("-a")
            .args([self.path("data"), replica.path("data")]);
        succeed(&mut copy)?;
        self.run()?;
        replica.write("data/standby.signal", "")?;
        let port = self.port;
        replica.set(format!(
            "primary_conninfo=host=127.0.0.1 port={port} user=crm password={PASSWORD}"
        ));
        replica.run()?;
        Ok(replica)
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Adds a setting for the next start.
    pub(crate) fn set(&mut self, setting: String) {
        self.settings.push(setting);
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn run(&mut self) -> Result<()> {
        let mut postgres = self.owner.command(&self.binaries.join("postgres"));
        postgres.arg("-D").arg(self.path("data"));
        postgres.args(["-p", &self.port.to_string(), "-h", "127.0.0.1"]);
        let always = ["unix_socket_directories=", "fsync=off", "lc_messages=C"];
        let settings = self.settings.iter().map(String::as_str);
        for setting in always.into_iter().chain(settings) {
            postgres.args(["-c", setting]);
        }
        let child = postgres
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        wait_until_ready(self.child.insert(child))
    }

    /// Stops the server: every connection is cut.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        // SIGINT is PostgreSQL's fast shutdown
        let stopped = succeed(Command::new("kill").args(["-INT", &child.id().to_string()]));
        if stopped.is_err() {
            child.kill()?;
        }
        child.wait()?;
        Ok(())
    }

    /// A path in the server's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only the server's user may read.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        std::fs::write(&path, text)?;
        self.owner.give(&path)?;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private)?;
        Ok(path)
    }

    /// The URL of the demo CRM.
    pub(crate) fn url(&self) -> String {
        self.url_with(PASSWORD)
    }

    /// The same with another password.
    pub(crate) fn url_with(&self, password: &str) -> String {
        self.url_of(&format!("crm:{password}"), "postgres")
    }

    /// The same without any password.
    pub(crate) fn url_without_password(&self) -> String {
        self.url_of("crm", "postgres")
    }

    /// The URL of a database for a role, which may be written `role:password`.
    pub(crate) fn url_of(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// The password.
    pub(crate) fn password(&self) -> &'static str {
        PASSWORD
    }

    /// A session of the server's owner.
    pub(crate) fn session(&self) -> Result<Session> {
        Session::open(&self.url())
    }
}

/// Reads what the server says until it is ready; the rest is read and dropped.
fn wait_until_ready(child: &mut Child) -> Result<()> {
    let stderr = child.stderr.take().context("no stderr")?;
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let mut said = Vec::new();
    for line in lines.by_ref() {
        // a replica is ready for read-only connections
        if line.contains("ready to accept ") {
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(());
        }
        said.push(line);
    }
    bail!("PostgreSQL did not start: {}", said.join("\n"))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.stop();
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
#[derive(Debug)]
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
