//! From a request to a plan of the engine, step by step; every step is pure and can be printed.
//!
//! ```text
//! CubeQuery ─resolve─► ResolvedQuery ─find_members─► ─┐
//!   scan_fact ► join_roles ► filter_members ► rank_top ► group_members ► aggregate_measures
//!   ► measure_contexts ► calculate_measures ► label_members ► project_answer ► order_rows ─► LogicalPlan
//! ```
//! Nothing here runs a plan; `service` does, with `exec`.

mod aggregate_measures;
mod answer;
mod apart;
mod bridged_cells;
mod calculate_measures;
mod cells_across;
mod coded_levels;
mod columns;
mod context_cells;
mod context_relation;
mod decimal;
mod detail;
mod drill;
mod filter_members;
mod find_members;
mod group_members;
mod join_roles;
mod key_value;
mod label_members;
mod list_members;
mod measure_contexts;
mod measure_states;
mod member_codes;
mod member_rows;
mod operator_sign;
mod order_rows;
mod planner;
mod print;
mod project_answer;
mod rank_top;
mod resolve;
mod resolve_across;
mod resolve_attributes;
mod resolve_bridges;
mod resolve_filter;
mod resolve_measure;
mod resolve_order;
mod resolve_sets;
mod resolve_trees;
mod resolved;
mod resolved_measure;
mod scan_fact;
mod signs;
mod tree_levels;

pub(crate) use answer::plan_answer;
pub(crate) use detail::{plan_detail, resolve_cell};
pub(crate) use drill::{drilled_down, rolled_up};
pub(crate) use find_members::{
    check_found, find_members, nearby_members, paths_of, report_unknown,
};
pub(crate) use key_value::member_key;
pub(crate) use list_members::{members_of, plan_member_list, resolve_member_list};
pub(crate) use order_rows::Page;
pub(crate) use planner::Planner;
pub(crate) use resolve::{CubeOf, find_cube, resolve};
pub(crate) use resolved::{ResolvedFilter, ResolvedQuery};
