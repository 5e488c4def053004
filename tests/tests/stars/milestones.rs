//! Accumulating snapshots by declared milestones, against SQL over the same rows.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  deals: {key: id, columns: {id: text, created_at: timestamp, qualified_at: timestamp, offered_at: timestamp, won_at: timestamp, over: boolean, amount: integer}}
entities:
  deal:
    from: deals d
    columns: {id: d.id, created_at: d.created_at, qualified_at: d.qualified_at, offered_at: d.offered_at, won_at: d.won_at, over: d.over, amount: d.amount}
";

const CALENDAR: &str = "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n";

const STAR: &str = "star: deal
grain: One row is one deal.
kind: accumulating
entity: deal
key: id
milestones:
  created: created_at
  qualified: {column: qualified_at, caption: {en: Qualified, zh: 资格确认}}
  offered: offered_at
  won: won_at
durations: UNIT
ended: over
measures:
  amount: {type: integer}
";

const CUBE: &str = "cube: deals
star: deal
roles: [created_date, won_date]
degenerate:
  stage: {columns: [last_milestone]}
measures:
  deals: {function: count}
  days_to_win: {function: average, of: created_to_won_days}
";

/// Every combination of reached and missing milestones, in and out of order, near midnight of the warehouse zone.
const DATABASE: &str = "create table deals (id text primary key, created_at text, qualified_at text, offered_at text, won_at text, over integer, amount integer);
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 159)
  insert into deals select 'd' || i,
    iif(i & 1, datetime('2025-03-01 15:30:00', (i * 997) || ' minutes'), null),
    iif(i & 2, datetime('2025-03-04 16:10:00', (i * 1009) || ' minutes'), null),
    iif(i & 4, datetime('2025-03-09 08:00:00', (i * 613) || ' minutes'), null),
    iif(i & 8, datetime('2025-03-20 15:59:59', (i * 367) || ' minutes'), null),
    i >= 120, i from n;";

fn case(unit: &str) -> Result<Case> {
    let star = STAR.replace("UNIT", unit);
    let cube = CUBE.replace("_days", &format!("_{unit}"));
    let files = [
        ("sources/crm.yaml", SOURCE),
        ("conformed/date.yaml", CALENDAR),
        ("stars/deal.yaml", &star),
        ("cubes/deals.yaml", &cube),
    ];
    Case::new("Asia/Shanghai", DATABASE, &files)
}

/// The star as SQL works it out; `duration` is what lies between two instants.
fn expected(duration: impl Fn(&str, &str) -> String) -> String {
    const STEPS: [&str; 4] = ["created", "qualified", "offered", "won"];
    let last = "case when won_at is not null then 4 when offered_at is not null then 3 when qualified_at is not null then 2
                when created_at is not null then 1 else 0 end";
    let day = |at: usize| {
        let name = STEPS[at];
        format!(
            "coalesce(date({name}_at, '+8 hours'), iif(over or {last} > {}, 'not_applicable', 'not_yet_arrived'))",
            at + 1
        )
    };
    let span = |from: usize, to: usize| {
        let between = duration(&format!("{}_at", STEPS[from]), &format!("{}_at", STEPS[to]));
        format!("iif({between} >= 0, {between}, null)")
    };
    let columns = [
        (0..4).map(day).collect::<Vec<_>>(),
        vec![span(0, 1), span(1, 2), span(2, 3), span(0, 2), span(0, 3)],
    ];
    format!(
        "select id, {}, substr('         created  qualifiedoffered  won      ', {last} * 9 + 1, 9) from deals order by id",
        columns.concat().join(", ")
    )
}

fn published(unit: &str) -> String {
    format!(
        "select source_row_id, c.date_id, q.date_id, o.date_id, w.date_id, created_to_qualified_{unit}, qualified_to_offered_{unit},
           offered_to_won_{unit}, created_to_offered_{unit}, created_to_won_{unit}, last_milestone
         from fact_deal f join dim_date c on c.date_key = created_date_key join dim_date q on q.date_key = qualified_date_key
           join dim_date o on o.date_key = offered_date_key join dim_date w on w.date_key = won_date_key order by 1"
    )
}

fn trimmed(table: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let row = |row: Vec<String>| row.iter().map(|cell| cell.trim().to_owned()).collect();
    table.into_iter().map(row).collect()
}

