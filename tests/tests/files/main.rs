//! Files as a source: what Python's own readers say of them, packed files, patterns, memory, changes, object stores.

mod clamp;
mod delimited;
mod memory;
mod moments;
mod packed;
mod python;
mod site;
mod store;
mod typed;
