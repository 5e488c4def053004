//! The OLAP server: answers cube queries from one published warehouse version.
//!
//! ```text
//! grpc | flight | cli ──► service ──► plan ──► query, model
//!                            │          └────► exec (memory, deadline, rows) ──► stars (pinned tables)
//!                            └──► result, cells
//! ```
//! This crate deliberately does not know how a warehouse is loaded, nor anything about sources.

mod cells;
pub mod check;
pub mod cli;
mod digits;
mod error;
pub mod exec;
pub mod flight;
pub mod grpc;
mod kept;
pub mod model;
mod paging;
mod plan;
mod principal;
mod published;
pub mod query;
mod result;
pub mod serve;
mod service;
pub mod sql;
mod stars;
mod states;
mod work;

pub use cells::{
    Cell, CellState, CellValue, PlainCells, Tuple, TupleAttribute, TupleMember, plain_cells,
};
pub use error::{OlapError, QueryFault, QueryFaults, Result};
pub use kept::Kept;
pub use principal::{Policy, Principal};
pub use published::PublishedStars;
pub use result::{ColumnRole, Exactness, LevelPart, QueryResult, ResultColumn, ResultHeader};
pub use service::{
    Caller, CubeDetail, CubeList, CubeService, DetailQuery, DetailResult, DetailTotal, DrillDown,
    Explanation, Member, MembersPage, MembersQuery, RollUp,
};
pub use stars::{MemoryStars, OneVersion, Stars, StarsSource};
