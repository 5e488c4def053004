//! A warehouse over its life: unchanged loads, changed sources, rejects, failures, crashes, loads side by side.

mod audited;
mod bookings;
mod chains;
mod changes;
mod concurrent;
mod crashes;
mod crowds;
mod damaged;
mod extract_only;
mod failures;
mod full_disk;
mod histories;
mod histories_of_facts;
mod hoard;
mod json_logs;
mod killed;
mod left_behind;
mod long_ways;
mod looked_up;
mod lost_partners;
mod many_rejects;
mod partners;
mod records;
mod regained;
mod rejected_later;
mod rejects;
mod remodelled;
mod spill;
mod stopped;
mod strangers;
mod tastes;
mod throng;
mod unchanged;
mod vanished;
mod wide;

use anyhow::Result;
use planisphere_tests::lab::Lab;

/// The star tables of the latest version without surrogate and audit keys, in the order of their business keys.
fn stars(lab: &Lab) -> Result<Vec<Vec<Vec<String>>>> {
    [
        "select customer_id, name, city, segment, rating, valid_from, valid_to, valid_from_basis, is_current, \
         deleted_at_source from dim_customer order by customer_id, valid_from",
        "select product_id, name, category, is_current, deleted_at_source from dim_product order by product_id",
        "select source_row_id, order_date_key, c.customer_id, c.valid_from, p.product_id, status, quantity, revenue, \
         f.deleted_at_source from fact_sale f join dim_customer c on c.customer_key = f.customer_key \
         join dim_product p on p.product_key = f.product_key order by source_row_id",
        "select count(*), min(date_id), max(date_id) from dim_date",
    ]
    .iter()
    .map(|sql| lab.sql(sql))
    .collect()
}

/// Checks that the versions of every customer follow each other without gap or overlap, the last one current.
fn versions_are_valid(lab: &Lab) -> Result<()> {
    let versions = lab.sql(
        "select customer_id, valid_from, valid_to, is_current, customer_durable_key \
         from dim_customer where customer_key > 0 order by customer_id, valid_from",
    )?;
    for (at, version) in versions.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &versions[before]);
        match before.filter(|before| before[0] == version[0]) {
            Some(before) => {
                assert_eq!(
                    before[2], version[1],
                    "{before:?} does not end where {version:?} begins"
                );
                assert_eq!(before[4], version[4], "one customer has two durable keys");
            }
            None => assert_eq!(
                version[1], "0001-01-01T00:00:00Z",
                "{version:?} does not open"
            ),
        }
        let last = versions
            .get(at + 1)
            .is_none_or(|next| next[0] != version[0]);
        let end = version[2] == "9999-12-31T00:00:00Z";
        assert_eq!((end, version[3] == "true"), (last, last), "{version:?}");
        assert!(version[1] < version[2], "{version:?} is empty");
    }
    Ok(())
}