fn days(from: &str, to: &str) -> String {
    format!(
        "cast(julianday(date({to}, '+8 hours')) - julianday(date({from}, '+8 hours')) as integer)"
    )
}

fn hours(from: &str, to: &str) -> String {
    format!("iif({to} < {from}, -1, (unixepoch({to}) - unixepoch({from})) / 3600)")
}

#[test]
fn milestones_make_days_durations_and_the_last_one_reached() -> Result<()> {
    let case = case("days")?;
    case.load_twice("2025-12-31")?;
    let table = trimmed(case.source(&expected(days))?);
    assert_eq!(case.stars(&published("days"))?, table);
    let has = |value: &str| table.iter().flatten().any(|cell| cell == value);
    assert!(has("not_applicable") && has("not_yet_arrived") && has("won"));
    // ten of sixteen combinations have two milestones and more, of which some are out of order
    let wrong =
        "select count(*) from deals where qualified_at < created_at or offered_at < created_at";
    assert_ne!(case.source(wrong)?, rows(&[&["0"]]));
    let answer = case.lab.query(&[
        "--cube",
        "deals",
        "--measures",
        "deals,days_to_win",
        "--rows",
        "stage.stage.last_milestone",
    ])?;
    let won = answer
        .iter()
        .find(|row| row[0] == "won")
        .map(|row| row[2..].to_vec());
    let between = days("created_at", "won_at");
    let average = format!(
        "select count(*), avg(iif({between} >= 0, {between}, null)) from deals where won_at is not null"
    );
    let average: Vec<f64> = case.source(&average)?[0]
        .iter()
        .map(|cell| cell.parse())
        .collect::<Result<_, _>>()?;
    let won: Vec<f64> = won
        .unwrap_or_default()
        .iter()
        .map(|cell| cell.parse())
        .collect::<Result<_, _>>()?;
    assert_eq!(won[0], average[0]);
    assert!((won[1] - average[1]).abs() < 1e-6, "{won:?} {average:?}");
    Ok(())
}

#[test]
fn hours_can_be_told() -> Result<()> {
    let case = case("hours")?;
    case.load_twice("2025-12-31")?;
    assert_eq!(
        case.stars(&published("hours"))?,
        trimmed(case.source(&expected(hours))?)
    );
    Ok(())
}

#[test]
fn what_is_out_of_order_is_told() -> Result<()> {
    let case = case("days")?;
    let said = case.load("2025-12-31")?;
    let wrong = ["created_at", "qualified_at", "offered_at", "won_at"];
    let pairs = [(0, 1), (1, 2), (2, 3), (0, 2), (0, 3)];
    let wrong: Vec<String> = pairs
        .map(|(a, b)| format!("{} < 0", days(wrong[a], wrong[b])))
        .into();
    let count = case.source(&format!(
        "select count(*) from deals where {}",
        wrong.join(" or ")
    ))?;
    let told = format!(
        "fact_deal: {} rows reached a milestone before one that comes earlier",
        count[0][0]
    );
    assert!(
        format!("{}{}", said.out, said.err).contains(&told),
        "{told}\n{}{}",
        said.out,
        said.err
    );
    Ok(())
}

/// Deals that pass their milestones between loads, are re-opened and go, end as those that are loaded at once.
#[test]
fn many_loads_end_as_one() -> Result<()> {
    let (steps, once) = (case("days")?, case("days")?);
    let changes = [
        "update deals set won_at = null",
        "update deals set offered_at = null, over = 0 where id < 'd2'",
        "delete from deals where id like 'd3%'",
        "update deals set won_at = datetime(created_at, '+40 days'), over = 1 where id like 'd1%'",
        // re-opened: what was reached is taken back
        "update deals set won_at = null, offered_at = null, over = 0 where id like 'd15%'",
    ];
    steps.load("2025-12-31")?;
    for change in changes {
        steps.change(change)?;
        steps.load("2025-12-31")?;
        once.change(change)?;
    }
    once.load("2025-12-31")?;
    let table = trimmed(once.source(&expected(days))?);
    assert_eq!(once.stars(&published("days"))?, table);
    let standing =
        published("days").replace(" order by 1", " where not f.deleted_at_source order by 1");
    assert_eq!(steps.stars(&standing)?, table);
    Ok(())
}

