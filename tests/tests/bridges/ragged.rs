//! Hierarchies of which branches lack a level, and trees told level by level, against SQL on the rows of the source.

use anyhow::Result;
use planisphere_tests::lab::rows;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use super::crm::Crm;

const SOURCE: &str = "source: crm
tables:
  changes: {key: number, columns: {number: bigint, id: text, at: timestamp, manager: text, name: text}}
  visits: {key: id, columns: {id: text, employee: text, city: text, at: timestamp, minutes: integer}}
  cities: {key: id, columns: {id: text, country: text, state: text, district: text}}
entities:
  employee:
    from: changes c
    changes: {at: c.at, sequence: c.number}
    columns: {employee_id: c.id, manager: c.manager, name: c.name}
  visit:
    from: visits v
    columns: {visit_id: v.id, employee_id: v.employee, city_id: v.city, at: v.at, minutes: v.minutes}
  city:
    from: cities c
    columns: {city_id: c.id, country: c.country, state: c.state, district: c.district}
";

const EMPLOYEE: &str = "dimension: employee
entity: employee
key: employee_id
attributes:
  name: {type: text}
parent: {column: manager, scd: 2}
hierarchies:
  line: {depth: 3, name: name}
";

const CITY: &str = "dimension: city
entity: city
key: city_id
attributes:
  country: {type: text}
  state: {type: text}
  district: {type: text}
hierarchies:
  place:
    levels:
      country: {}
      state: {optional: true}
      district: {optional: true}
      city: {key: city_id}
";

const VISIT: &str = "star: visit
grain: One row is one visit.
entity: visit
key: visit_id
dimensions:
  employee: {column: employee_id, as_of: at}
  city: {column: city_id}
measures:
  minutes: {type: integer}
";

const TABLES: &str = "create table every_change (number integer primary key, id text, at text, manager text, name text);
create table changes as select * from every_change where false;
create table visits (id text primary key, employee text, city text, at text, minutes integer);
create table cities (id text primary key, country text, state text, district text);
insert into cities values ('Munich', 'DE', 'Bavaria', 'Upper Bavaria'), ('Berlin', 'DE', null, null), ('Singapore', 'SG', null, null),
  ('Bremen', 'DE', 'Bremen', null), ('Atlantis', null, 'sunk', null);
with recursive t(n) as (select 0 union all select n + 1 from t where n < 8)
insert into visits select e.id || n, e.id, (select id from cities where rowid = n % 6 + 1), datetime('2025-01-01', (n * 10 + 5) || ' seconds'), n + 1
from t, (select 'a' as id union select 'b' union select 'c' union select 'd' union select 'e' union select 'stranger') e;";

/// Employees and their visits.
pub(super) fn crm(sql: &str) -> Result<Crm> {
    let files = [
        ("sources/crm.yaml", SOURCE),
        ("conformed/employee.yaml", EMPLOYEE),
        ("conformed/city.yaml", CITY),
        ("stars/visit.yaml", VISIT),
    ];
    Crm::with(&files, &format!("{TABLES}\n{sql}"))
}

/// Managers that change at random, by seconds or days: some are strangers, some make circles, some are nobody.
pub(super) fn changes(random: &mut StdRng, unit: &str) -> String {
    let ids = ["a", "b", "c", "d", "e"];
    let managers = ["'a'", "'a'", "'b'", "'c'", "'d'", "'x'", "null", "''"];
    let mut sql = String::new();
    for number in 0..30 {
        let manager = managers.choose(random).unwrap_or(&"null");
        let at = random.random_range(0..8) * 10;
        let id = ids[number % 5];
        sql += &format!(
            "insert into every_change values ({number}, '{id}', datetime('2025-01-01', '{at} {unit}'), {manager}, '{id}');"
        );
    }
    sql
}

/// The minutes of visits by the member at a level above the visitor at an instant, worked out by following managers: of a way
/// that is too short its last member.
fn expected(crm: &Crm, at: &str, level: usize) -> Result<Vec<Vec<String>>> {
    let down = down(at);
    crm.ask(&format!(
        "{down}
         select coalesce(substr(way, min({level}, level), 1), v.employee), sum(minutes)
         from visits v left join down d on d.id = v.employee group by 1 order by 1"
    ))
}

/// The way from the top to each employee at an instant, in `down`.
pub(super) fn down(at: &str) -> String {
    format!(
        "with recursive word as (select *, row_number() over (partition by id, at order by number desc) as nth from every_change),
           held as (select id, manager, row_number() over (partition by id
             order by (at <= '{at}') desc, iif(at <= '{at}', at, null) desc, at) as nth from word where nth = 1),
           known as (select id, iif(manager in (select id from every_change), manager, null) as manager from held where nth = 1),
           reach as (select id, manager as up from known where manager is not null
             union select r.id, k.manager from reach r join known k on k.id = r.up where k.manager is not null),
           tree as (select id, iif(id in (select id from reach where id = up), null, manager) as manager from known),
           down as (select id, id as top, 1 as level, id as way from tree where manager is null
             union all select t.id, d.top, d.level + 1, d.way || t.id from down d join tree t on t.manager = d.id)"
    )
}

fn found(crm: &Crm, at: &str, level: usize) -> Result<Vec<Vec<String>>> {
    let at = at.replace(' ', "T");
    crm.sql(&format!(
        "select m.employee_id, sum(f.minutes) from fact_visit f join dim_employee e on e.employee_key = f.employee_key
         join bridge_employee_line l on l.employee_durable_key = e.employee_durable_key
           and l.valid_from <= timestamp '{at}Z' and timestamp '{at}Z' < l.valid_to
         join dim_employee m on m.employee_durable_key = l.level_{level}_durable_key and m.is_current
         group by 1 order by 1"
    ))
}

