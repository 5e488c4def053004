//! A changed model on a living warehouse over a stream of changes that is not shown again: what members and facts then are is what
//! the changes say, worked out by hand.

use anyhow::{Result, ensure};

use super::case::{Case, rows};

pub(crate) const SOURCE: &str = "source: crm
tables:
  c: {key: n, columns: {n: bigint, id: text, at: timestamp, into_id: text, p: text, q: text}}
  o: {key: id, columns: {id: text, cust: text, at: timestamp, amount: integer, other: integer}}
entities:
  c: {from: c c, changes: {at: c.at, sequence: c.n}, merged_into: c.into_id, columns: {id: c.id, at: c.at, p: c.p, q: c.q}}
  o: {from: o o, columns: {id: o.id, cust: o.cust, at: o.at, amount: o.amount, other: o.other}}
";
pub(crate) const STAR: &str = "star: o
grain: One row is one order.
entity: o
key: id
dimensions:
  c: {column: cust, as_of: at}
measures:
  amount: {type: integer}
";
/// Of a in January and March, of b the same; an order of each in February and in April.
pub(crate) const FILL: &str = "create table c(n integer primary key, id text, at text, into_id text, p text, q text);
create table o(id text primary key, cust text, at text, amount integer, other integer);
insert into c values (1, 'a', '2025-01-10 00:00:00', null, '1', '2'), (2, 'a', '2025-03-10 00:00:00', null, '3', '4'),
  (3, 'b', '2025-01-10 00:00:00', null, '5', '6'), (4, 'b', '2025-03-10 00:00:00', null, '7', '8');
insert into o values ('o1', 'a', '2025-02-01 00:00:00', 10, 1), ('o2', 'a', '2025-04-01 00:00:00', 20, 2),
  ('o3', 'b', '2025-02-01 00:00:00', 30, 3);";

fn dimension(attributes: &[(&str, &str)]) -> String {
    let attributes = attributes.iter();
    let attributes = attributes.map(|(name, how)| format!("  {name}: {{type: text, {how}}}\n"));
    let attributes: String = attributes.collect();
    format!("dimension: c\nentity: c\nkey: id\nattributes:\n{attributes}")
}

/// What is loaded of the stream once, before the model changes and the stream shows nothing any more.
fn loaded(fill: &str, files: &[(&str, &str)]) -> Result<Case> {
    let all = [&[("sources/crm.yaml", SOURCE)], files].concat();
    let case = Case::new(&format!("{FILL}{fill}"), &all)?;
    case.load("2025-06-01")?;
    case.change("delete from c")?;
    Ok(case)
}

#[test]
fn the_type_of_an_attribute_is_that_of_every_member() -> Result<()> {
    // of a, of which the load shows nothing, and of b, of which it shows a change in May
    let told = |scd: &str| match scd {
        "2" => rows(&[["a", "2"], ["a", "4"], ["b", "6"], ["b", "8"], ["b", "9"]]),
        "1" => rows(&[["a", "4"], ["b", "9"]]),
        _ => rows(&[["a", "2"], ["b", "6"]]),
    };
    for (before, after) in [("1", "2"), ("2", "1"), ("2", "0"), ("0", "2"), ("0", "1")] {
        let of = |scd: &str| dimension(&[("q", &format!("scd: {scd}"))]);
        let (dim, next) = (of(before), of(after));
        let files = [("conformed/c.yaml", dim.as_str()), ("stars/o.yaml", STAR)];
        let case = loaded("", &files)?;
        case.change("insert into c values (5, 'b', '2025-05-10 00:00:00', null, '7', '9')")?;
        case.declare("conformed/c.yaml", &next)?;
        case.load_twice("2025-06-02")?;
        let versions = "select c_id, q from dim_c where c_key > 0 order by c_id, valid_from";
        assert_eq!(case.sql(versions)?, told(after), "{before} {after}");
        let february = "select d.c_id, d.q from fact_o f join dim_c d on d.c_key = f.c_key where f.source_row_id <> 'o2' order by 1";
        let expected = match after {
            "1" => rows(&[["a", "4"], ["b", "9"]]),
            _ => rows(&[["a", "2"], ["b", "6"]]),
        };
        assert_eq!(case.sql(february)?, expected, "{before} {after}");
        let keys = "select c_key, c_id, q from dim_c order by c_key";
        assert_eq!(
            case.rebuilt("anew", keys)?,
            case.sql(keys)?,
            "{before} {after}"
        );
    }
    Ok(())
}

