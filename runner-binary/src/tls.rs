//! TLS by rustls, with its default settings and the `ring` provider.

use std::{fmt, io, sync::Arc};

use runner_core::{Code, Error, Result};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor, TlsConnector, client, rustls,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::CryptoProvider,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
        server::WebPkiClientVerifier,
    },
    server,
};

/// What a server needs for TLS.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let (chain, key) = (std::fs::read("server.pem")?, std::fs::read("server.key")?);
/// let clients = std::fs::read("clients-ca.pem")?;
/// let tls = runner_binary::TlsServer::from_pem(&chain, &key, Some(&clients))?;
/// assert!(tls.knows_clients());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
    knows_clients: bool,
}

/// What a client needs for TLS.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = runner_binary::TlsClient::from_pem(Some(&std::fs::read("ca.pem")?), None)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsClient(TlsConnector);

impl TlsServer {
    /// Reads a chain of certificates and its key, and the authority that signs the certificates that clients have to
    /// show, if they have to. All are PEM.
    ///
    /// # Errors
    /// `DECODE_ERROR` if they can't be read or do not fit together.
    pub fn from_pem(chain: &[u8], key: &[u8], clients: Option<&[u8]>) -> Result<Self> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("the TLS settings", error))?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots(authority)?.into(), provider())
                        .build()
                        .map_err(|error| unusable("the clients' authority", error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let config = builder
            .with_single_cert(certificates(chain)?, private_key(key)?)
            .map_err(|error| unusable("the certificate", error))?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), knows_clients: clients.is_some() })
    }

    /// Whether clients have to show a certificate.
    #[must_use]
    pub fn knows_clients(&self) -> bool {
        self.knows_clients
    }

    /// Shakes hands with a client. For streams that [`Server::listen_tls`](crate::Server::listen_tls) does not accept.
    ///
    /// # Errors
    /// If the handshake fails.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<server::TlsStream<S>> {
        self.acceptor.accept(stream).await
    }
}

impl TlsClient {
    /// Reads the authority that signs servers' certificates (those of the system if there is none), and the chain and
    /// key to show to the server, if it asks for them. All are PEM.
    ///
    /// # Errors
    /// `DECODE_ERROR` if they can't be read or do not fit together.
    pub fn from_pem(authority: Option<&[u8]>, identity: Option<(&[u8], &[u8])>) -> Result<Self> {
        let roots = match authority {
            Some(authority) => roots(authority)?,
            None => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("the TLS settings", error))?
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(certificates(chain)?, private_key(key)?)
                .map_err(|error| unusable("the certificate", error))?,
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with the server at `host:port`, or just `host`.
    ///
    /// # Errors
    /// `UNAVAILABLE` if the handshake fails, which it does if the certificate is not for the host.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        address: &str,
        stream: S,
    ) -> Result<client::TlsStream<S>> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|error| unusable(host, error))?;
        self.0.connect(name, stream).await.map_err(|error| {
            // A certificate that is wrong now will be wrong when it is tried again.
            let retryable = error.kind() != io::ErrorKind::InvalidData;
            Error::new(Code::Unavailable, format!("no TLS connection to {address}: {error}"))
                .with_retryable(retryable)
        })
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsServer(knows_clients: {})", self.knows_clients)
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsClient")
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn roots(pem: &[u8]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| unusable("the authority", error))?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(Error::decode("there is no certificate in the PEM"))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable("the certificate", error)),
    }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| unusable("the key", error))
}

fn unusable(what: &str, error: impl fmt::Display) -> Error {
    Error::decode(format!("{what} can't be used: {error}"))
}
