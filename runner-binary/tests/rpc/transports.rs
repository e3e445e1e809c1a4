//! Real sockets.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use runner_binary::{Client, ClientOptions, Server, ServerLimits, ServerOptions, Token};
use runner_core::{Code, Result, Run};
use tokio::net::TcpListener;

use crate::support::*;

async fn listening(server: &Server<Robot>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = server.clone();
    tokio::spawn(async move { server.listen_tcp(listener).await });
    address
}

/// The four verbs, errors, and sizes, over whatever the client talks.
async fn converse(client: Client) {
    let prepared = client.prepare(&program(1)).await.unwrap();
    let inputs = (0..200_u32).map(|index| Bytes::from([&[0][..], &index.to_le_bytes()].concat()));
    let echoes = inputs.map(|input| {
        let (client, prepared) = (&client, &prepared);
        async move { client.execute(prepared, input.clone()).await.unwrap() == input }
    });
    assert!(join_all(echoes).await.into_iter().all(|same| same));
    let input = ask_big(b'c', 3_000_000);
    assert_eq!(client.execute(&prepared, input.clone()).await.unwrap(), big(&input));
    let large = Bytes::from(vec![0; 1_000_000]);
    assert_eq!(client.execute(&prepared, large.clone()).await.unwrap(), large);
    assert_eq!(code(client.execute(&prepared, Bytes::from_static(b"e")).await), Code::ExecutionError);
    assert!(client.get_interface().await.unwrap().starts_with("func robot"));
    assert_eq!(client.describe().await.unwrap().name, "robot");
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn tcp() {
    let (server, _) = server(ServerLimits::default());
    let address = listening(&server).await;
    converse(Client::connect_tcp(address, ClientOptions::new()).await.unwrap()).await;
    server.shutdown(LONG).await.unwrap();
}

#[tokio::test]
async fn a_thousand_connections() {
    let (server, robot) = server(ServerLimits::default());
    let address = listening(&server).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        let more = (0..100).map(|_| Client::connect_tcp(address.clone(), ClientOptions::new()));
        clients.extend(join_all(more).await.into_iter().map(Result::unwrap));
    }
    assert_eq!(server.metrics().connections, 1000);
    let wanted = program(1);
    let echoes = clients.iter().map(|client| async {
        let prepared = client.prepare(&wanted).await?;
        client.execute(&prepared, Bytes::from_static(b"x")).await
    });
    assert!(soon(join_all(echoes)).await.into_iter().all(|echo| echo.unwrap() == "x"));
    assert_eq!(robot.prepared.load(std::sync::atomic::Ordering::SeqCst), 1);
    drop(clients);
    until("all are gone", || server.metrics().connections == 0).await;
    assert_eq!(server.metrics().broken_total, 0);
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Client::connect_tcp(address, ClientOptions::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn an_open_address_needs_a_token_or_the_word() {
    let listen = async |options: ServerOptions| {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let (server, _) = server_with(options);
        let listening = tokio::spawn({
            let server = server.clone();
            async move { server.listen_tcp(listener).await }
        });
        tokio::task::yield_now().await;
        server.shutdown(LONG).await.unwrap();
        soon(listening).await.unwrap()
    };
    assert_eq!(code(listen(ServerOptions::new()).await), Code::Unauthenticated);
    assert!(listen(ServerOptions::new().with_token(Token::new("secret"))).await.is_ok());
    assert!(listen(ServerOptions::new().open_to_everybody()).await.is_ok());
}

#[cfg(all(unix, feature = "unix"))]
#[tokio::test]
async fn unix() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runner.sock");
    let (server, _) = server(ServerLimits::default());
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let listening = tokio::spawn({
        let server = server.clone();
        async move { server.listen_unix(listener).await }
    });
    converse(Client::connect_unix(&path, ClientOptions::new()).await.unwrap()).await;
    server.shutdown(LONG).await.unwrap();
    soon(listening).await.unwrap().unwrap();
    assert_eq!(code(Client::connect_unix(&path, ClientOptions::new()).await), Code::Unavailable);
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn tls() {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use runner_binary::{TlsClient, TlsServer};

    let authority = || {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, theirs) = (authority(), authority());
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.into()]).unwrap().signed_by(&key, &ours).unwrap();
        (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())
    };
    let ((chain, key), (client_chain, client_key)) = (signed("localhost"), signed("client"));
    let (ours, theirs) = (ours.pem().into_bytes(), theirs.pem().into_bytes());
    let (server, _) = server(ServerLimits::default());
    let listen = async |tls: TlsServer| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = server.clone();
        tokio::spawn(async move { server.listen_tls(listener, tls).await });
        format!("localhost:{port}")
    };
    let open = listen(TlsServer::from_pem(&chain, &key, None).unwrap()).await;
    let closed = listen(TlsServer::from_pem(&chain, &key, Some(&ours)).unwrap()).await;
    let plain = TlsClient::from_pem(Some(&ours), None).unwrap();
    let known = TlsClient::from_pem(Some(&ours), Some((&client_chain, &client_key))).unwrap();
    let connect = async |address: &str, tls: &TlsClient| {
        soon(Client::connect_tls(address, tls.clone(), ClientOptions::new())).await
    };
    converse(connect(&open, &plain).await.unwrap()).await;
    converse(connect(&closed, &known).await.unwrap()).await;
    assert_eq!(code(connect(&closed, &plain).await), Code::Unavailable, "a certificate is needed");
    let stranger = TlsClient::from_pem(Some(&theirs), None).unwrap();
    let error = connect(&open, &stranger).await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_retryable()),
        (Code::Unavailable, false),
        "not our authority: {error}"
    );
    let other_name = open.replace("localhost", "127.0.0.1");
    assert_eq!(code(connect(&other_name, &plain).await), Code::Unavailable, "not the certificate's name");
    assert_eq!(
        code(Client::connect_tcp(open, ClientOptions::new()).await),
        Code::DecodeError,
        "not encrypted"
    );

    for (chain, key) in [(&b""[..], &key[..]), (&chain[..], b"junk"), (&client_chain, &key)] {
        assert_eq!(code(TlsServer::from_pem(chain, key, None)), Code::DecodeError);
    }
    server.shutdown(LONG).await.unwrap();
}

/// The server is a value like any other: it can be shared, and outlive those who made it.
#[tokio::test]
async fn a_server_is_shared() {
    let (server, robot) = server(ServerLimits::default());
    let other = server.clone();
    drop(server);
    client(&other).await.shutdown().await.unwrap();
    assert_eq!(Arc::strong_count(&robot), 2);
}
