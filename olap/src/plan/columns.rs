//! How columns are named inside a plan, so that plans can be read.
//!
//! The fact is `fact`, a dimension in a role is `role.<role>`. Names with `#` are the planner's own.

use datafusion::common::Column;
use datafusion::common::TableReference;
use datafusion::logical_expr::Expr;

/// The surrogate key by which the fact reaches a row of a dimension.
pub(crate) const KEY: &str = "#key";
/// The durable key of the member that the fact points at, whatever the history mode.
pub(crate) const DURABLE: &str = "#durable";

/// The alias of the fact.
pub(crate) fn fact_alias() -> TableReference {
    TableReference::bare("fact")
}

/// The alias of a dimension in a role.
pub(crate) fn role_alias(role: &str) -> TableReference {
    TableReference::partial("role", role)
}

/// A column of the fact.
pub(crate) fn fact_column(name: &str) -> Expr {
    Expr::Column(Column::new(Some(fact_alias()), name))
}

/// A column of a dimension in a role.
pub(crate) fn role_column(role: &str, name: &str) -> Expr {
    Expr::Column(Column::new(Some(role_alias(role)), name))
}

/// A column without a qualifier; dots in the name mean nothing.
pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

/// The column that says which special member a key attribute stands for; null for ordinary ones.
pub(crate) fn special_of(attribute: &str) -> String {
    format!("{attribute}#special")
}
