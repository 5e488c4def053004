//! The judged matrix: every question of `tests/cases/{sales,pipeline,service,customers}`, asked of a running server and of SQLite
//! on the operational database itself, before and after that database moved a week forward.

use std::collections::HashMap;

use anyhow::{Result, bail};
use planisphere_olap::grpc::{CubeClient, connect};
use planisphere_tests::answer::{Answer, ask_cube};
use planisphere_tests::checks::{adds_up, against_oracle, ask, query_of, subtotals_stand};
use planisphere_tests::crm::Crm;
use planisphere_tests::programs::Server;
use planisphere_tests::question::{Ask, Question, read_questions};
use planisphere_tests::root;
use rusqlite::Connection;

const CUBES: [&str; 4] = ["sales", "pipeline", "service", "customers"];

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_equals_sqlite_on_the_crm_itself() -> Result<()> {
    let crm = Crm::create(800, 11)?;
    crm.load("2026-10-31")?;
    let server = Server::start(&crm.config())?;
    let mut judge = Judge::open(&server).await?;

    let first = judge.all("first load", &crm.oracle()?, 1).await?;
    judge.again(&first).await?;

    crm.advance(7)?;
    crm.load("2026-11-07")?;
    // each question asks for the latest version, so the first one already finds the new one
    let second = judge.all("second load", &crm.oracle()?, 2).await?;
    judge.something_moved(&first, &second);
    judge.vanished_rows_are_kept(&crm).await?;
    judge.version_one_still_answers(&first).await?;
    judge.verdict()
}

/// A client, the questions, and the complaints so far.
struct Judge {
    url: String,
    client: CubeClient,
    questions: Vec<(String, Question)>,
    complaints: Vec<String>,
}

/// Answers by the full names of their questions.
type Answers = HashMap<String, Answer>;

impl Judge {
    async fn open(server: &Server) -> Result<Self> {
        let mut questions = Vec::new();
        for cube in CUBES {
            for question in read_questions(&root().join("tests/cases").join(cube))? {
                questions.push((format!("{cube}/{}", question.name), question));
            }
        }
        Ok(Self {
            url: server.url(),
            client: CubeClient::new(connect(&server.url()).await?),
            questions,
            complaints: Vec::new(),
        })
    }

    /// Asks all questions and judges the answers.
    async fn all(&mut self, phase: &str, database: &Connection, version: u64) -> Result<Answers> {
        let mut answers = Answers::new();
        for (name, question) in self.questions.clone() {
            let asked = Box::pin(self.one(database, &question, version)).await;
            match asked {
                Ok((answer, complaints)) => {
                    let said = complaints.iter().map(|it| format!("{phase}, {name}: {it}"));
                    self.complaints.extend(said);
                    answers.insert(name, answer);
                }
                Err(error) => self.complaints.push(format!("{phase}, {name}: {error:#}")),
            }
        }
        Ok(answers)
    }

    async fn one(
        &mut self,
        database: &Connection,
        question: &Question,
        version: u64,
    ) -> Result<(Answer, Vec<String>)> {
        let answer = ask(&mut self.client, &self.url, question).await?;
        let mut complaints = Vec::new();
        complaints.extend(against_oracle(database, question, &answer)?);
        if answer.rows.is_empty() {
            complaints.push("no rows: it proves nothing".to_owned());
        }
        if answer.warehouse_version != version {
            let named = answer.warehouse_version;
            complaints.push(format!("names version {named}, not {version}"));
        }
        if let Some(file) = query_of(question)? {
            complaints.extend(adds_up(&mut self.client, &file).await?);
        }
        Ok((answer, complaints))
    }

    /// Answers come again in the same order, and their subtotals are what queries of their own say.
    async fn again(&mut self, answers: &Answers) -> Result<()> {
        for (name, question) in self.questions.clone() {
            let (Some(file), Some(answer)) = (query_of(&question)?, answers.get(&name)) else {
                continue;
            };
            if ask(&mut self.client, &self.url, &question).await? != *answer {
                self.complaints
                    .push(format!("{name}: asked again, other rows or another order"));
            }
            let said = subtotals_stand(&mut self.client, &file, answer).await?;
            self.complaints
                .extend(said.iter().map(|it| format!("{name}: {it}")));
        }
        Ok(())
    }

    /// A second load that changed no answer would prove nothing.
    fn something_moved(&mut self, first: &Answers, second: &Answers) {
        for cube in CUBES {
            let rows = |answers: &Answers, name: &str| answers.get(name).map(|it| it.rows.clone());
            let moved = |name: &&String| rows(first, name) != rows(second, name);
            let of_cube = first.keys().filter(|name| name.starts_with(cube));
            if of_cube.filter(moved).count() == 0 {
                self.complaints
                    .push(format!("no answer of {cube} changed by the second load"));
            }
        }
    }

    /// Rows that vanished from the moved database are left out of answers (which the questions show), but not lost.
    async fn vanished_rows_are_kept(&mut self, crm: &Crm) -> Result<()> {
        for (cube, count, view) in [
            ("sales", "lines", "o_sales_line"),
            ("pipeline", "opportunities", "o_opportunity"),
            ("service", "cases", "o_case"),
        ] {
            let (now, vanished) = crm.ids(view)?;
            let text = format!("cube: {cube}\nmeasures: [{count}]\ninclude_deleted: true\n");
            let answer = ask_cube(&mut self.client, cube, &text).await?;
            let expected = (now.len() + vanished.len()).to_string();
            if vanished.is_empty() || answer.rows != [[expected.clone()]] {
                let gone = vanished.len();
                self.complaints.push(format!(
                    "{cube}: {gone} rows vanished; with deleted rows {:?}, not {expected}",
                    answer.rows
                ));
            }
        }
        Ok(())
    }

    /// Version 1, asked for by number, answers as it did when it was the latest.
    async fn version_one_still_answers(&mut self, first: &Answers) -> Result<()> {
        for (name, question) in self.questions.clone() {
            let (Ask::Cube { text, .. }, Some(before)) = (&question.ask, first.get(&name)) else {
                continue;
            };
            let text = format!("version: 1\n{text}");
            let answer = ask_cube(&mut self.client, &question.name, &text).await?;
            if answer != *before {
                self.complaints
                    .push(format!("{name}: version 1 answers otherwise than before"));
            }
        }
        Ok(())
    }

    fn verdict(self) -> Result<()> {
        if self.complaints.is_empty() {
            return Ok(());
        }
        bail!(
            "{} complaints:\n- {}",
            self.complaints.len(),
            self.complaints.join("\n- ")
        )
    }
}
