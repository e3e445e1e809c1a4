//! HTTPS.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use runner_core::{Code, Run, TypedProgram};
use runner_http::{Client, ClientOptions, Server, ServerOptions, TlsClient, TlsServer};
use tokio::net::TcpListener;

use crate::support::{Ticks, interpreter, program};

/// An authority, and a certificate for `localhost` that it signed, with its key.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_run_over_tls_with_a_certificate_that_is_known() {
    let (authority, certificate, key) = certificates();
    let tls = TlsServer::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::new(interpreter(&Ticks::default()), ServerOptions::new());
    let listening = server.clone();
    tokio::spawn(async move { listening.listen_tls(listener, tls).await });

    let known = TlsClient::from_pem(Some(authority.as_bytes())).unwrap();
    let url = format!("https://localhost:{port}");
    let client = Client::new(&url, ClientOptions::new().with_tls(known.clone())).unwrap();
    let typed = TypedProgram::<i64, i64>::new(program("func main(x: Int64): Int64 -> x + 1")).unwrap();
    assert_eq!(client.run(&typed, &41).await.unwrap(), 42);

    let (other, ..) = certificates();
    let unknown = TlsClient::from_pem(Some(other.as_bytes())).unwrap();
    let wrong = [
        Client::new(&url, ClientOptions::new().with_tls(unknown)).unwrap(),
        Client::new(&url, ClientOptions::new()).unwrap(),
        Client::new(&format!("https://127.0.0.1:{port}"), ClientOptions::new().with_tls(known)).unwrap(),
    ];
    for client in wrong {
        let error = client.describe().await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (Code::Unavailable, false), "{error}");
    }
    let plain = Client::new(&format!("http://localhost:{port}"), ClientOptions::new()).unwrap();
    assert_eq!(plain.describe().await.unwrap_err().code(), Code::Unavailable);
}

#[test]
fn what_is_no_url_and_no_certificate_is_refused() {
    for url in [
        "",
        "localhost",
        "ftp://localhost",
        "http://",
        "http://a:b@localhost",
        "http://localhost?x=1",
        "tcp://x:1",
    ] {
        let error = Client::new(url, ClientOptions::new()).unwrap_err();
        assert_eq!(error.code(), Code::DecodeError, "{url}");
    }
    assert!(TlsServer::from_pem(b"", b"").is_err());
    assert!(TlsClient::from_pem(Some(b"nonsense")).is_err());
}