#[test]
fn attributes_in_another_order_keep_their_values() -> Result<()> {
    let tied = |number: u32, id: &str, values: [&str; 2]| {
        let [p, q] = values;
        // the second of one instant has the last word; both are kept
        format!(
            "insert into c values ({number}, '{id}', '2025-05-10 00:00:00', null, '0', '0'),
             ({number} + 1, '{id}', '2025-05-10 00:00:00', null, '{p}', '{q}');"
        )
    };
    let of = |names: [&str; 2]| dimension(&names.map(|name| (name, "scd: 2")));
    let case = loaded(
        &tied(11, "d", ["d1", "d2"]),
        &[
            ("conformed/c.yaml", &of(["p", "q"])),
            ("stars/o.yaml", STAR),
        ],
    )?;
    case.declare("conformed/c.yaml", &of(["q", "p"]))?;
    case.change(&tied(21, "e", ["e1", "e2"]))?;
    case.load_twice("2025-06-02")?;
    case.change(
        "delete from c; insert into c values (31, 'd', '2025-05-20 00:00:00', null, 'd1', 'd3'), (32, 'e', '2025-05-20 00:00:00', null, 'e1', 'e3')",
    )?;
    case.load_twice("2025-06-03")?;
    let versions =
        "select c_id, p, q from dim_c where c_id in ('d', 'e') order by c_id, valid_from";
    let expected = rows(&[
        ["d", "d1", "d2"],
        ["d", "d1", "d3"],
        ["e", "e1", "e2"],
        ["e", "e1", "e3"],
    ]);
    assert_eq!(case.sql(versions)?, expected);
    assert_eq!(case.rebuilt("anew", versions)?, expected);
    // and where all of it is read at once
    case.declare("conformed/c.yaml", &of(["p", "q"]))?;
    case.load_twice("2025-06-04")?;
    assert_eq!(case.sql(versions)?, expected);
    Ok(())
}

#[test]
fn a_merge_that_has_ended_stays_ended_when_an_attribute_comes() -> Result<()> {
    let ended = "insert into c values (5, 'd', '2025-01-10 00:00:00', 'a', '1', 'x'), (6, 'd', '2025-03-10 00:00:00', null, '1', 'x');
      insert into o values ('o4', 'd', '2025-04-01 00:00:00', 40, 4);";
    let dim = dimension(&[("p", "scd: 2")]);
    let case = loaded(ended, &[("conformed/c.yaml", &dim), ("stars/o.yaml", STAR)])?;
    let next = dimension(&[("p", "scd: 2"), ("q", "scd: 1")]);
    case.declare("conformed/c.yaml", &next)?;
    case.load_twice("2025-06-02")?;
    let of = "select d.c_id, d.q from fact_o f join dim_c d on d.c_key = f.c_key where f.source_row_id = 'o4'";
    assert_eq!(case.sql(of)?, rows(&[["d", "x"]]));
    Ok(())
}

#[test]
fn a_new_attribute_is_known_of_members_that_were_merged_away() -> Result<()> {
    let merged = "insert into c values (5, 'd', '2025-01-10 00:00:00', 'a', '1', 'gold');
      insert into o values ('o4', 'd', '2025-02-01 00:00:00', 40, 4);";
    let dim = dimension(&[("p", "scd: 2")]);
    let case = loaded(
        merged,
        &[("conformed/c.yaml", &dim), ("stars/o.yaml", STAR)],
    )?;
    let next = dimension(&[("p", "scd: 2"), ("q", "scd: 2")]);
    case.declare("conformed/c.yaml", &next)?;
    case.load_twice("2025-06-02")?;
    case.change("insert into c values (6, 'd', '2025-03-10 00:00:00', null, '1', 'tin')")?;
    case.load_twice("2025-06-03")?;
    let versions = "select c_id, q from dim_c where c_id = 'd' order by valid_from";
    assert_eq!(case.sql(versions)?, rows(&[["d", "gold"], ["d", "tin"]]));
    let of = "select d.c_id, d.q from fact_o f join dim_c d on d.c_key = f.c_key where f.source_row_id = 'o4'";
    assert_eq!(case.sql(of)?, rows(&[["d", "gold"]]));
    Ok(())
}

