//! A model that changes on a living warehouse: what a user edits, what the next load does, what old versions say.

mod attributes;
mod captions;
mod file_source;
mod grain;

/// The files of the shop's model that are edited here.
const SHOP: &str = "model/sources/shop.yaml";
const CUSTOMER: &str = "model/conformed/customer.yaml";
const SALE: &str = "model/stars/sale.yaml";
const SALES: &str = "model/cubes/sales.yaml";

/// Rows of texts, as the programs give them.
fn rows(expected: &[&[&str]]) -> Vec<Vec<String>> {
    let row = |row: &&[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
    expected.iter().map(row).collect()
}
