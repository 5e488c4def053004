//! Files of an S3 server and of a web server, both of Python.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Said, TODAY};
use planisphere_tests::programs::etl;

use super::python::python;
use super::site::{Columns, Site, expected, values};

const COLUMNS: Columns<'static> = &[("id", "integer"), ("name", "text")];

/// What must not be said by anybody.
const SECRET: &str = "correct-horse-battery";

/// A server that is a process of its own; it ends with this.
struct Server {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<std::process::ChildStdout>,
    url: String,
}

impl Server {
    /// A script that first says its URL.
    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut server = Self {
            child,
            orders,
            answers,
            url: String::new(),
        };
        server.url = server.answer()?;
        Ok(server)
    }

    fn s3() -> Result<Self> {
        let script = planisphere_tests::root().join("tests/tests/files/store.py");
        Self::start(python()?.arg(script))
    }

    fn web(folder: &Path) -> Result<Self> {
        const SCRIPT: &str = "import functools, http.server, sys; \
            handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1]); \
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler); \
            print(f'http://127.0.0.1:{server.server_port}', flush=True); server.serve_forever()";
        Self::start(python()?.args(["-c", SCRIPT]).arg(folder))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(
            self.answers.read_line(&mut line)? > 0,
            "the server has ended; run 'sh tests/setup.sh'"
        );
        Ok(line.trim().to_owned())
    }

    /// Puts an object into the bucket.
    fn put(&mut self, site: &Site, key: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        site.write("object", bytes)?;
        let orders = self.orders.as_mut().context("no stdin")?;
        writeln!(orders, "put {key} {}", site.path("object")?)?;
        self.answer()?;
        Ok(())
    }

    /// Loads with what a user of the store has in the environment.
    fn load(&self, site: &Site) -> Result<Said> {
        let mut command = etl()?;
        command
            .args(["load", "--as-of", TODAY, "--config"])
            .arg(site.0.config());
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ALLOW_HTTP", "true");
        command
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "reader");
        let said = Said::of(command.env("AWS_SECRET_ACCESS_KEY", SECRET))?;
        assert!(
            !said.err.contains(SECRET) && !said.out.contains(SECRET),
            "{}",
            said.err
        );
        Ok(said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn files_of_a_bucket_are_read_small_and_large_packed_and_not() -> Result<()> {
    let mut server = Server::s3()?;
    let site = Site::at("s3://crm/in", "orders/*.csv*", "{delimiter: ','}", COLUMNS)?;
    server.put(&site, "in/orders/a.csv", "id,name\n1,a\n")?;
    server.put(&site, "in/orders/b-茶.csv", "name,id\n茶,2\n")?;
    // more than is kept in memory, so that it goes through a temporary file
    let long = "n".repeat(90_000);
    let large: String = (0..100).map(|id| format!("{id},{long}{id}\n")).collect();
    server.put(&site, "in/orders/c.csv", format!("id,name\n{large}"))?;
    server.put(&site, "in/other.csv", "no,table\n")?;
    let said = server.load(&site)?.done()?;
    assert!(said.err.contains("site.t: 102 rows"), "{}", said.err);
    let rows = site.staged()?;
    assert_eq!(values(&rows[..2]), expected(&[&["1", "a"], &["2", "茶"]]));
    assert_eq!(
        rows[101][2..],
        [Some("99".to_owned()), Some(format!("{long}99"))]
    );
    // the rows of an object that did not change are the same rows
    server.load(&site)?.done()?;
    assert_eq!(site.staged()?, rows);
    Ok(())
}

#[test]
fn what_a_bucket_has_not_is_told_without_secrets() -> Result<()> {
    let mut server = Server::s3()?;
    let site = Site::at("s3://crm/in", "order.csv", "{delimiter: ','}", COLUMNS)?;
    server.put(&site, "in/orders.csv", "id,name\n1,a\n")?;
    server.load(&site)?.refused(
        3,
        &[
            "source 'site' has no file 'order.csv'",
            "did you mean 'orders.csv'?",
        ],
    )?;
    let site = Site::at("s3://nobody/in", "orders.csv", "{delimiter: ','}", COLUMNS)?;
    let said = server.load(&site)?;
    assert!(said.code != 0, "{}", said.err);

    // nobody listens there any more
    let site = Site::at("s3://crm/in", "orders.csv", "{delimiter: ','}", COLUMNS)?;
    server.child.kill()?;
    server.child.wait()?;
    let said = server.load(&site)?;
    said.refused(
        5,
        &["cannot reach source 'site'", "orders.csv of s3://crm/in"],
    )?;
    Ok(())
}

#[test]
fn a_file_of_a_web_server_is_read() -> Result<()> {
    let files = Site::new("x", "json_lines", COLUMNS)?;
    files.write("deep/a.jsonl", "{\"id\": 1, \"name\": \"x\"}\n")?;
    let server = Server::web(&files.0.path("site"))?;
    let site = Site::at(
        &format!("{}/deep", server.url),
        "a.jsonl",
        "json_lines",
        COLUMNS,
    )?;
    assert_eq!(values(&site.load()?), expected(&[&["1", "x"]]));
    let site = Site::at(&server.url, "b.jsonl", "json_lines", COLUMNS)?;
    site.said()?
        .refused(3, &["source 'site' has no file 'b.jsonl'"])?;
    Ok(())
}
