//! `make demo`: from an operational CRM to answered cube queries, each compared with SQL on the CRM itself.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use planisphere_olap::grpc::{CubeClient, connect};
use planisphere_tests::answer::Answer;
use planisphere_tests::checks::{against_oracle, ask};
use planisphere_tests::programs::{Server, etl, olap};
use planisphere_tests::question::{Ask, Question, read_questions};
use planisphere_tests::{oracle, root};

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run()).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            say(&format!("the demo stopped: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

async fn run() -> Result<usize> {
    let began = Instant::now();
    let root = root();
    let config = root.join("planisphere.toml");
    std::fs::create_dir_all(root.join("demo"))?;
    step("the demo CRM: a SuiteCRM-shaped SQLite database", &began);
    make_crm(&root)?;
    step(
        "the load: extract, conform, dimensions, facts, one published version",
        &began,
    );
    load(&root, &config)?;
    step("the OLAP server", &began);
    let mut server = Server::start(&config)?;
    say(&format!(
        "   listening on {} (gRPC and Flight SQL)\n",
        server.url()
    ));
    let questions = read_questions(&root.join("tests/demo"))?;
    let mut demo = Demo::open(&root, &server).await?;
    for (at, question) in questions.iter().enumerate() {
        Box::pin(demo.ask(at + 1, question)).await?;
        if at == 0 {
            say(&format!(
                "   first answer after {:.1} s\n",
                began.elapsed().as_secs_f64()
            ));
        }
    }
    let exit = std::env::var("DEMO_EXIT").is_ok_and(|value| value == "1");
    if !exit {
        say(&format!(
            "serving on {} until Ctrl-C; try:\n   {}",
            server.url(),
            hints(&server)
        ));
    }
    say(&demo.bench_line(questions.len(), began.elapsed().as_secs_f64()));
    if exit {
        server.stop()?;
    } else {
        server.wait()?;
    }
    Ok(demo.mismatches)
}

fn step(what: &str, began: &Instant) {
    say(&format!(
        "▸ {:5.1} s  {what}",
        began.elapsed().as_secs_f64()
    ));
}

fn hints(server: &Server) -> String {
    format!(
        "planisphere-olap cubes --server {url}\n   planisphere-olap sql --server {url}",
        url = server.url()
    )
}

fn make_crm(root: &Path) -> Result<()> {
    let mut command = etl()?;
    command
        .args(["demo-source", "--url", "sqlite:demo/crm.db"])
        .current_dir(root);
    for (flag, variable) in [
        ("--customers", "CUSTOMERS"),
        ("--months", "MONTHS"),
        ("--seed", "SEED"),
    ] {
        if let Ok(value) = std::env::var(variable) {
            command.arg(flag).arg(value);
        }
    }
    must(&mut command)
}

/// Loads into an empty warehouse: what stands in demo/ is the demo's own.
fn load(root: &Path, config: &Path) -> Result<()> {
    let warehouse = root.join("demo/warehouse");
    if warehouse.exists() {
        std::fs::remove_dir_all(&warehouse)?;
    }
    must(etl()?.arg("load").arg("--config").arg(config))
}

/// Runs a program whose output the user sees.
fn must(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{:?}", command.get_program()))?;
    if !status.success() {
        bail!("{:?} ended with {status}", command.get_program());
    }
    Ok(())
}

struct Demo {
    url: String,
    client: CubeClient,
    database: rusqlite::Connection,
    mismatches: usize,
    version: u64,
}

impl Demo {
    async fn open(root: &Path, server: &Server) -> Result<Self> {
        let url = server.url();
        let views = std::fs::read_to_string(root.join("tests/cases/suitecrm.views"))?;
        Ok(Self {
            client: CubeClient::new(connect(&url).await?),
            database: oracle::open(&root.join("demo/crm.db"), &views)?,
            mismatches: 0,
            version: 0,
            url,
        })
    }

    async fn ask(&mut self, number: usize, question: &Question) -> Result<()> {
        say(&format!("[{number}] {} · {}", question.en, question.zh));
        let began = Instant::now();
        let answer = ask(&mut self.client, &self.url, question).await?;
        let seconds = began.elapsed().as_secs_f64();
        let door = match &question.ask {
            Ask::Cube { .. } => "gRPC",
            Ask::Sql(_) => "Flight SQL",
        };
        self.version = answer.warehouse_version.max(self.version);
        self.show(question)?;
        let verdict = self.compare(question, &answer)?;
        say(&format!(
            "   {seconds:.3} s over {door}, warehouse version {}; {verdict}\n",
            answer.warehouse_version
        ));
        Ok(())
    }

    /// Shows the answer as a user would see it, by the command that a user would type.
    fn show(&self, question: &Question) -> Result<()> {
        let mut command = olap()?;
        match &question.ask {
            Ask::Cube { path, .. } => command.arg("query").arg(path),
            Ask::Sql(sql) => command.arg("sql").arg(sql),
        };
        must(command.args(["--server", &self.url]))
    }

    fn compare(&mut self, question: &Question, answer: &Answer) -> Result<String> {
        let Some(complaint) = against_oracle(&self.database, question, answer)? else {
            return Ok(match answer.rows.len() {
                0 => "no rows, and none in SQLite on the CRM".to_owned(),
                1 => "its row equal to SQLite on the CRM".to_owned(),
                rows => format!("all {rows} rows equal to SQLite on the CRM"),
            });
        };
        self.mismatches += 1;
        Ok(format!("DIFFERS from SQLite on the CRM: {complaint}"))
    }

    fn bench_line(&self, queries: usize, seconds: f64) -> String {
        format!(
            "BENCH demo queries={queries} mismatches={} seconds={seconds:.1} version={}",
            self.mismatches, self.version
        )
    }
}
