//! TLS by rustls, with its default settings and the `ring` provider.

use std::{fmt, sync::Arc};

use runner_core::{Error, Result};
use tokio_rustls::rustls::{
    self,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};

#[cfg(feature = "server")]
pub use server::TlsServer;

#[cfg(feature = "client")]
pub use client::TlsClient;

#[cfg(feature = "server")]
mod server {
    use std::io;

    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{ServerConfig, pki_types::PrivateKeyDer},
        server::TlsStream,
    };

    use super::{Arc, PemObject, Result, certificates, fmt, provider, unusable};

    /// What a server needs for TLS.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let tls = runner_http::TlsServer::from_pem(&std::fs::read("server.pem")?, &std::fs::read("server.key")?)?;
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Clone)]
    pub struct TlsServer(TlsAcceptor);

    impl TlsServer {
        /// Reads a chain of certificates and its key, in PEM.
        ///
        /// # Errors
        /// `DECODE_ERROR` if they can't be read or do not fit together.
        pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self> {
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| unusable("the key", error))?;
            let mut config = ServerConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map_err(|error| unusable("the TLS settings", error))?
                .with_no_client_auth()
                .with_single_cert(certificates(chain)?, key)
                .map_err(|error| unusable("the certificate", error))?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Self(TlsAcceptor::from(Arc::new(config))))
        }

        pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
            &self,
            stream: S,
        ) -> io::Result<TlsStream<S>> {
            self.0.accept(stream).await
        }
    }

    impl fmt::Debug for TlsServer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("TlsServer")
        }
    }
}

#[cfg(feature = "client")]
mod client {
    use tokio::{io, net::TcpStream};
    use tokio_rustls::{
        TlsConnector,
        client::TlsStream,
        rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
    };

    use super::{Arc, Result, certificates, fmt, provider, unusable};

    /// What a client needs for TLS.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let tls = runner_http::TlsClient::from_pem(Some(&std::fs::read("ca.pem")?))?;
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Clone)]
    pub struct TlsClient(TlsConnector);

    impl TlsClient {
        /// Reads the authority that signs servers' certificates, in PEM; those of the system if there is none.
        ///
        /// # Errors
        /// `DECODE_ERROR` if it can't be read.
        pub fn from_pem(authority: Option<&[u8]>) -> Result<Self> {
            let mut roots = RootCertStore::empty();
            match authority {
                Some(authority) => {
                    for certificate in certificates(authority)? {
                        roots.add(certificate).map_err(|error| unusable("the authority", error))?;
                    }
                }
                None => {
                    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                }
            }
            let mut config = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map_err(|error| unusable("the TLS settings", error))?
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Self(TlsConnector::from(Arc::new(config))))
        }

        pub(crate) async fn connect(
            &self,
            host: &str,
            stream: TcpStream,
        ) -> io::Result<TlsStream<TcpStream>> {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(host.to_owned())
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            self.0.connect(name, stream).await
        }
    }

    impl fmt::Debug for TlsClient {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("TlsClient")
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
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

fn unusable(what: &str, error: impl fmt::Display) -> Error {
    Error::decode(format!("{what} can't be used: {error}"))
}
