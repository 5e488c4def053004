//! Dimensions that are trees of their own members, and their closures.

use anyhow::Result;
use planisphere_tests::lab::rows;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::crm::{Crm, refused};

const SOURCE: &str = "planisphere: 1
source: crm
tables:
  changes:
    key: number
    columns: {number: bigint, id: text, at: timestamp, manager: text, name: text}
  visits:
    key: id
    columns: {id: text, employee: text, at: timestamp, minutes: integer}
entities:
  employee:
    from: changes c
    changes: {at: c.at, sequence: c.number}
    columns: {employee_id: c.id, manager: c.manager, name: c.name}
  visit:
    from: visits v
    columns: {visit_id: v.id, employee_id: v.employee, at: v.at, minutes: v.minutes}
";

const EMPLOYEE: &str = "planisphere: 1
dimension: employee
entity: employee
key: employee_id
attributes:
  name: {type: text}
parent: {column: manager, scd: 2}
";

const STAR: &str = "planisphere: 1
star: visit
grain: One row is one visit.
entity: visit
key: visit_id
dimensions:
  employee: {column: employee_id, as_of: at}
measures:
  minutes: {type: integer}
";

fn files() -> [(&'static str, &'static str); 3] {
    [
        ("sources/crm", SOURCE),
        ("conformed/employee", EMPLOYEE),
        ("stars/visit", STAR),
    ]
}

/// Managers that change at random: some are strangers, some make circles, some are nobody.
fn tables(random: &mut StdRng) -> String {
    let mut sql = String::from(
        "create table every_change (number integer primary key, id text, at text, manager text, name text);
         create table changes as select * from every_change where false;
         create table visits (id text primary key, employee text, at text, minutes integer);
         with recursive t(n) as (select 0 union all select n + 1 from t where n < 8)
         insert into visits select e.id || n, e.id, datetime('2025-01-01', (n * 10 + 5) || ' seconds'), n + 1
         from t, (select 'a' as id union select 'b' union select 'c' union select 'd' union select 'e') e;",
    );
    for number in 0..30 {
        let id = ["a", "b", "c", "d", "e"][number % 5];
        let manager =
            ["'a'", "'b'", "'c'", "'d'", "'e'", "'x'", "null", "''"][random.random_range(0..8)];
        let at = random.random_range(0..8) * 10;
        sql += &format!(
            "insert into every_change values ({number}, '{id}', datetime('2025-01-01', '{at} seconds'), {manager}, '{id}');"
        );
    }
    sql
}

/// Who is above whom at an instant, worked out from all changes: the last manager up to then, else the first ever told of.
fn expected(crm: &Crm, at: &str) -> Result<Vec<Vec<String>>> {
    crm.ask(&format!(
        "with recursive word as (select *, row_number() over (partition by id, at order by number desc) as nth from every_change),
           held as (select id, manager, row_number() over (partition by id
             order by (at <= '{at}') desc, iif(at <= '{at}', at, null) desc, at) as nth from word where nth = 1),
           known as (select id, iif(manager in (select id from every_change), manager, null) as manager from held where nth = 1),
           reach as (select id, manager as up from known where manager is not null
             union select r.id, k.manager from reach r join known k on k.id = r.up where k.manager is not null),
           tree as (select id, iif(id in (select id from reach where id = up), null, manager) as manager from known),
           way as (select id, id as up, 0 as depth from tree
             union all select w.id, t.manager, w.depth + 1 from way w join tree t on t.id = w.up where t.manager is not null)
         select up, id, depth, iif((select manager from tree t where t.id = up) is null, 'true', 'false'),
           iif(id in (select manager from tree), 'false', 'true') from way order by 1, 2"
    ))
}

fn found(crm: &Crm, at: &str) -> Result<Vec<Vec<String>>> {
    let at = at.replace(' ', "T");
    crm.sql(&format!(
        "select a.employee_id, d.employee_id, b.depth, b.is_top, b.is_leaf from bridge_employee_closure b
         join dim_employee a on a.employee_durable_key = b.ancestor_durable_key and a.is_current
         join dim_employee d on d.employee_durable_key = b.descendant_durable_key and d.is_current
         where b.ancestor_durable_key > 0 and b.valid_from <= timestamp '{at}Z' and timestamp '{at}Z' < b.valid_to order by 1, 2"
    ))
}

