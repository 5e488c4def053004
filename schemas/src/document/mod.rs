//! Configuration text as a tree of values that know where they stand.
//!
//! YAML (models) and TOML (settings) become the same [`Node`] tree, so one decoder serves both and
//! every fault is reported at once with file, line and column. Not responsible for what the values mean.
//!
//! ```text
//! text ──► yaml.rs | toml.rs ──► Node ──► Fields (decode) ──► plain types
//!                     └──────────── Faults ◄──────┘
//! ```

mod decode;
mod faults;
mod node;
mod toml;
mod yaml;

pub use decode::{Decoder, Fields};
pub use faults::{Fault, Faults, nearest};
pub use node::{Node, Place, Value};

pub use self::toml::parse_toml;
pub use self::yaml::parse_yaml;
