//! An expression of the model that is corrected on a living warehouse.

use anyhow::{Result, ensure};

use super::case::{Case, rows};

const STREAM: &str = "source: crm
tables:
  ev: {key: n, columns: {n: bigint, id: text, at: timestamp, city: text, amount: integer}}
entities:
  thing:
    from: ev e
    changes: {at: e.at, sequence: e.n}
    columns: {id: e.id, city: CITY, amount: AMOUNT}
";

const THING: &str = "dimension: thing
entity: thing
key: id
attributes:
  city: {type: text, scd: 2}
";

const STAR: &str = "star: thing_state
grain: One row is one thing as it stands.
entity: thing
key: id
measures:
  amount: {type: integer}
";

fn stream(city: &str, amount: &str) -> String {
    STREAM.replace("CITY", city).replace("AMOUNT", amount)
}

const TABLES: &str = "create table ev(n integer primary key, id text, at text, city text, amount integer);
    insert into ev values (1, 'a', '2025-01-05 00:00:00', 'X', 1), (2, 'a', '2025-02-05 00:00:00', 'Y', 2), (3, 'b', '2025-01-05 00:00:00', 'X', 3);";
const VERSIONS: &str = "select thing_id, city, valid_from from dim_thing where thing_key > 0 order by thing_id, valid_from";
const AMOUNTS: &str = "select source_row_id, amount from fact_thing_state order by 1";

#[test]
fn a_corrected_expression_of_changes_restates_what_they_said_and_moves_no_key() -> Result<()> {
    let first = stream("lower(e.city)", "e.amount * 100");
    let files = [
        ("sources/crm.yaml", first.as_str()),
        ("conformed/thing.yaml", THING),
        ("stars/thing_state.yaml", STAR),
    ];
    let case = Case::new(TABLES, &files)?;
    case.load_twice("2025-03-01")?;
    let keys =
        "select thing_key, thing_id, valid_from from dim_thing where thing_key > 0 order by 1";
    let before = case.sql(keys)?;
    assert_eq!(case.sql(AMOUNTS)?, rows(&[["a", "200"], ["b", "300"]]));
    case.declare("sources/crm.yaml", &stream("e.city", "e.amount"))?;
    case.load_twice("2025-03-02")?;
    let expected = rows(&[
        ["a", "X", "0001-01-01T00:00:00Z"],
        ["a", "Y", "2025-02-05T00:00:00Z"],
        ["b", "X", "0001-01-01T00:00:00Z"],
    ]);
    assert_eq!(case.sql(VERSIONS)?, expected);
    assert_eq!(case.sql(AMOUNTS)?, rows(&[["a", "2"], ["b", "3"]]));
    assert_eq!(case.sql(keys)?, before);
    // a change that is corrected in its place, to a smaller value and in the attribute too
    case.change("update ev set amount = 1, city = 'A' where n = 3")?;
    case.load_twice("2025-03-03")?;
    assert_eq!(case.sql(AMOUNTS)?, rows(&[["a", "2"], ["b", "1"]]));
    let mut expected = expected;
    "A".clone_into(&mut expected[2][1]);
    assert_eq!(case.sql(VERSIONS)?, expected);
    assert_eq!(case.rebuilt("anew", VERSIONS)?, expected);
    Ok(())
}

const MINED: &str = "source: crm
tables:
  thing:
    key: id
    columns: {id: text, city: text, name: text, made: timestamp, changed: timestamp}
    history: {audit: ch, columns: [city], created: made, parent: id, at: at, field: what, before: old, after: new}
  ch: {key: n, columns: {n: bigint, id: text, at: timestamp, what: text, old: text, new: text}}
entities:
  thing:
    from: thing_versions e
    columns: {id: e.id, city: CITY, name: NAME}
MODIFIED";

