//! What can be asked of a cube, as plain data: the one request model behind every protocol.
//!
//! Names are not resolved here and nothing is planned. `parse` reads the short written forms
//! (`order_date.calendar.year = 2024`), `file` the YAML query files.

mod attribute;
mod cube_query;
mod file;
mod language;
mod level_ref;
mod member;
mod named_set;
mod parse;
mod subtotals;

pub use attribute::AttributeRef;
pub use cube_query::{
    Axis, Bound, Comparison, Condition, CubeQuery, Filter, History, Keep, MeasureFilter, Sort,
    SortKey, Subtotals, TextPlace, Top,
};
pub use file::{Drill, QueryFile, read_query_file};
pub use language::Language;
pub use level_ref::LevelRef;
pub use member::{MemberKey, MemberPath, MemberRef};
pub(crate) use named_set::{Narrowing, parse_narrowing};
pub use parse::{ParseError, parse_filter, parse_measure_filter, parse_sort, parse_top};
pub use subtotals::add_subtotals;