pub(crate) const WITH_MINI: &str = "star: o
grain: One row is one order.
entity: o
key: id
dimensions:
  c: {column: cust, as_of: at}
  m: {column: cust, as_of: at}
measures:
  amount: {type: integer}
";
pub(crate) const MINI: &str = "dimension: m\nmini_of: c\n";
const OF_MINI: &str =
    "select f.source_row_id, d.m_id from fact_o f join dim_m d on d.m_key = f.m_key order by 1";
const PRESENT: &str = "select distinct d.c_id, d.current_m_id, m.m_id from dim_c d join dim_m m on m.m_key = d.current_m_key where d.c_key > 0 order by 1";

#[test]
fn present_combinations_are_those_of_the_mini_dimension_as_it_is_now() -> Result<()> {
    let fast = "scd: 4, mini: m";
    let whole = [("p", fast), ("q", fast)];
    let models = [
        (&whole[..], &whole[..1], ["p=3", "p=7"]),
        (&whole[..1], &whole[1..], ["q=4", "q=8"]),
        (&whole[..1], &whole[..], ["p=3|q=4", "p=7|q=8"]),
    ];
    for (before, after, [a, b]) in models {
        let (dim, next) = (dimension(before), dimension(after));
        let files = [
            ("conformed/c.yaml", dim.as_str()),
            ("conformed/m.yaml", MINI),
            ("stars/o.yaml", WITH_MINI),
        ];
        let case = loaded("", &files)?;
        case.declare("conformed/c.yaml", &next)?;
        case.load_twice("2025-06-02")?;
        assert_eq!(case.sql(PRESENT)?, rows(&[["a", a, a], ["b", b, b]]));
        // what comes later, and late, counts as ever
        case.change(
            "insert into c values (9, 'a', '2025-02-20 00:00:00', null, 'l', 'l'), (10, 'b', '2025-05-20 00:00:00', null, 'n', 'n')",
        )?;
        case.load_twice("2025-06-03")?;
        let b = b.replace(['7', '8'], "n");
        assert_eq!(case.sql(PRESENT)?, rows(&[["a", a, a], ["b", &b, &b]]));
        for question in [OF_MINI, PRESENT] {
            let name = format!("anew{}", question.len());
            assert_eq!(case.rebuilt(&name, question)?, case.sql(question)?);
        }
    }
    Ok(())
}

#[test]
fn what_is_new_over_a_stream_is_told_by_packages_of_earlier_loads() -> Result<()> {
    let dim = dimension(&[("p", "scd: 2"), ("q", "scd: 2")]);
    let case = loaded("", &[("conformed/c.yaml", &dim), ("stars/o.yaml", STAR)])?;
    let fast = dimension(&[("p", "scd: 2"), ("q", "scd: 4, mini: m")]);
    case.declare("conformed/c.yaml", &fast)?;
    case.declare("conformed/m.yaml", MINI)?;
    case.declare("stars/o.yaml", WITH_MINI)?;
    case.declare(
        "conformed/d.yaml",
        "dimension: d\nentity: c\nkey: id\nattributes:\n  q: {type: text, scd: 2}\n",
    )?;
    case.declare(
        "stars/s.yaml",
        "star: s\ngrain: One row is one customer as it stands.\nentity: c\nkey: id\ndimensions:\n  d: {column: id, as_of: at}\nmeasures:\n  n: {type: integer, column: p}\n",
    )?;
    let said = case.load_twice("2025-06-02")?;
    for table in ["dim_m_history", "dim_d", "fact_s"] {
        let told = format!(
            "{table} is new: what this load does not show of it is taken from the staging packages of 1 earlier loads"
        );
        ensure!(said.out.contains(&told), "{}", said.out);
    }
    let expected = [["o1", "q=2"], ["o2", "q=4"], ["o3", "q=6"]];
    assert_eq!(case.sql(OF_MINI)?, rows(&expected));
    assert_eq!(
        case.sql(PRESENT)?,
        rows(&[["a", "q=4", "q=4"], ["b", "q=8", "q=8"]])
    );
    let versions =
        "select d_id, q, valid_from_basis from dim_d where d_key > 0 order by d_id, valid_from";
    assert_eq!(
        case.sql(versions)?,
        rows(&[
            ["a", "2", "open"],
            ["a", "4", "audit"],
            ["b", "6", "open"],
            ["b", "8", "audit"]
        ])
    );
    let facts = "select s.source_row_id, s.n, d.q from fact_s s join dim_d d on d.d_key = s.d_key order by 1";
    assert_eq!(case.sql(facts)?, rows(&[["a", "3", "4"], ["b", "7", "8"]]));
    // nobody knows a package that is gone
    std::fs::remove_dir_all(case.lab.path("warehouse/_planisphere/staging"))?;
    case.declare(
        "conformed/e.yaml",
        "dimension: e\nentity: c\nkey: id\nattributes:\n  q: {type: text, scd: 2}\n",
    )?;
    let said = case.load("2025-06-03")?;
    let told = "dim_e is new: no retained staging package knows all of it; it begins with what this load shows";
    ensure!(said.out.contains(told), "{}", said.out);
    Ok(())
}

