//! The shop in MariaDB becomes the same stars as the shop in SQLite.

use anyhow::Result;
use planisphere_tests::lab::Lab;

use super::server::{MariaDb, run};

/// The shop's tables in MariaDB's types.
fn in_mariadb(sql: &str) -> String {
    sql.replace(" text primary key", " varchar(36) primary key")
        .replace(
            "quantity integer, price,",
            "quantity integer, price varchar(20),",
        )
        .replace("rate real", "rate double")
        .replace("date_entered text", "date_entered datetime")
        .replace("date_modified text", "date_modified datetime")
        .replace("ordered_at text", "ordered_at timestamp null")
        .replace("deleted integer default 0", "deleted tinyint(1) default 0")
}

#[test]
fn the_shop_is_the_same_from_both() -> Result<()> {
    let server = MariaDb::start()?;
    let sqlite = Lab::loaded()?;
    let maria = Lab::shop()?;
    let mut connection = server.connect()?;
    run(&mut connection, "set time_zone = '+00:00'")?;
    run(
        &mut connection,
        &in_mariadb(&std::fs::read_to_string(maria.path("shop.sql"))?),
    )?;
    server.feeds(&maria, "sqlite:shop.db")?;
    maria.load()?.done()?;
    for sql in [
        "select customer_id, name, city, segment, rating, valid_from, valid_to from dim_customer order by 1, 6",
        "select order_date_key, customer_key, product_key, status, quantity, revenue, source_row_id \
         from fact_sale order by source_row_id",
        "select stage, object, row_id, reason, detail from audit.audit_reject order by 1, 2, 3",
        "select stage, object, read, rejected, excluded from audit.audit_balance order by 1, 2",
    ] {
        let (expected, found) = (sqlite.sql(sql), maria.sql(sql)?);
        assert_eq!(found, expected?, "{sql}");
        assert!(!found.is_empty(), "{sql}");
    }
    Ok(())
}
