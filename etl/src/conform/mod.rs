//! Staged tables to canonical entities: histories, views, to-one joins, SQL scalars, named rules.
//!
//! Every row of an entity's driving table ends kept, rejected with a reason, or excluded by a rule.
//! Not responsible for keys or history of dimensions.

mod chain;
mod check;
mod entity;
mod functions;
mod history;
mod lineage;
mod needs;
mod pieces;
mod rejected;
mod row_wise;
mod select;
mod session;
mod spooled;
mod steady;

pub(crate) use check::{Types, check, type_name};
pub(crate) use entity::{
    BASIS, CHANGE, Conformed, DELETED, MERGED_INTO, MODIFIED, ROW_ID, SEQUENCE, VALID_FROM,
    conform, json_rows,
};
pub(crate) use lineage::{EntityLineage, How, Origins, entity_lineage};
pub(crate) use needs::needs;
pub(crate) use select::is_identified;
pub(crate) use session::{Room, open_session};
