//! The flags of `query`, as `--help` shows them.

use std::path::PathBuf;

use clap::Args;

use super::args::{Format, From};

/// Arguments of `query`.
#[derive(Debug, Default, Args)]
pub(super) struct QueryArgs {
    /// A YAML file with the question; flags replace or add to what it says.
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) from: Option<From>,
    /// The cube.
    #[arg(long)]
    pub(super) cube: Option<String>,
    /// The measures, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub(super) measures: Vec<String>,
    /// The levels of the rows, separated by commas: order_date.calendar.year,product.category.category
    #[arg(long, value_delimiter = ',')]
    pub(super) rows: Vec<String>,
    /// The levels of the columns, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub(super) columns: Vec<String>,
    /// What is told of members beside, separated by commas: customer.customer.customer.email
    #[arg(long, value_delimiter = ',')]
    pub(super) attributes: Vec<String>,
    /// Which totals there are, separated by commas: all of an axis (rows, columns), its grand total alone (total rows), or those of the
    /// members of a level (order_date.calendar.year).
    #[arg(long, value_delimiter = ',')]
    pub(super) subtotals: Vec<String>,
    /// Named sets of the cube to which the question is narrowed, separated by commas.
    #[arg(long = "set", value_delimiter = ',')]
    pub(super) sets: Vec<String>,
    /// A condition on members, several times for several: "order_date.calendar.year = 2025",
    /// "product.category.category in A, B", "order_date.calendar.month from 2025/1/1 to 2025/2/4",
    /// "product.category.product contains bike" (also begins with, ends with, is named).
    #[arg(long = "where")]
    pub(super) filters: Vec<String>,
    /// A condition on a measure: "net_amount > 100". It hides members; totals are still over all of them.
    #[arg(long)]
    pub(super) having: Vec<String>,
    /// Keys of the order, separated by commas: -net_amount,order_date.calendar.year
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    pub(super) sort: Vec<String>,
    /// The first members of a level: "5 by net_amount", "bottom 3 product.category.category by quantity",
    /// "5 by net_amount per order_date.calendar.year"; or those for which a measure holds: "customer.customer.customer where net_amount > 1000".
    /// Several times for several, each within what those before it have left. Totals are over the members that are shown.
    #[arg(long)]
    pub(super) top: Vec<String>,
    /// How many rows at most.
    #[arg(long)]
    pub(super) limit: Option<u64>,
    /// Where the page before ended.
    #[arg(long)]
    pub(super) page_token: Option<String>,
    /// Drill down into a member: "order_date.calendar.year = 2025"
    #[arg(long = "drill", visible_alias = "drill-down", conflicts_with_all = ["roll_up", "drill_through"])]
    pub(super) drill: Option<String>,
    /// The level to drill down to; the next finer one by default.
    #[arg(long, requires = "drill")]
    pub(super) drill_to: Option<String>,
    /// Roll up a dimension, or dimension.hierarchy.
    #[arg(long, conflicts_with = "drill_through")]
    pub(super) roll_up: Option<String>,
    /// Show the fact rows of a cell; once for each member that names it.
    #[arg(long)]
    pub(super) drill_through: Vec<String>,
    /// Which version of members facts belong to: as_was, as_is, or "as_of 2025-12-31".
    #[arg(long)]
    pub(super) history: Option<String>,
    /// The language of captions: en or zh.
    #[arg(long)]
    pub(super) locale: Option<String>,
    /// Count facts too that their source has deleted.
    #[arg(long)]
    pub(super) include_deleted: bool,
    /// The warehouse version to ask; the latest by default.
    #[arg(long = "warehouse-version")]
    pub(super) version: Option<u64>,
    /// Say how the question would be answered instead of answering it.
    #[arg(long)]
    pub(super) explain: bool,
    /// How the answer looks.
    #[arg(long, value_enum)]
    pub(super) format: Option<Format>,
}
