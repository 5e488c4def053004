//! The vocabulary of the simulated world: places, people, companies, goods and code lists.
//!
//! Data only. What happens with it is decided in `world`.

pub(crate) mod codes;
pub(crate) mod company;
pub(crate) mod goods;
pub(crate) mod people;
pub(crate) mod place;
pub(crate) mod service;
