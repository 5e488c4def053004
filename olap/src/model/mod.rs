//! The model as one cube sees it: dimensions with hierarchies of levels, measures with their types.
//!
//! Roles of the star and degenerate columns look alike here. Names are found here, with the nearest ones
//! for names that do not exist; nothing is planned.

mod describe;
mod find;
mod view;

pub use describe::{Additivity, CubeSummary, MeasureView};
pub(crate) use describe::{caption_of, cell_type, format_of};
pub(crate) use find::{LevelMatch, find_dimension, find_level};
pub use view::{
    AttributeView, ColumnType, CubeView, DimensionSource, DimensionView, HierarchyView, LevelView,
};
