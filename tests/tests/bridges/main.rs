//! Dimensions of which a fact has many members, and hierarchies of any depth, against SQL on the rows of the source.

mod accounts;
mod crm;
mod groups;
mod kinds;
mod model;
mod offset;
mod ragged;
mod trees;
mod weights;
