//! A question and its oracle: two files side by side.
//!
//! `name.yaml` is a query file as `planisphere-olap query` reads it, or `name.star.sql` a statement for Flight SQL;
//! `name.sql` is SQL for SQLite on the operational database, with the question in words in its first lines:
//!
//! ```sql
//! -- en: Revenue of 2025 by product group
//! -- zh: 2025 年各产品组销售额
//! -- ordered            (only if the order of the rows is part of the answer)
//! select …
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// One question.
#[derive(Debug, Clone)]
pub struct Question {
    /// The file name without its ending.
    pub name: String,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
    /// How it is asked.
    pub ask: Ask,
    /// The SQL of the oracle.
    pub oracle: String,
    /// True if the order of the rows is part of the answer.
    pub ordered: bool,
}

/// How a question is asked.
#[derive(Debug, Clone)]
pub enum Ask {
    /// As a cube query over gRPC.
    Cube {
        /// The query file.
        path: PathBuf,
        /// Its text.
        text: String,
    },
    /// As SQL over Flight SQL.
    Sql(String),
}

/// All questions of a folder in the order of their names.
///
/// # Errors
/// If a file cannot be read or stands alone.
pub fn read_questions(folder: &Path) -> Result<Vec<Question>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(name) = name
            .strip_suffix(".star.sql")
            .or(name.strip_suffix(".yaml"))
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    if names.is_empty() {
        bail!("no questions in {}", folder.display());
    }
    names
        .iter()
        .map(|name| read_question(folder, name))
        .collect()
}

fn read_question(folder: &Path, name: &str) -> Result<Question> {
    let read = |ending: &str| {
        let path = folder.join(format!("{name}.{ending}"));
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let path = folder.join(format!("{name}.yaml"));
    let ask = match path.exists() {
        true => Ask::Cube {
            path,
            text: read("yaml")?,
        },
        false => Ask::Sql(read("star.sql")?),
    };
    let oracle = read("sql")?;
    let words = |language: &str| -> Result<String> {
        let mark = format!("-- {language}: ");
        let line = oracle.lines().find_map(|line| line.strip_prefix(&mark));
        Ok(line
            .with_context(|| format!("{name}.sql lacks a line '{mark}…'"))?
            .to_owned())
    };
    Ok(Question {
        name: name.to_owned(),
        en: words("en")?,
        zh: words("zh")?,
        ordered: oracle.lines().any(|line| line.trim() == "-- ordered"),
        ask,
        oracle,
    })
}
