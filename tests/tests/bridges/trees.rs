//! Trees of members as hierarchies of cubes, against SQL on the rows of the source.

use anyhow::Result;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::crm::Crm;
use super::ragged::{changes, crm, down};

const CUBE: &str = "cube: visits
star: visit
roles: [employee, city]
measures:
  minutes: {function: sum, of: minutes}
  visits: {function: count}
  longest: {function: max, of: minutes}
  of_all: {expression: 'minutes / parent(minutes, employee)'}
  place: {expression: 'rank(minutes, employee)'}
";

fn visits(unit: &str, seed: u64) -> Result<Crm> {
    let mut random = StdRng::seed_from_u64(seed);
    let crm = crm(&format!(
        "{} insert into changes select * from every_change;",
        changes(&mut random, unit)
    ))?;
    crm.declare("cubes/visits.yaml", CUBE)?;
    crm.lab.load()?.done()?;
    Ok(crm)
}

/// The cells of all levels with their totals, by following managers.
fn expected(crm: &Crm, at: &str) -> Result<Vec<Vec<String>>> {
    let level = |level: usize| format!("coalesce(substr(way, min({level}, level), 1), v.employee)");
    let cells = "sum(minutes), count(*), max(minutes)";
    crm.ask(&format!(
        "{}, cells as (select {} as a, {} as b, {} as c, minutes from visits v left join down d on d.id = v.employee)
         select a, b, c, {cells} from cells group by a, b, c
         union all select a, b, '', {cells} from cells group by a, b
         union all select a, '', '', {cells} from cells group by a
         union all select '', '', '', {cells} from cells order by 1, 2, 3",
        down(at),
        level(1),
        level(2),
        level(3)
    ))
}

const ALL: &str = "cube=visits; measures=minutes,visits,longest; \
    rows=employee.line.level_1,employee.line.level_2,employee.line.level_3; subtotals=rows";

#[test]
fn each_level_of_a_tree_is_told_as_is_and_as_of_a_day() -> Result<()> {
    for seed in [3, 4] {
        let crm = visits("days", seed)?;
        for (history, at) in [
            ("as_is", "9999-01-01 00:00:00"),
            ("as_of 2025-01-01", "2025-01-01 23:59:59"),
            ("as_of 2025-01-25", "2025-01-25 23:59:59"),
            ("as_of 2025-02-15", "2025-02-15 23:59:59"),
        ] {
            let found = crm.cells(3, &format!("{ALL}; history={history}"))?;
            assert_eq!(found, expected(&crm, at)?, "seed {seed}, {history}");
        }
    }
    Ok(())
}

#[test]
fn members_of_a_tree_are_named_as_of_the_day_that_is_asked() -> Result<()> {
    let crm = visits("days", 4)?;
    let mut named = Vec::new();
    for day in ["2025-01-01", "2025-01-25", "2025-02-15"] {
        let ask = |levels: usize, flags: &str| {
            let flags =
                format!("cube=visits; measures=minutes,visits; history=as_of {day}; {flags}");
            crm.cells(levels, &flags)
        };
        for row in ask(1, "rows=employee.line.level_1")? {
            let only = format!("where=employee.line.level_1 = {}", row[0]);
            assert_eq!(ask(0, &only)?, [row[1..].to_vec()], "{day}, {only}");
            named.push(row[0].clone());
        }
    }
    let today = crm.cells(
        1,
        "cube=visits; measures=visits; rows=employee.line.level_1; history=as_is",
    )?;
    let is_at_the_top = |name: &String| today.iter().any(|row| row[0] == *name);
    assert!(named.iter().any(|name| !is_at_the_top(name)), "{named:?}");
    Ok(())
}

#[test]
fn filters_rankings_and_contexts_go_by_the_members_of_a_level() -> Result<()> {
    let crm = visits("days", 3)?;
    let ask = |levels: usize, flags: &str| {
        crm.cells(levels, &format!("cube=visits; history=as_is; {flags}"))
    };
    let way = |level: usize| format!("coalesce(substr(way, min({level}, level), 1), v.employee)");
    let down = down("9999-01-01 00:00:00");
    let (one, two) = (way(1), way(2));
    let cells = format!(
        "{down}, cells as (select {one} as a, {two} as b, v.city, minutes from visits v left join down d on d.id = v.employee)"
    );
    assert_eq!(
        ask(
            0,
            "measures=minutes,visits; where=employee.line.level_2 = b/d"
        )?,
        crm.ask(&format!(
            "{cells} select sum(minutes), count(*) from cells where a = 'b' and b = 'd'"
        ))?
    );
    let rows = "rows=employee.line.level_1,employee.line.level_2";
    assert_eq!(
        ask(2, &format!("measures=minutes,of_all,place; {rows}"))?,
        crm.ask(&format!(
            "{cells}, sums as (select a, b, sum(minutes) as m from cells group by a, b)
             select a, b, m, printf('%.10f', 1.0 * m / sum(m) over (partition by a)), printf('%.10f', rank() over (partition by a order by m desc)) from sums order by 1, 2"
        ))?
    );
    assert_eq!(
        ask(
            1,
            "measures=minutes; rows=employee.line.level_1; top=1 by minutes"
        )?,
        crm.ask(&format!(
            "{cells} select a, sum(minutes) from cells group by a order by 2 desc, 1 limit 1"
        ))?
    );
    let refused = [
        "query",
        "--cube",
        "visits",
        "--measures",
        "minutes",
        "--rows",
        "employee.line.level_1",
    ];
    crm.lab.olap(&refused)?.refused(
        2,
        &[
            "level 'employee.line.level_1' is of a tree with a history",
            "ask as is, or as of a day",
        ],
    )?;
    Ok(())
}

#[test]
fn a_tree_without_history_is_told_as_was_too() -> Result<()> {
    let crm = visits("days", 5)?;
    let file = "model/conformed/employee.yaml";
    crm.lab.replace(file, "manager, scd: 2", "manager")?;
    crm.lab.load()?.done()?;
    let at = "9999-01-01 00:00:00";
    for history in ["as_was", "as_is", "as_of 2025-01-01"] {
        let found = crm.cells(3, &format!("{ALL}; history={history}"))?;
        assert_eq!(found, expected(&crm, at)?, "{history}");
    }
    Ok(())
}
