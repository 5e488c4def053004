//! Holds README.md, docs/ and deploy/ to the code: what they name exists, what they show runs.

mod commands;
mod dependencies;
mod deploy;
mod glossary;
mod kimball;
mod links;
mod markdown;
mod matrix;
mod model;
mod readme;
mod tutorial;