#[test]
fn an_attribute_that_is_taken_from_another_column_is_told_anew() -> Result<()> {
    let dim = dimension(&[("q", "scd: 2")]);
    let case = loaded("", &[("conformed/c.yaml", &dim), ("stars/o.yaml", STAR)])?;
    let next = dimension(&[("q", "scd: 2, column: p")]);
    case.declare("conformed/c.yaml", &next)?;
    let said = case.load_twice("2025-06-02")?;
    let told = "dim_c: 'q' is read otherwise (entity 'c', column 'p'): its past is told anew";
    ensure!(said.out.contains(told), "{}", said.out);
    let versions = "select c_id, q from dim_c where c_key > 0 order by c_id, valid_from";
    assert_eq!(
        case.sql(versions)?,
        rows(&[["a", "1"], ["a", "3"], ["b", "5"], ["b", "7"]])
    );
    Ok(())
}

#[test]
fn a_measure_that_is_taken_from_another_column_says_what_stays() -> Result<()> {
    let dim = dimension(&[("q", "scd: 2")]);
    let case = loaded("", &[("conformed/c.yaml", &dim), ("stars/o.yaml", STAR)])?;
    case.change("delete from o where id = 'o3'")?;
    let next = STAR.replace(
        "amount: {type: integer}",
        "amount: {type: integer, column: other}",
    );
    case.declare("stars/o.yaml", &next)?;
    let said = case.load_twice("2025-06-02")?;
    let told = "fact_o: 'amount' is taken from 'other' instead of 'amount': rows that this load shows are restated, those that the source no longer has stay as they were read";
    ensure!(said.out.contains(told), "{}", said.out);
    let amounts = "select source_row_id, amount from fact_o order by 1";
    assert_eq!(
        case.sql(amounts)?,
        rows(&[["o1", "1"], ["o2", "2"], ["o3", "30"]])
    );
    // a column that is only called otherwise is the same
    case.declare(
        "sources/crm.yaml",
        &SOURCE.replace("other: o.other}", "same: o.other}"),
    )?;
    case.declare(
        "stars/o.yaml",
        &next.replace("column: other", "column: same"),
    )?;
    let said = case.load("2025-06-03")?;
    ensure!(!said.out.contains("instead of"), "{}", said.out);
    Ok(())
}

#[test]
fn an_entity_of_another_source_is_another_thing() -> Result<()> {
    let dim = dimension(&[("q", "scd: 2")]);
    let case = loaded("", &[("conformed/c.yaml", &dim)])?;
    case.declare(
        "sources/crm.yaml",
        &SOURCE.replace("source: crm", "source: shop"),
    )?;
    let config = std::fs::read_to_string(case.lab.config())?;
    case.lab.write(
        "planisphere.toml",
        config.replace("[source.crm]", "[source.shop]"),
    )?;
    let said = case.lab.load_as_of("2025-06-02")?;
    let told = "dimension 'c'";
    ensure!(
        said.code == 2 && said.err.contains(told),
        "{} {}",
        said.code,
        said.err
    );
    ensure!(
        said.err
            .contains("was of source 'crm' and now is of 'shop'"),
        "{}",
        said.err
    );
    Ok(())
}
