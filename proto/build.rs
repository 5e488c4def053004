//! Compiles the `.proto` files with a compiler in Rust, so that no `protoc` is needed.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const ROOT: &str = "planisphere/olap/v1/service.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=planisphere");
    let mut files = protox::compile([ROOT], ["."])?;
    tonic_prost_build::configure()
        .boxed(".planisphere.olap.v1.ResultChunk.chunk.header")
        .compile_fds(files.clone())?;
    // Comments have become documentation; reflection and the compatibility test do without.
    for file in &mut files.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("planisphere.olap.v1.binpb");
    fs::write(out, files.encode_to_vec())?;
    Ok(())
}
