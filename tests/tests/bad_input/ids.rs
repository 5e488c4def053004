//! Ids are compared as they are written: columns that never write them alike are told before anything is read.

use anyhow::Result;
use planisphere_tests::lab::{Lab, rows};
use rusqlite::Connection;

const SOURCE: &str = "planisphere: 1
source: f
tables:
  customers: {key: id, columns: {id: integer, tier: text}}
  orders: {key: id, columns: {id: integer, customer: double, agent: \"decimal(9,2)\"}}
  helpers: {key: n, columns: {n: integer, order_id: double, agent: text}}
entities:
  customer: {from: customers c, columns: {id: c.id, tier: c.tier}}
  helper: {from: helpers h, columns: {order_id: h.order_id, agent: h.agent}}
  order: {from: orders o, columns: {id: o.id, customer: o.customer, agent: o.agent}}
";

fn lab() -> Result<Lab> {
    let lab = Lab::with_settings(
        "[warehouse]\nurl = \"warehouse\"\n[model]\npath = \"model\"\n[source.f]\nurl = \"sqlite:f.db\"\n",
    )?;
    lab.write("model/model.yaml", "planisphere: 1\nmodel: ids\n")?;
    lab.write("model/sources/f.yaml", SOURCE)?;
    lab.write(
        "model/conformed/customer.yaml",
        "planisphere: 1\ndimension: customer\nentity: customer\nkey: id\nattributes: {tier: {type: text}}\n",
    )?;
    lab.write(
        "model/stars/sale.yaml",
        "planisphere: 1\nstar: sale\ngrain: One row is one order.\nkind: factless\nentity: order\nkey: id
dimensions:
  customer: {column: customer}
  agent: {dimension: customer, column: agent}
bridges:
  helper: {dimension: customer, entity: helper, facts: order_id, column: agent}
",
    )?;
    Connection::open(lab.path("f.db"))?.execute_batch(
        "create table customers (id integer primary key, tier text);
         create table orders (id integer primary key, customer double, agent text);
         create table helpers (n integer primary key, order_id double, agent text);
         insert into customers values (1, 'gold'), (2, 'tin');
         insert into orders values (7, 1.0, '2.00'), (8, 2.0, null);
         insert into helpers values (1, 7.0, '2'), (2, 8.0, '1');",
    )?;
    Ok(lab)
}

#[test]
fn ids_that_are_never_written_alike_are_told_before_anything_is_read() -> Result<()> {
    let lab = lab()?;
    lab.load()?.refused(
        2,
        &[
            "column 'customer' of entity 'order' is double",
            "column 'agent' of entity 'order' is decimal(9,2)",
            "column 'order_id' of entity 'helper' is double, but column 'id' of entity 'order', with which it is compared, is integer",
            "1.0 is not 1",
            "sale.yaml:8",
        ],
    )?;
    // the remedy that is told: the members are those that SQL on the source finds
    for (old, new) in [
        (
            "customer: o.customer",
            "customer: cast(o.customer as bigint)",
        ),
        ("agent: o.agent", "agent: cast(o.agent as bigint)"),
        (
            "order_id: h.order_id",
            "order_id: cast(h.order_id as bigint)",
        ),
    ] {
        lab.replace("model/sources/f.yaml", old, new)?;
    }
    lab.load()?.done()?;
    let found = lab.sql(
        "select f.source_row_id, c.tier, a.tier, h.tier from fact_sale f join dim_customer c on c.customer_key = f.customer_key
         join dim_customer a on a.customer_key = f.agent_key join bridge_helper b on b.helper_group_key = f.helper_group_key
         join dim_customer h on h.customer_key = b.helper_key order by 1",
    )?;
    assert_eq!(
        found,
        rows(&[&["7", "gold", "tin", "tin"], &["8", "tin", "", "gold"]])
    );
    Ok(())
}