/// A star that learns of its milestones later gets their columns, also in rows that the source has lost since.
#[test]
fn milestones_come_to_a_living_warehouse() -> Result<()> {
    let case = case("days")?;
    let star = STAR.replace("UNIT", "days");
    let (head, rest) = star.split_once("milestones:").unwrap_or_default();
    let (_, tail) = rest.split_once("ended: over\n").unwrap_or_default();
    case.declare("stars/deal.yaml", &format!("{head}{tail}"))?;
    case.lab.replace(
        "model/cubes/deals.yaml",
        "roles: [created_date, won_date]\ndegenerate:\n  stage: {columns: [last_milestone]}\n",
        "",
    )?;
    case.lab.replace(
        "model/cubes/deals.yaml",
        "  days_to_win: {function: average, of: created_to_won_days}\n",
        "",
    )?;
    case.load("2025-12-31")?;
    let before = trimmed(case.source(&expected(days))?);
    case.change("delete from deals where id = 'd15'")?;
    case.load("2025-12-31")?;
    case.declare("stars/deal.yaml", &star)?;
    case.load_twice("2025-12-31")?;
    let standing =
        published("days").replace(" order by 1", " where not f.deleted_at_source order by 1");
    assert_eq!(
        case.stars(&standing)?,
        trimmed(case.source(&expected(days))?)
    );
    // the package of the first load knows the one that is lost
    assert_eq!(case.stars(&published("days"))?, before);
    Ok(())
}

#[test]
fn milestones_that_make_no_sense_are_refused_at_their_place() -> Result<()> {
    let refused = |old: &str, new: &str, expected: &str| -> Result<()> {
        let case = case("hours")?;
        case.lab.replace("model/stars/deal.yaml", old, new)?;
        case.lab.etl(&["plan"])?.refused(2, &[expected])?;
        Ok(())
    };
    refused(
        "kind: accumulating",
        "kind: transaction",
        "milestones belong to a star of 'kind: accumulating'",
    )?;
    refused(
        "offered: offered_at",
        "offered: ofered_at",
        "stars/deal.yaml:10:3: unknown column of the entity 'ofered_at'",
    )?;
    refused(
        "ended: over",
        "ended: ova",
        "stars/deal.yaml:13:8: unknown column of the entity 'ova'",
    )?;
    refused("durations: hours", "durations: weeks", "weeks")?;
    refused(
        "qualified: {column: qualified_at,",
        "qualified: {column: qualified_at, dimension: day,",
        "unknown dimension 'day'",
    )?;
    refused(
        "  qualified: {column: qualified_at, caption: {en: Qualified, zh: 资格确认}}\n  offered: offered_at\n  won: won_at\n",
        "",
        "at least two milestones",
    )?;
    let typed = |old: &str, new: &str, expected: &str| -> Result<()> {
        let case = case("days")?;
        case.lab.replace("model/sources/crm.yaml", old, new)?;
        case.lab.etl(&["plan"])?.refused(2, &[expected])?;
        case.lab.load()?.refused(2, &[expected])?;
        Ok(())
    };
    typed(
        "won_at: timestamp",
        "won_at: text",
        "stars/deal.yaml:11:3: column 'won_at' of entity 'deal' is text, not a date or an instant",
    )?;
    for kind in ["text", "integer"] {
        let expected = format!(
            "stars/deal.yaml:13:8: column 'over' of entity 'deal' is {kind}, not true or false"
        );
        typed("over: boolean", &format!("over: {kind}"), &expected)?;
    }
    let case = case("days")?;
    case.lab.replace(
        "model/stars/deal.yaml",
        "won: won_at",
        "won: {dimension: date}",
    )?;
    let said = case.lab.etl(&["plan"])?;
    let said = said.refused(2, &["stars/deal.yaml:11:8: a milestone lacks 'column'"])?;
    assert_eq!(
        said.err.matches("lacks 'column'").count(),
        1,
        "{}",
        said.err
    );
    let case = self::case("hours")?;
    case.lab.replace(
        "model/sources/crm.yaml",
        "won_at: timestamp",
        "won_at: date",
    )?;
    case.lab.etl(&["plan"])?.refused(
        2,
        &["column 'won_at' of entity 'deal' is date, not an instant"],
    )?;
    Ok(())
}
