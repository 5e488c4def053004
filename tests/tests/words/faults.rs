//! Faults of the model that name their cause, with its place.

use anyhow::{Result, ensure};

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  sales:
    key: id
    columns: {id: text, amount: integer, made: timestamp}
    history: {audit: ch, columns: [amount], CREATED parent: id, at: at, field: what, before: old, after: new}
  ch: {key: n, columns: {n: bigint, id: text, at: timestamp, what: text, old: text, new: text}}
entities:
  sale:
    from: sales s
    columns: {id: s.id, amount: s.amount}
";
const STAR: &str = "star: sale
grain: One row is one sale.
entity: sale
key: id
corrections: offset
measures:
  amount: {type: integer}
";
const CUBE: &str = "cube: sale
star: sale
measures:
  amount: {function: sum, of: amount}
  sales: {function: sum, of: booked}
";

fn plan(created: &str, star: &str) -> Result<String> {
    let source = SOURCE.replace("CREATED", created);
    let files = [
        ("sources/crm.yaml", source.as_str()),
        ("stars/sale.yaml", star),
        ("cubes/sale.yaml", CUBE),
    ];
    let case = Case::new("create table t(id text);", &files)?;
    let said = case.lab.etl(&["plan"])?;
    match said.code {
        0 => Ok(String::new()),
        _ => Ok(said.refused(2, &[])?.err),
    }
}

#[test]
fn a_history_without_created_names_the_field_and_its_place() -> Result<()> {
    assert_eq!(plan("created: made,", STAR)?, "");
    for (created, place) in [("", "crm.yaml:4:3"), ("created: maed,", "crm.yaml:7:54")] {
        let told = plan(created, STAR)?;
        ensure!(told.contains("'created' of its history"), "{told}");
        ensure!(
            told.contains("'date_entered' where that is left out"),
            "{told}"
        );
        ensure!(told.contains(place), "{place} is missing in {told}");
    }
    Ok(())
}

#[test]
fn a_mistake_in_corrections_is_told_alone() -> Result<()> {
    let told = plan("created: made,", &STAR.replace("offset", "offsets"))?;
    let expected =
        "stars/sale.yaml:6:14: unknown value of 'corrections' 'offsets' (did you mean 'offset'?)";
    ensure!(told.contains(expected), "{told}");
    ensure!(!told.contains("booked"), "{told}");
    // without the field the cause is that there is no such column
    let told = plan("created: made,", &STAR.replace("corrections: offset\n", ""))?;
    ensure!(
        told.contains("unknown measure of the fact 'booked'"),
        "{told}"
    );
    Ok(())
}
