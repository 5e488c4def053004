//! What `sslmode` means: which certificates are believed, as libpq understands the words.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::login::Tls;

/// The words of `sslmode`.
pub(super) const MODES: [&str; 5] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

/// What `sslmode` asks for, with the certificates of `sslrootcert` (else those of the system).
///
/// # Errors
/// A sentence that says which word or file is wrong.
pub(super) fn tls(mode: &str, root: Option<&Path>) -> Result<Tls, String> {
    let believed = match (mode, root) {
        ("disable", _) => return Ok(Tls::Off),
        ("prefer", _) | ("require", None) => Believed::Anyone,
        ("require" | "verify-ca", _) => Believed::Certificate(roots(root)?),
        ("verify-full", _) => Believed::CertificateAndName(roots(root)?),
        _ => return Err(format!("sslmode is one of {}", MODES.join(", "))),
    };
    let config = Arc::new(config(believed)?);
    Ok(match mode {
        "prefer" => Tls::Preferred(config),
        _ => Tls::Required(config),
    })
}

enum Believed {
    Anyone,
    Certificate(RootCertStore),
    CertificateAndName(RootCertStore),
}

fn config(believed: Believed) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    let web_pki = |roots: RootCertStore| {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| format!("TLS: {error}"))
    };
    let verifier: Arc<dyn ServerCertVerifier> = match believed {
        Believed::CertificateAndName(roots) => web_pki(roots)?,
        Believed::Certificate(roots) => Arc::new(Lenient {
            inner: Some(web_pki(roots)?),
            provider: Arc::clone(&provider),
        }),
        Believed::Anyone => Arc::new(Lenient {
            inner: None,
            provider: Arc::clone(&provider),
        }),
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    let Some(file) = file else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // A certificate of the system that nobody can read believes in nobody.
            let _ = store.add(certificate);
        }
        return Ok(store);
    };
    let unusable = |reason: String| format!("sslrootcert '{}': {reason}", file.display());
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    match store.is_empty() {
        true => Err(unusable("holds no certificate".into())),
        false => Ok(store),
    }
}

/// Believes a certificate whatever name it bears; without an inner verifier, any certificate.
#[derive(Debug)]
struct Lenient {
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
