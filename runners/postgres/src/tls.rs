//! TLS as `sslmode` asks for it.

use std::sync::Arc;

use runner_core::{Code, Error, Result};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::{
    self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use crate::config::Verify;

/// The certificates in a file.
///
/// # Errors
/// `PREPARE_ERROR` if it can't be read or holds none.
pub(crate) fn read_authorities(file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |words: String| Error::prepare(format!("the authorities in `{file}`: {words}"));
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(wrong("no certificate".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(error.to_string())),
    }
}

pub(crate) fn connector(
    verify: Verify,
    own: Option<&[CertificateDer<'static>]>,
) -> Result<MakeRustlsConnect> {
    let wrong = |error: rustls::Error| Error::new(Code::Internal, format!("TLS: {error}"));
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let config = match verify {
        Verify::Full => builder.with_root_certificates(authorities(own)).with_no_client_auth(),
        Verify::None => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Lenient { provider, authority: None }))
            .with_no_client_auth(),
        Verify::Authority => {
            let authority = WebPkiServerVerifier::builder_with_provider(
                Arc::new(authorities(own)),
                Arc::clone(&provider),
            )
            .build()
            .map_err(|error| Error::new(Code::Internal, format!("TLS: {error}")))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Lenient { provider, authority: Some(authority) }))
                .with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn authorities(own: Option<&[CertificateDer<'static>]>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    match own {
        Some(own) => roots.add_parsable_certificates(own.iter().cloned()),
        None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    };
    roots
}

/// Accepts any certificate, or any that an authority vouches for, whatever host it names; as libpq's `require` and
/// `verify-ca` do.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName
                | rustls::CertificateError::NotValidForNameContext { .. },
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
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
