//! A role that is new on a star of a stream refers to members that only changes name which are no longer shown.

use anyhow::Result;

use super::case::{Case, rows};

const SOURCE: &str = "source: crm
tables:
  customers: {key: id, columns: {id: text, city: text}}
  changes: {key: n, columns: {n: bigint, id: text, at: timestamp, customer: text, amount: integer}}
entities:
  customer:
    from: customers c
    columns: {id: c.id, city: c.city}
  contract:
    from: changes c
    changes: {at: c.at, sequence: c.n}
    columns: {id: c.id, customer_id: c.customer, amount: c.amount}
";
const CUSTOMER: &str = "dimension: customer
entity: customer
key: id
attributes:
  city: {type: text, scd: 1}
";
const STAR: &str = "star: contract
grain: One row is one contract as it stands.
entity: contract
key: id
DEGENERATEmeasures:
  amount: {type: integer}
";
const PUBLISHED: &str =
    "select f.source_row_id, d.customer_id, d.valid_from_basis from fact_contract f
    join dim_customer d on d.customer_key = f.customer_key order by 1";

#[test]
fn members_that_only_earlier_changes_name_are_inferred() -> Result<()> {
    // the star has kept the id as a column of its own, or finds it in the retained packages
    for kept in [
        "degenerate:\n  customer: {type: text, column: customer_id}\n",
        "",
    ] {
        let star = STAR.replace("DEGENERATE", kept);
        let files = [
            ("sources/crm.yaml", SOURCE),
            ("conformed/customer.yaml", CUSTOMER),
            ("stars/contract.yaml", &star),
        ];
        let case = Case::new(
            "create table customers(id text primary key, city text); insert into customers values ('a', 'Rome');
             create table changes(n integer primary key, id text, at text, customer text, amount integer);
             insert into changes values (1, 'k', '2025-01-05 00:00:00', 'z', 1);",
            &files,
        )?;
        case.load("2025-03-01")?;
        case.change("delete from changes; insert into changes values (2, 'l', '2025-01-06 00:00:00', 'a', 2)")?;
        case.load("2025-03-02")?;
        let role = "dimensions:\n  customer: {column: customer_id}\nmeasures:\n";
        case.declare("stars/contract.yaml", &star.replace("measures:\n", role))?;
        case.load_twice("2025-03-03")?;
        let expected = rows(&[["k", "z", "not_yet_arrived"], ["l", "a", "open"]]);
        assert_eq!(case.sql(PUBLISHED)?, expected, "{kept}");
        assert_eq!(case.rebuilt("anew", PUBLISHED)?, expected, "{kept}");
    }
    Ok(())
}
