//! Changes of one instant and sequence under a model that changes: the greatest has the last word by all values of today's model,
//! and where nobody knows all of them, the load says so. What is expected is worked out by hand.

use anyhow::{Result, ensure};

use super::case::{Case, rows};
use super::changed_model::{MINI, SOURCE};

const TABLES: &str =
    "create table c(n integer primary key, id text, at text, into_id text, p text, q text);
create table o(id text primary key, cust text, at text, amount integer, other integer);";
/// Two changes of a at one instant; two of b at one instant that say the same; of c two at two instants.
const TIED: &str = "insert into c values (1, 'a', '2025-01-10 00:00:00', null, '1', '9'), (2, 'a', '2025-01-10 00:00:00', null, '2', '8'),
  (3, 'b', '2025-01-10 00:00:00', null, '5', '6'), (4, 'b', '2025-01-10 00:00:00', null, '5', '6'),
  (5, 'c', '2025-01-10 00:00:00', null, '3', '1'), (6, 'c', '2025-03-10 00:00:00', null, '1', '3');";

fn dimension(attributes: &[(&str, &str)]) -> String {
    let attributes = attributes.iter();
    let attributes = attributes.map(|(name, how)| format!("  {name}: {{type: text, {how}}}\n"));
    let attributes: String = attributes.collect();
    format!("dimension: c\nentity: c\nkey: id\nattributes:\n{attributes}")
}

fn case(attributes: &[(&str, &str)]) -> Result<Case> {
    let source = SOURCE.replace(", sequence: c.n", "");
    let files = [
        ("sources/crm.yaml", source.as_str()),
        ("conformed/c.yaml", &dimension(attributes)),
    ];
    let case = Case::new(TABLES, &files)?;
    if attributes.iter().any(|(_, how)| how.contains("mini")) {
        case.declare("conformed/m.yaml", MINI)?;
    }
    Ok(case)
}

/// The whole line about ties, if there is one.
fn told(out: &str) -> Option<&str> {
    out.lines().find(|line| line.contains("the same sequence"))
}

fn forget_packages(case: &Case) -> Result<()> {
    Ok(std::fs::remove_dir_all(
        case.lab.path("warehouse/_planisphere/staging"),
    )?)
}

#[test]
fn packages_tell_ties_beside_mini_dimensions_by_all_values() -> Result<()> {
    let fast = "scd: 4, mini: m";
    // the owner goes by its own attributes first, its mini-dimension by those of its own
    let models = [
        (
            &[("q", fast)][..],
            &[("p", "scd: 2"), ("q", fast)][..],
            ["p", "2", "q=8"],
        ),
        (
            &[("name", "scd: 1, column: q"), ("p", fast)],
            &[("name", "scd: 1, column: q"), ("p", fast), ("q", fast)],
            ["name", "9", "p=1|q=9"],
        ),
        (
            &[("name", "scd: 1, column: q"), ("p", fast), ("q", fast)],
            &[("name", "scd: 1, column: q"), ("p", fast)],
            ["name", "9", "p=1"],
        ),
    ];
    for (before, after, [name, value, combination]) in models {
        let case = case(before)?;
        case.change(TIED)?;
        case.load("2025-06-01")?;
        case.change("delete from c")?;
        case.declare("conformed/c.yaml", &dimension(after))?;
        let said = case.load_twice("2025-06-02")?;
        assert_eq!(told(&said.out), None, "{after:?}");
        let of_a = format!(
            "select d.{name}, d.current_m_id, m.m_id from dim_c d join dim_m m on m.m_key = d.current_m_key where d.c_id = 'a'"
        );
        let expected = rows(&[[value, combination, combination]]);
        assert_eq!(case.sql(&of_a)?, expected, "{after:?}");
        assert_eq!(case.rebuilt("anew", &of_a)?, expected, "{after:?}");
    }
    Ok(())
}

#[test]
fn a_tie_of_which_nobody_knows_all_is_told() -> Result<()> {
    let before = [("q", "scd: 2")];
    let after = [("p", "scd: 2"), ("q", "scd: 2")];
    for is_retained in [true, false] {
        let case = case(&before)?;
        case.change(TIED)?;
        let said = case.load("2025-06-01")?;
        assert_eq!(told(&said.out), None, "all came together");
        case.change("delete from c")?;
        if !is_retained {
            forget_packages(&case)?;
        }
        case.declare("conformed/c.yaml", &dimension(&after))?;
        let said = case.load_twice("2025-06-02")?;
        let of_a = "select p, q from dim_c where c_id = 'a'";
        if is_retained {
            assert_eq!(told(&said.out), None, "packages tell all");
            assert_eq!(case.sql(of_a)?, rows(&[["2", "8"]]));
            continue;
        }
        assert_eq!(case.sql(of_a)?, rows(&[["", "9"]]));
        let line = told(&said.out).unwrap_or_default();
        let parts = [
            "dim_c: of 1 members, 'a' among them, changes of 1 instants",
            "declare a 'sequence' that tells them apart in the changes of entity 'c', or 'planisphere-etl rebuild' into an empty folder",
        ];
        for part in parts {
            ensure!(line.contains(part), "{}", said.out);
        }
        // once is enough
        case.change("insert into c values (9, 'a', '2025-05-10 00:00:00', null, '1', '1')")?;
        let said = case.load_twice("2025-06-03")?;
        assert_eq!(told(&said.out), None, "another instant");
    }
    Ok(())
}

#[test]
fn a_change_that_ties_with_half_of_another_is_told() -> Result<()> {
    let tied = "insert into c values (11, 'c', '2025-03-10 00:00:00', null, '2', '3')";
    let models = [
        ("", true),
        // the later one goes by its number
        (", sequence: c.n", false),
    ];
    for (sequence, is_in_doubt) in models {
        let source = SOURCE.replace(", sequence: c.n", sequence);
        let case = case(&[("q", "scd: 2")])?;
        case.declare("sources/crm.yaml", &source)?;
        case.change(TIED)?;
        case.load("2025-06-01")?;
        case.change("delete from c")?;
        forget_packages(&case)?;
        case.declare(
            "conformed/c.yaml",
            &dimension(&[("q", "scd: 2"), ("p", "scd: 2")]),
        )?;
        let said = case.load("2025-06-02")?;
        // whatever the second attribute is, the first decides
        assert_eq!(told(&said.out), None);
        case.change(tied)?;
        let said = case.load_twice("2025-06-03")?;
        assert_eq!(told(&said.out).is_some(), is_in_doubt, "{}", said.out);
    }
    Ok(())
}
