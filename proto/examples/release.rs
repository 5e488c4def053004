//! Writes the descriptors of this tree to `released/`, as the ones that later releases must stay compatible
//! with: `cargo run -p planisphere-proto --example release`. Run it when a release is cut, never to silence
//! the compatibility test.

fn main() -> std::io::Result<()> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/released/planisphere.olap.v1.binpb"
    );
    std::fs::write(path, planisphere_proto::FILE_DESCRIPTOR_SET)
}