#[test]
fn at_each_instant_the_closure_has_every_way_to_the_top_in_any_order_of_changes() -> Result<()> {
    for seed in [1, 2, 3] {
        let mut random = StdRng::seed_from_u64(seed);
        let crm = Crm::new(&files(), &tables(&mut random))?;
        let mut numbers: Vec<i64> = (0..30).collect();
        numbers.shuffle(&mut random);
        while !numbers.is_empty() {
            let some = numbers.drain(..random.random_range(5..20).min(numbers.len()));
            let some: Vec<String> = some.map(|number| number.to_string()).collect();
            crm.load_after(&format!(
                "delete from changes; insert into changes select * from every_change where number in ({})",
                some.join(", ")
            ))?;
        }
        for second in ["00", "05", "10", "15", "25", "30", "45", "55"] {
            let at = format!("2025-01-01 00:00:{second}");
            assert_eq!(found(&crm, &at)?, expected(&crm, &at)?, "seed {seed}, {at}");
        }
        assert!(crm.load()?.err.contains("nothing changed"), "seed {seed}");
        // the visits below everybody who stands at the top are all visits
        let below = "select sum(f.minutes) from fact_visit f join dim_employee e on e.employee_key = f.employee_key
          join bridge_employee_closure b on b.descendant_durable_key = e.employee_durable_key and b.is_top
            and b.valid_from <= timestamp '2025-01-01T00:00:25Z' and timestamp '2025-01-01T00:00:25Z' < b.valid_to";
        assert_eq!(
            crm.sql(below)?,
            crm.ask("select sum(minutes) from visits")?,
            "seed {seed}"
        );
    }
    Ok(())
}

#[test]
fn without_history_there_is_one_open_time_and_what_cannot_be_followed_is_told() -> Result<()> {
    let crm = Crm::new(&files(), &tables(&mut StdRng::seed_from_u64(1)))?;
    crm.lab.replace(
        "model/conformed/employee.yaml",
        "{column: manager, scd: 2}",
        "{column: manager}",
    )?;
    let said = crm.load_after(
        "insert into changes values (1, 'a', '2025-01-01 00:00:00', 'b', 'a'), (2, 'b', '2025-01-01 00:00:00', 'c', 'b'),
           (3, 'c', '2025-01-01 00:00:00', 'b', 'c'), (4, 'd', '2025-01-01 00:00:00', 'x', 'd'), (5, 'e', '2025-01-01 00:00:00', 'd', 'e')",
    )?;
    assert!(
        said.out
            .contains("2 members are their own ancestors, in a circle"),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("1 members name parents that nobody knows"),
        "{}",
        said.out
    );
    let now = found(&crm, "2025-06-01 00:00:00")?;
    let expected = rows(&[
        &["a", "a", "0", "false", "true"],
        &["b", "a", "1", "true", "true"],
        &["b", "b", "0", "true", "false"],
        &["c", "c", "0", "true", "true"],
        &["d", "d", "0", "true", "false"],
        &["d", "e", "1", "true", "true"],
        &["e", "e", "0", "false", "true"],
    ]);
    assert_eq!(now, expected);
    let times = crm.sql("select distinct valid_from, valid_to from bridge_employee_closure")?;
    assert_eq!(
        times,
        rows(&[&["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"]])
    );
    // only the pairs that change are written by the next load
    crm.load_after(
        "delete from changes; insert into changes values (6, 'e', '2025-02-01 00:00:00', 'a', 'e')",
    )?;
    let audited = crm.sql(
        "select a.employee_id, b.audit_key from bridge_employee_closure b
         join dim_employee a on a.employee_durable_key = b.ancestor_durable_key
         join dim_employee d on d.employee_durable_key = b.descendant_durable_key
         where d.employee_id = 'e' order by b.depth",
    )?;
    assert_eq!(audited, rows(&[&["e", "1"], &["a", "2"], &["b", "2"]]));
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_remedy() -> Result<()> {
    let refused = |old: &str, new: &str, expected: &[&str]| {
        let file = "model/conformed/employee.yaml";
        refused(&files(), (file, old, new), expected)
    };
    refused(
        "column: manager",
        "column: manger",
        &[
            "employee.yaml:7",
            "unknown column of the entity 'manger'",
            "manager",
        ],
    )?;
    refused(
        "scd: 2",
        "scd: 6",
        &["employee.yaml:7", "unknown value of 'scd' '6'"],
    )?;
    refused(
        "name: {type: text}",
        "parent_id: {type: text, column: manager}",
        &["column 'parent_id' is declared twice"],
    )?;
    Ok(())
}