#[test]
fn each_level_of_a_tree_has_every_fact_once_in_any_order_of_changes() -> Result<()> {
    for seed in [1, 2] {
        let mut random = StdRng::seed_from_u64(seed);
        let crm = crm(&changes(&mut random, "seconds"))?;
        let mut numbers: Vec<i64> = (0..30).collect();
        numbers.shuffle(&mut random);
        for some in numbers.chunks(15) {
            let some: Vec<String> = some.iter().map(i64::to_string).collect();
            crm.change(&format!(
                "delete from changes; insert into changes select * from every_change where number in ({})",
                some.join(", ")
            ))?;
            crm.lab.load()?.done()?;
        }
        for (second, level) in [("00", 1), ("05", 2), ("25", 3), ("30", 2), ("55", 1)] {
            let at = format!("2025-01-01 00:00:{second}");
            let told = format!("seed {seed}, {at}, level {level}");
            assert_eq!(
                found(&crm, &at, level)?,
                expected(&crm, &at, level)?,
                "{told}"
            );
        }
        assert!(
            crm.lab.load()?.err.contains("nothing changed"),
            "seed {seed}"
        );
    }
    Ok(())
}

#[test]
fn a_tree_tells_so_many_levels_and_only_rows_that_change_are_written() -> Result<()> {
    let chain = "insert into changes values (1, 'a', '2025-01-01 00:00:00', null, 'a'), (2, 'b', '2025-01-01 00:00:00', 'a', 'b'),
      (3, 'c', '2025-01-01 00:00:00', 'b', 'c'), (4, 'd', '2025-01-01 00:00:00', 'c', 'd'), (5, 'e', '2025-01-01 00:00:00', null, 'e')";
    let crm = crm(chain)?;
    let told = "bridge_employee_line: 1 members stand deeper than its 3 levels and are told at the last one";
    let said = crm.load()?;
    assert!(said.out.contains(told), "{}", said.out);
    let line = "select e.employee_id, level, x.employee_id, y.employee_id, z.employee_id, l.audit_key from bridge_employee_line l
        join dim_employee e on e.employee_durable_key = l.employee_durable_key and e.is_current
        join dim_employee x on x.employee_durable_key = l.level_1_durable_key and x.is_current
        join dim_employee y on y.employee_durable_key = l.level_2_durable_key and y.is_current
        join dim_employee z on z.employee_durable_key = l.level_3_durable_key and z.is_current
        where length(e.employee_id) = 1 order by 1, l.valid_from";
    let expected = rows(&[
        &["a", "1", "a", "a", "a", "1"],
        &["b", "2", "a", "b", "b", "1"],
        &["c", "3", "a", "b", "c", "1"],
        &["d", "4", "a", "b", "c", "1"],
        &["e", "1", "e", "e", "e", "1"],
    ]);
    assert_eq!(crm.sql(line)?, expected);
    crm.load_after(
        "delete from changes; insert into changes values (6, 'd', '2025-02-01 00:00:00', 'e', 'd')",
    )?;
    let mut after = expected;
    after[3][5] = "3".into();
    after.insert(4, rows(&[&["d", "2", "e", "d", "d", "3"]]).concat());
    assert_eq!(crm.sql(line)?, after);
    // other levels make the table anew
    let file = "model/conformed/employee.yaml";
    crm.lab.replace(file, "depth: 3", "depth: 1")?;
    crm.load()?;
    let one = crm.sql("select * from bridge_employee_line limit 1")?;
    assert_eq!(one[0].len(), 6);
    Ok(())
}

#[test]
fn branches_may_lack_a_level_and_no_fact_is_lost() -> Result<()> {
    let crm = crm("")?;
    let said = crm.load()?;
    let told = "dim_city: 1 rows lack 'country', the level 'country' of hierarchy 'place', which is not optional";
    assert!(said.out.contains(told), "{}", said.out);
    assert!(!said.out.contains("level 'state'"), "{}", said.out);
    let found = crm.sql(
        "select country, state, district, city_id, sum(minutes) from fact_visit f join dim_city c on c.city_key = f.city_key
         group by country, state, district, city_id order by city_id",
    )?;
    let expected = crm.ask(
        "select c.country, state, district, coalesce(c.id, 'not_given'), sum(minutes) from visits v
         left join cities c on c.id = v.city group by 4 order by 4",
    )?;
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_remedy() -> Result<()> {
    let refused = |file: &str, old: &str, new: &str, expected: &[&str]| -> Result<()> {
        let crm = crm("")?;
        crm.lab
            .replace(&format!("model/conformed/{file}.yaml"), old, new)?;
        crm.lab.etl(&["plan"])?.refused(2, expected)?;
        Ok(())
    };
    refused(
        "city",
        "{key: city_id}",
        "{key: city_id, optional: true}",
        &["city.yaml:15:7: level 'city' is the finest of hierarchy 'place' and cannot be optional"],
    )?;
    refused(
        "employee",
        "parent: {column: manager, scd: 2}\n",
        "",
        &[
            "employee.yaml:8:3: hierarchy 'line' with 'depth' is the tree of a dimension's members, but dimension 'employee' has no 'parent'",
        ],
    )?;
    refused(
        "employee",
        "line: {depth: 3, name: name}",
        "closure: {depth: 0, name: nam}",
        &[
            "hierarchy 'closure' cannot have 0 levels, but 1 to 64",
            "would take the table bridge_employee_closure",
            "unknown attribute 'nam' (did you mean 'name'?)",
        ],
    )?;
    Ok(())
}
