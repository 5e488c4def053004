//! Warehouses that live on: built anew from what is retained, kept in few files, and under models that change.

mod every_form;
mod files;
mod rebuild;
mod streams;
