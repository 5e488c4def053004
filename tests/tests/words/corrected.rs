//! Stars of streams of which the source corrects changes in their places, against SQL over the last words.

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use super::case::{Case, rows};

const SOURCE: &str = "source: crm
tables:
  changes: {key: [part, number], columns: {part: text, number: bigint, id: text, at: timestamp, gone: boolean, city: text, amount: integer}}
entities:
  contract:
    from: changes c
    changes: {at: c.at}
    deleted: c.gone
    columns: {id: c.id, city: c.city, amount: c.amount}
";

const LAST: &str = "star: contract
grain: One row is one contract as it stands.
entity: contract
key: id
degenerate:
  city: text
measures:
  amount: {type: integer}
";

const MONTHS: &str = "star: contract_state
grain: One row is one contract at the end of one month.
kind: periodic
every: month
entity: contract
key: id
dimensions:
  month: {dimension: date, column: period_end}
degenerate:
  city: text
measures:
  amount: {type: integer, additivity: semi_additive, over: month}
";

const COLUMNS: &str = "part text, number integer, id text, at text, gone integer, city text, amount integer, primary key (part, number)";
const BACKWARDS: &str = "at desc, gone, city desc, amount desc";

/// Few values and few instants, so that many changes are tied.
fn values(random: &mut StdRng) -> String {
    let gone = i32::from(random.random_bool(0.2));
    let city = ["'x'", "'y'", "null"].choose(random).unwrap_or(&"null");
    format!("{gone}, {city}, {}", random.random_range(0..9))
}

#[test]
fn the_last_word_of_each_change_counts_in_whatever_parts_they_come() -> Result<()> {
    for seed in 0..1 {
        let mut random = StdRng::seed_from_u64(seed);
        let tables =
            format!("create table every_change ({COLUMNS}); create table changes ({COLUMNS});");
        let files = [
            ("sources/crm.yaml", SOURCE),
            ("stars/contract.yaml", LAST),
            ("stars/contract_state.yaml", MONTHS),
        ];
        let case = Case::new(&tables, &files)?;
        let mut numbers: Vec<i64> = (0..24).collect();
        for number in &numbers {
            let id = ["a", "b", "c"].choose(&mut random).unwrap_or(&"a");
            let at = format!(
                "datetime('2025-01-20', '{} days')",
                random.random_range(0..5) * 20
            );
            let values = values(&mut random);
            case.change(&format!(
                "insert into every_change values ('p', {number}, '{id}', {at}, {values})"
            ))?;
        }
        numbers.shuffle(&mut random);
        for part in numbers.chunks(6) {
            let mut shown = part.to_vec();
            for _ in 0..3 {
                let number = random.random_range(0..24);
                let values = values(&mut random);
                case.change(&format!("update every_change set (gone, city, amount) = ({values}) where number = {number}"))?;
                shown.push(number);
            }
            let shown: Vec<String> = shown.iter().map(i64::to_string).collect();
            case.change(&format!("delete from changes; insert into changes select * from every_change where number in ({})", shown.join(", ")))?;
            case.load_twice("2025-06-18")?;
        }
        let last = format!(
            "with fate as (select id, gone, row_number() over (partition by id order by {BACKWARDS}) as back from every_change),
               told as (select *, row_number() over (partition by id order by {BACKWARDS}) as back from every_change where not gone)
             select t.id, city, cast(amount as text), iif(f.gone, 'true', 'false')
             from told t join fate f on f.id = t.id and f.back = 1 where t.back = 1 order by 1"
        );
        let published =
            "select source_row_id, city, amount, deleted_at_source from fact_contract order by 1";
        let expected = case.source(&last)?;
        assert_eq!(case.sql(published)?, expected, "seed {seed}");
        let months = format!(
            "with recursive period(e) as (select '2025-01-31' union all select date(e, '+1 day', '+1 month', '-1 day') from period where e < '2025-06-30'),
               state as (select c.*, e, row_number() over (partition by id, e order by {BACKWARDS}) as back
                 from period join every_change c on c.at < datetime(min(e, '2025-06-18'), '+1 day'))
             select id || '|' || e, city, cast(amount as text) from state where back = 1 and not gone order by 1"
        );
        let published_months = "select source_row_id, city, amount from fact_contract_state where not deleted_at_source order by 1";
        let expected_months = case.source(&months)?;
        assert!(!expected_months.is_empty());
        assert_eq!(case.sql(published_months)?, expected_months, "seed {seed}");
        assert_eq!(case.rebuilt("anew", published)?, expected, "seed {seed}");
        assert_eq!(
            case.rebuilt("once_more", published_months)?,
            expected_months,
            "seed {seed}"
        );
    }
    Ok(())
}

/// Rows of a view have no key: whether a change is another one or the same, corrected, nobody can tell.
#[test]
fn changes_of_which_nobody_knows_which_they_are_go_by_their_values() -> Result<()> {
    let view = SOURCE
        .replace(
            "entities:",
            "views:\n  seen: select * from changes\nentities:",
        )
        .replace("from: changes c", "from: seen c");
    let files = [
        ("sources/crm.yaml", view.as_str()),
        ("stars/contract.yaml", LAST),
    ];
    let case = Case::new(
        &format!(
            "create table changes ({COLUMNS}); insert into changes values ('p', 1, 'a', '2025-01-05 00:00:00', 0, 'm', 5);"
        ),
        &files,
    )?;
    let published = "select source_row_id, city, amount from fact_contract order by 1";
    case.load_twice("2025-06-18")?;
    // a greater value counts, a smaller one does not
    for (city, expected) in [("x", "x"), ("b", "x")] {
        case.change(&format!("update changes set city = '{city}'"))?;
        case.load_twice("2025-06-18")?;
        assert_eq!(
            case.sql(published)?,
            rows(&[["a", expected, "5"]]),
            "{city}"
        );
    }
    Ok(())
}
