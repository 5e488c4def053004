//! Holds the wire compatible with the last release: what a released client sends and reads keeps its meaning.
//!
//! The released descriptors are committed in `released/`; `examples/release.rs` writes them.

mod compare;
mod surface;

use prost::Message;
use prost_types::FileDescriptorSet;

use compare::breaks;

const RELEASED: &[u8] = include_bytes!("../../released/planisphere.olap.v1.binpb");

/// The files of this tree.
fn current() -> FileDescriptorSet {
    decode(crate::FILE_DESCRIPTOR_SET)
}

#[expect(clippy::expect_used, reason = "tests")]
fn decode(bytes: &[u8]) -> FileDescriptorSet {
    FileDescriptorSet::decode(bytes).expect("a descriptor set")
}

#[test]
fn this_tree_keeps_what_was_released() {
    assert_eq!(breaks(&decode(RELEASED), &current()), Vec::<String>::new());
}

#[test]
fn every_enum_starts_at_unspecified() {
    let files = current();
    let enums: Vec<_> = files.file.iter().flat_map(|file| &file.enum_type).collect();
    assert!(!enums.is_empty());
    for kind in enums {
        let zero = kind
            .value
            .iter()
            .find(|value| value.number() == 0)
            .map(|value| value.name());
        assert!(
            zero.is_some_and(|name| name.ends_with("_UNSPECIFIED")),
            "{}",
            kind.name()
        );
    }
}
