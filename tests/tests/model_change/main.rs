//! A model that changes on a living warehouse: what a user edits, what the next load does, what old versions say.

mod attributes;
mod captions;
mod file_source;
mod grain;
mod lineage;
mod retyped;

/// The files of the shop's model that are edited here.
const SHOP: &str = "model/sources/shop.yaml";
const CUSTOMER: &str = "model/conformed/customer.yaml";
const SALE: &str = "model/stars/sale.yaml";
const SALES: &str = "model/cubes/sales.yaml";
