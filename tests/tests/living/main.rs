//! Warehouses that live on: built anew from what is retained, kept in few files, and under models that change.

mod backfill;
mod damaged;
mod every_form;
mod failed_loads;
mod files;
mod rebuild;
mod small_files;
mod streams;
