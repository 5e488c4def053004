//! Values that no type of ours holds: rejected, made null or clamped as the model says, counted, and shown as the
//! server prints them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use arrow::array::RecordBatch;
use serde_json::Value;

use super::bank::Bank;
use super::cluster::Cluster;
use super::literal::text;
use super::odd_cases::CASES;

/// Every odd value with its row's id, column and the rest.
fn all() -> impl Iterator<
    Item = (
        String,
        &'static str,
        &'static (&'static str, &'static str, Option<&'static str>),
    ),
> {
    let values = CASES
        .iter()
        .flat_map(|(column, _, _, values)| values.iter().map(|value| (*column, value)));
    values
        .enumerate()
        .map(|(id, (column, value))| (format!("r{id:02}"), column, value))
}

/// A table with one odd value a row, and in 'good' none.
fn make() -> Result<Cluster> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    let columns: Vec<String> = CASES
        .iter()
        .map(|(column, pg_type, ..)| format!("\"{column}\" {pg_type}"))
        .collect();
    session.run(&format!(
        "create table odd (id text, note text, {}); insert into odd (id, wide) values ('good', 0.5)",
        columns.join(", ")
    ))?;
    for (id, column, (value, ..)) in all() {
        session.run(&format!(
            "insert into odd (id, note, \"{column}\") values ('{id}', 'é \"q\"', '{value}')"
        ))?;
    }
    Ok(cluster)
}

fn bank(cluster: &Cluster, invalid: &str) -> Result<Bank> {
    let columns: Vec<String> = CASES
        .iter()
        .map(|(column, _, declared, _)| format!("{column}: {{type: '{declared}'{invalid}}}"))
        .collect();
    let table = format!(
        "  odd: {{key: id, columns: {{id: text, note: text, {}}}}}\n",
        columns.join(", ")
    );
    let bank = Bank::at(&cluster.url(), &table)?;
    bank.load()?.done()?;
    Ok(bank)
}

/// Rejects by row id: reason, detail and row.
fn rejects(bank: &Bank) -> Result<BTreeMap<String, (String, String, Value)>> {
    let sql =
        "select row_id, reason, detail, row_json from audit.audit_reject where object = 'odd'";
    bank.lab
        .sql(sql)?
        .into_iter()
        .map(|row| {
            let [id, reason, detail, json] =
                <[String; 4]>::try_from(row).ok().context("four cells")?;
            Ok((id, (reason, detail, serde_json::from_str(&json)?)))
        })
        .collect()
}

fn cells(staged: &RecordBatch, column: &str) -> Result<BTreeMap<String, Option<String>>> {
    let array = staged.column_by_name(column).context("a column")?;
    let ids = staged.column_by_name("id").context("an id")?;
    (0..staged.num_rows())
        .map(|row| {
            Ok((
                text(ids.as_ref(), row)?.unwrap_or_default(),
                text(array.as_ref(), row)?,
            ))
        })
        .collect()
}

#[test]
fn odd_values_are_rejected_with_what_the_server_prints() -> Result<()> {
    let cluster = make()?;
    let bank = bank(&cluster, "")?;
    let odd = all().count();
    assert_eq!(bank.counts("odd")?, [odd as u64 + 1, 1, odd as u64, 0, 0]);
    let rejects = rejects(&bank)?;
    assert_eq!(rejects.len(), odd);
    let columns: Vec<&str> = ["id", "note"]
        .into_iter()
        .chain(CASES.iter().map(|case| case.0))
        .collect();
    let session = cluster.session()?;
    for (id, column, (_, why, _)) in all() {
        let list: Vec<String> = columns
            .iter()
            .map(|column| format!("\"{column}\"::text"))
            .collect();
        let printed = session.rows(&format!(
            "select {} from odd where id = '{id}'",
            list.join(", ")
        ))?;
        let row: serde_json::Map<String, Value> = columns
            .iter()
            .zip(&printed[0])
            .map(|(column, cell)| ((*column).to_owned(), cell.clone().into()))
            .collect();
        let (reason, detail, kept) = rejects.get(&id).context(id)?;
        assert_eq!(reason, &format!("invalid_{column}"));
        let value = row[column].as_str().context("a value")?;
        assert!(
            detail.starts_with(&format!("{column} '{value}' is {why} (")),
            "{detail}"
        );
        assert_eq!(kept, &Value::Object(row));
    }
    Ok(())
}

#[test]
fn odd_values_become_null_where_the_model_says_so() -> Result<()> {
    let bank = bank(&make()?, ", invalid: null")?;
    let odd = all().count() as u64;
    assert_eq!(bank.counts("odd")?, [odd + 1, odd + 1, 0, odd, 0]);
    let staged = bank.staged("odd")?;
    for (id, column, _) in all() {
        assert_eq!(cells(&staged, column)?[&id], None, "{column}");
        assert_eq!(cells(&staged, "note")?[&id].as_deref(), Some("é \"q\""));
    }
    Ok(())
}

#[test]
fn odd_values_are_clamped_or_else_rejected() -> Result<()> {
    let bank = bank(&make()?, ", invalid: clamp")?;
    let odd = all().count() as u64;
    let clamped = all()
        .filter(|(.., (_, _, nearest))| nearest.is_some())
        .count() as u64;
    assert_eq!(
        bank.counts("odd")?,
        [odd + 1, clamped + 1, odd - clamped, 0, clamped]
    );
    let (staged, rejects) = (bank.staged("odd")?, rejects(&bank)?);
    for (id, column, (value, _, nearest)) in all() {
        let cell = cells(&staged, column)?.remove(&id);
        assert_eq!(
            cell,
            nearest.map(|nearest| Some(nearest.to_owned())),
            "{column} {value}"
        );
        assert_eq!(
            rejects.contains_key(&id),
            nearest.is_none(),
            "{column} {value}"
        );
    }
    Ok(())
}

#[test]
fn a_row_without_its_key_is_rejected_whatever_its_table_says() -> Result<()> {
    let cluster = Cluster::start()?;
    cluster.session()?.run(
        "create table keyed (a integer, b date, v numeric); insert into keyed values \
         (1, '2024-01-01', 1), (null, '2024-01-02', 2), (3, 'infinity', 3), (4, null, 'NaN')",
    )?;
    let table = "  keyed: {key: [a, b], invalid: null, columns: {a: integer, b: date, v: 'decimal(9,2)'}}\n";
    let bank = Bank::at(&cluster.url(), table)?;
    bank.load()?.done()?;
    assert_eq!(bank.counts("keyed")?, [4, 1, 3, 1, 0]);
    let sql =
        "select row_id, reason, detail, row_json from audit.audit_reject order by row_json desc";
    let expected = [
        [
            "|2024-01-02",
            "missing_key",
            "a is null",
            r#"{"a":null,"b":"2024-01-02","v":"2"}"#,
        ],
        [
            "4|",
            "missing_key",
            "b is null",
            r#"{"a":"4","b":null,"v":"NaN"}"#,
        ],
        [
            "3|infinity",
            "invalid_b",
            "b 'infinity' is infinite (date)",
            r#"{"a":"3","b":"infinity","v":"3"}"#,
        ],
    ];
    assert_eq!(bank.lab.sql(sql)?, expected);
    Ok(())
}
