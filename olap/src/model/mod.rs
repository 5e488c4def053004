//! The model as one cube sees it: dimensions with hierarchies of levels, measures with their types.
//!
//! Roles of the star and degenerate columns look alike here. Names are found here, with the nearest ones
//! for names that do not exist; nothing is planned.

mod describe;
mod find;
mod view;

pub(crate) use describe::cell_type;
pub use describe::{Additivity, CubeSummary, MeasureView};
pub(crate) use find::{LevelMatch, find_dimension, find_level};
pub use view::{ColumnType, CubeView, DimensionSource, DimensionView, HierarchyView, LevelView};