#[test]
fn a_corrected_expression_of_a_rebuilt_history_restates_it() -> Result<()> {
    let dimension = format!("{THING}  name: {{type: text, scd: 1}}\n");
    let tables =
        "create table thing(id text primary key, city text, name text, made text, changed text);
        insert into thing values ('a', 'Yy', 'Nn', '2025-01-01 00:00:00', '2025-01-05 00:00:00');
        create table ch(n integer primary key, id text, at text, what text, old text, new text);
        insert into ch values (1, 'a', '2025-01-03 00:00:00', 'city', 'Xx', 'Yy');";
    let model = |of: &str, modified: &str| {
        let column = |name: &str| of.replace('%', &format!("e.{name}"));
        let model = MINED.replace("CITY", &column("city"));
        let model = model.replace("NAME", &column("name"));
        model.replace("MODIFIED", modified)
    };
    let modified = "    modified: e.changed\n";
    for (before, now, modified) in [
        ("lower(%)", "%", ""),
        ("%", "lower(%)", ""),
        ("lower(%)", "%", modified),
        ("upper(%)", "lower(%)", modified),
    ] {
        let files = [
            ("sources/crm.yaml", &*model(before, modified)),
            ("conformed/thing.yaml", &dimension),
        ];
        let case = Case::new(tables, &files)?;
        case.load_twice("2025-03-01")?;
        case.declare("sources/crm.yaml", &model(now, modified))?;
        case.load_twice("2025-03-02")?;
        let cased = |text: &str| match now {
            "%" => text.to_owned(),
            _ => text.to_lowercase(),
        };
        let (xx, yy, nn) = (cased("Xx"), cased("Yy"), cased("Nn"));
        let expected = rows(&[
            [&xx, &nn, "0001-01-01T00:00:00Z", "2025-01-03T00:00:00Z"],
            [&yy, &nn, "2025-01-03T00:00:00Z", "9999-12-31T00:00:00Z"],
        ]);
        let sql =
            "select city, name, valid_from, valid_to from dim_thing where thing_key > 0 order by 3";
        assert_eq!(case.sql(sql)?, expected, "{before} to {now}, {modified:?}");
        assert_eq!(case.rebuilt("anew", sql)?, expected, "{before} to {now}");
    }
    Ok(())
}

const PRESENT: &str = "source: crm
tables:
  thing: {key: id, columns: {id: text, city: text, tier: text}}
entities:
  thing:
    from: thing e
    columns: {id: e.id, city: CITY, tier: e.tier}
";

/// Three days of a source without a history, of which the expression is mended before the last.
fn present() -> Result<Case> {
    let dimension = format!("{THING}  tier: {{type: text, scd: 2}}\n");
    let files = [
        (
            "sources/crm.yaml",
            &*PRESENT.replace("CITY", "lower(e.city)"),
        ),
        ("conformed/thing.yaml", &dimension),
    ];
    let case = Case::new(
        "create table thing(id text primary key, city text, tier text);
         insert into thing values ('a', 'Xx', '1'), ('b', 'Xx', '1'), ('c', 'Zz', '1');",
        &files,
    )?;
    case.load("2025-03-01")?;
    case.change("update thing set city = 'Yy' where id = 'a'; update thing set tier = '2' where id = 'b'; delete from thing where id = 'c'")?;
    case.load("2025-03-02")?;
    case.declare("sources/crm.yaml", &PRESENT.replace("CITY", "e.city"))?;
    Ok(case)
}

const HISTORY: &str = "select thing_key, thing_id, city, tier, valid_from, valid_to, valid_from_basis, deleted_at_source
    from dim_thing where thing_key > 0 order by thing_key";

