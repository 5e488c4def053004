//! The wire types of `planisphere.olap.v1`, generated from the `.proto` files beside this crate.
//!
//! The comments in those files are the reference of the service. This crate knows nothing of how
//! a request is answered: `olap/src/grpc` translates.

#[cfg(test)]
mod compatibility;

/// Package `planisphere.olap.v1`: messages, and the service's client and server.
pub mod v1 {
    #![expect(
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        reason = "generated code brings its own attributes"
    )]
    include!(concat!(env!("OUT_DIR"), "/planisphere.olap.v1.rs"));
}

/// The descriptors of all files of the package, as an encoded `google.protobuf.FileDescriptorSet`; for
/// server reflection and for clients that learn the service at run time.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/planisphere.olap.v1.binpb"));
