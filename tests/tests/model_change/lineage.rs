//! Column lineage: where the columns of dimensions and facts come from, kept by each load that brings another model.

use anyhow::Result;
use planisphere_tests::lab::{Lab, rows};

use super::{CUSTOMER, SHOP};

/// Where a column comes from by the latest lineage.
fn origins(lab: &Lab, table: &str, column: &str) -> Result<Vec<Vec<String>>> {
    lab.sql(&format!(
        "select source_table || '.' || source_column, how from audit.audit_lineage \
         where table_name = '{table}' and column_name = '{column}' and source = 'shop' \
           and audit_key = (select max(audit_key) from audit.audit_lineage) order by 1"
    ))
}

#[test]
fn each_column_tells_the_columns_of_the_source_that_it_is_made_of() -> Result<()> {
    let lab = Lab::loaded()?;
    let check = |table: &str, column: &str, expected: &[&[&str]]| -> Result<()> {
        let found = origins(&lab, table, column)?;
        assert_eq!(found, rows(expected), "{table}.{column}");
        Ok(())
    };
    check("dim_customer", "name", &[&["customers.name", "same"]])?;
    check("dim_customer", "customer_id", &[&["customers.id", "same"]])?;
    check(
        "dim_customer",
        "customer_key",
        &[&["customers.id", "derived"]],
    )?;
    let audited = [
        ["customers.segment", "same"],
        ["customers_audit.after_value_string", "same"],
        ["customers_audit.before_value_string", "same"],
    ];
    check(
        "dim_customer",
        "segment",
        &audited.each_ref().map(|row| &row[..]),
    )?;
    check("fact_sale", "quantity", &[&["orders.quantity", "same"]])?;
    let product = [["orders.price", "derived"], ["rates.rate", "derived"]];
    check(
        "fact_sale",
        "revenue",
        &product.each_ref().map(|row| &row[..]),
    )?;
    let looked_up = [
        ["orders.customer_id", "derived"],
        ["orders.ordered_at", "derived"],
    ];
    check(
        "fact_sale",
        "customer_key",
        &looked_up.each_ref().map(|row| &row[..]),
    )?;
    check("fact_sale", "source_row_id", &[&["orders.id", "derived"]])?;
    // what is kept of what was seen repeats the dimension
    for table in ["map_customer", "map_customer_changes"] {
        check(table, "customer_id", &[&["customers.id", "same"]])?;
    }
    check(
        "map_customer_changes",
        "name",
        &[&["customers.name", "same"]],
    )?;
    check(
        "map_customer_changes",
        "segment",
        &audited.each_ref().map(|row| &row[..]),
    )?;
    let columns = lab.sql(
        "select table_name, count(distinct column_name) from audit.audit_lineage group by 1 order by 1",
    )?;
    // 4 attributes, 2 keys, the id, both ends and the deletion; 2 attributes, 2 keys and the id, since products tell no more;
    // 3 roles, a status, 2 measures, the id and the deletion; the ids of key maps, and what is kept of what was seen: the attributes
    // and the id, of customers since when and whether they are gone
    let expected: [&[&str]; 7] = [
        &["dim_customer", "10"],
        &["dim_product", "5"],
        &["fact_sale", "8"],
        &["map_customer", "1"],
        &["map_customer_changes", "7"],
        &["map_product", "1"],
        &["map_product_changes", "3"],
    ];
    assert_eq!(columns, rows(&expected));
    Ok(())
}

#[test]
fn a_changed_model_has_a_lineage_of_its_own_and_views_are_looked_through() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.load()?;
    let keys = "select count(distinct audit_key) from audit.audit_lineage";
    assert_eq!(lab.sql(keys)?, rows(&[&["1"]]));
    lab.replace(
        SHOP,
        "      name: text\n      city",
        "      name: {type: text, tags: [personal]}\n      city",
    )?;
    lab.replace(
        SHOP,
        "entities:\n",
        "views:\n  buys: |\n    select customer_id, sum(quantity) as pieces, max(named) as named from (\n      \
         select o.customer_id, o.quantity, first_value(c.name) over (partition by c.city order by c.id) as named\n      \
         from orders o join customers c on c.id = o.customer_id where o.status <> 'draft')\n    group by customer_id\n\
         entities:\n",
    )?;
    lab.replace(
        SHOP,
        "    from: customers_versions c\n",
        "    from: customers_versions c\n    joins:\n      - {to: buys b, on: b.customer_id = c.id}\n",
    )?;
    lab.replace(
        SHOP,
        "      rating: c.rating\n",
        "      rating: c.rating\n      pieces: coalesce(b.pieces, 0)\n      neighbour: b.named\n",
    )?;
    lab.replace(
        CUSTOMER,
        "hierarchies:\n",
        "  pieces: {type: bigint}\n  neighbour: {type: text}\nhierarchies:\n",
    )?;
    lab.load()?;
    assert_eq!(lab.sql(keys)?, rows(&[&["2"]]));
    let pieces = origins(&lab, "dim_customer", "pieces")?;
    assert_eq!(pieces, rows(&[&["orders.quantity", "aggregated"]]));
    let neighbour = origins(&lab, "dim_customer", "neighbour")?;
    let expected: [&[&str]; 3] = [
        &["customers.city", "aggregated"],
        &["customers.id", "aggregated"],
        &["customers.name", "aggregated"],
    ];
    assert_eq!(neighbour, rows(&expected));
    let personal = "select distinct table_name, column_name from audit.audit_lineage where tags = 'personal' order by 2, 1";
    let expected: [&[&str]; 4] = [
        &["dim_customer", "name"],
        &["map_customer_changes", "name"],
        &["dim_customer", "neighbour"],
        &["map_customer_changes", "neighbour"],
    ];
    assert_eq!(lab.sql(personal)?, rows(&expected));
    Ok(())
}