#[test]
fn packages_of_all_earlier_loads_tell_the_past_anew_and_plan_says_so() -> Result<()> {
    let case = present()?;
    let told = "dim_thing: 'city' is read otherwise (entity 'thing', column 'city'): its past is told anew from the staging packages of \
                2 earlier loads, of 2025-03-01 to 2025-03-02";
    let plan = case.lab.etl(&["plan"])?.done()?.out;
    ensure!(plan.contains(told), "{plan}");
    ensure!(!plan.contains("'tier'"), "{plan}");
    let said = case.load_twice("2025-03-03")?;
    ensure!(said.out.contains(told), "{}", said.out);
    let history = case.sql(HISTORY)?;
    let values = history
        .iter()
        .map(|row| [1, 2, 3, 7].map(|at| row[at].clone()).to_vec());
    let mut values: Vec<Vec<String>> = values.collect();
    values.sort();
    let expected = rows(&[
        ["a", "Xx", "1", "false"],
        ["a", "Yy", "1", "false"],
        ["b", "Xx", "1", "false"],
        ["b", "Xx", "2", "false"],
        ["c", "Zz", "1", "true"],
    ]);
    assert_eq!(values, expected);
    assert_eq!(case.rebuilt("anew", HISTORY)?, history);
    // from then on nothing is read otherwise, however it is written
    case.declare(
        "sources/crm.yaml",
        &PRESENT
            .replace("CITY", "e.city")
            .replace("e.", "t.")
            .replace("thing e", "thing t"),
    )?;
    let plan = case.lab.etl(&["plan"])?.done()?.out;
    ensure!(!plan.contains("otherwise"), "{plan}");
    Ok(())
}

#[test]
fn what_no_package_knows_stays_as_it_was_read_and_that_is_told() -> Result<()> {
    let case = present()?;
    let staging = case.lab.path("warehouse/_planisphere/staging");
    let mut packages: Vec<_> = std::fs::read_dir(&staging)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    packages.sort();
    std::fs::remove_dir_all(&packages[0])?;
    let told = "dim_thing: 'city' is read otherwise (entity 'thing', column 'city'): where this load shows another value it counts as changed \
                today, and versions of before stay as they were read; 'planisphere-etl rebuild' into an empty folder reads 1 earlier loads, of \
                2025-03-02 to 2025-03-02 again";
    let said = case.load_twice("2025-03-03")?;
    ensure!(said.out.contains(told), "{}", said.out);
    let cities = case.sql(
        "select thing_id, city from dim_thing where thing_key > 0 order by thing_id, valid_from",
    )?;
    let expected = rows(&[
        ["a", "xx"],
        ["a", "yy"],
        ["a", "Yy"],
        ["b", "xx"],
        ["b", "xx"],
        ["b", "Xx"],
        ["c", "zz"],
    ]);
    assert_eq!(cities, expected);
    Ok(())
}

#[test]
fn changes_that_are_no_longer_shown_are_told_anew_too() -> Result<()> {
    let first = stream("lower(e.city)", "e.amount * 100");
    let files = [
        ("sources/crm.yaml", first.as_str()),
        ("conformed/thing.yaml", THING),
        ("stars/thing_state.yaml", STAR),
    ];
    let case = Case::new(TABLES, &files)?;
    case.load("2025-03-01")?;
    case.change("delete from ev; insert into ev values (4, 'b', '2025-03-01 12:00:00', 'Z', 4)")?;
    case.load("2025-03-02")?;
    case.declare("sources/crm.yaml", &stream("e.city", "e.amount"))?;
    let said = case.load_twice("2025-03-03")?;
    let told = "fact_thing_state: entity 'thing' reads 'amount' otherwise: its past is told anew from the staging packages of 2 earlier loads";
    ensure!(said.out.contains(told), "{}", said.out);
    let expected = rows(&[
        ["a", "X", "0001-01-01T00:00:00Z"],
        ["a", "Y", "2025-02-05T00:00:00Z"],
        ["b", "X", "0001-01-01T00:00:00Z"],
        ["b", "Z", "2025-03-01T12:00:00Z"],
    ]);
    assert_eq!(case.sql(VERSIONS)?, expected);
    assert_eq!(case.sql(AMOUNTS)?, rows(&[["a", "2"], ["b", "4"]]));
    assert_eq!(case.rebuilt("anew", VERSIONS)?, expected);
    Ok(())
}
