//! The oracle: SQLite runs hand-written SQL on the operational database itself.
//!
//! A column's name may end with a mark: `__e4` = an integer in units of 10^-4, `__fraction` = a text
//! `numerator/denominator` of integers that is divided half-even with ten decimals. In the columns of members null
//! means the member `@not_given`, `*` a subtotal; in the columns of measures null is null.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::number::{canonical, fraction, scaled};

/// Opens the operational database read-only, with the shared views of the questions.
///
/// # Errors
/// If the database cannot be opened or the views are not SQL.
pub fn open(database: &Path, views: &str) -> Result<Connection> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("opening {}", database.display()))?;
    connection.execute_batch("pragma temp_store = memory")?;
    connection
        .execute_batch(views)
        .context("creating the oracle's views")?;
    Ok(connection)
}

/// Lets the oracle remember accounts that have vanished from the database with their audit since it was moved.
///
/// This is the only thing that the oracle takes from the database before: the warehouse keeps a customer whose row
/// has vanished, so documents that still name it keep its name, industry and rating; the moved database alone no
/// longer knows them. Documents that have vanished are not remembered.
///
/// # Errors
/// If the database before cannot be read.
pub fn remember_accounts(connection: &Connection, before: &Path) -> Result<()> {
    let before = before.to_str().context("the path is not text")?;
    connection.execute("attach ?1 as before", [before])?;
    connection.execute_batch(
        "insert into known_accounts select * from before.accounts
           where id not in (select id from main.accounts);
         insert into known_accounts_audit select * from before.accounts_audit
           where id not in (select id from main.accounts_audit);",
    )?;
    Ok(())
}

/// Computes the views of the stars once instead of in every question.
///
/// # Errors
/// If one of the views does not exist.
pub fn compute_views(connection: &Connection) -> Result<()> {
    for view in ["sales", "opportunity", "service_case"] {
        connection.execute_batch(&format!(
            "create temp table computed as select * from {view};
             drop view {view};
             alter table computed rename to {view};"
        ))?;
    }
    Ok(())
}

/// Runs the oracle of a question whose first `members` columns hold members.
///
/// # Errors
/// If SQLite refuses the SQL, or a marked column does not hold what its mark says.
pub fn rows(connection: &Connection, sql: &str, members: usize) -> Result<Vec<Vec<String>>> {
    let mut statement = connection.prepare(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let mut shown = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = names.iter().enumerate().map(|(at, name)| {
            let value = row.get_ref(at)?;
            match value {
                ValueRef::Null if at < members => Ok("@not_given".to_owned()),
                value => cell(name, value),
            }
        });
        shown.push(cells.collect::<Result<Vec<String>>>()?);
    }
    Ok(shown)
}

fn cell(name: &str, value: ValueRef<'_>) -> Result<String> {
    if matches!(value, ValueRef::Null) {
        return Ok("null".to_owned());
    }
    match name.rsplit_once("__").map(|(_, mark)| mark) {
        Some("fraction") => {
            let (top, bottom) = value
                .as_str()?
                .split_once('/')
                .context("no numerator/denominator")?;
            let quotient = fraction(top.parse()?, bottom.parse()?);
            Ok(quotient.unwrap_or_else(|| "null".to_owned()))
        }
        Some("e4") => Ok(scaled(i128::from(value.as_i64()?), 4)),
        _ => Ok(match value {
            ValueRef::Integer(value) => value.to_string(),
            ValueRef::Text(text) => canonical(std::str::from_utf8(text)?),
            ValueRef::Real(_) => bail!("column '{name}' is a float; the oracle sums integers"),
            _ => bail!("column '{name}' is a blob"),
        }),
    }
}
