//! `sslmode`, on a server with a certificate.

use std::{fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use runner_core::{Code, Run};
use runner_postgres::{Config, Postgres};
use runner_test_server::{Options, Server};

use crate::database::{ENDLESS, client, program, run, wait};

/// Only encrypted connections come in over TCP.
const ONLY_TLS: &str = "local all all trust\nhostssl all all all trust\n";

/// Whether the connection is encrypted, as the server sees it.
const IS_SECRET: &str = "func main(): [Bool] -> \
    sql::raw(\"SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()\")";

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

fn server(certificate: &str, key: &str, access: &str) -> Server {
    Server::with(&Options {
        settings: &[("ssl", "on")],
        files: &[("server.crt", certificate), ("server.key", key), ("pg_hba.conf", access)],
        tcp: true,
    })
}

fn keep(folder: &Path, name: &str, pem: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, pem).unwrap();
    file.to_str().unwrap().replace('/', "%2F")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_checks_what_it_says() {
    let (authority, certificate, key) = certificates();
    let server = server(&certificate, &key, ONLY_TLS);
    let folder = tempfile::tempdir().unwrap();
    let right = keep(folder.path(), "right.pem", &authority);
    let wrong = keep(folder.path(), "wrong.pem", &certificates().0);
    let unauthenticated = Err((Code::Unauthenticated, false));
    let refused = Err((Code::Unavailable, false));
    // The certificate is for `localhost`.
    let cases = [
        ("127.0.0.1", "disable".to_owned(), unauthenticated),
        ("127.0.0.1", "prefer".to_owned(), Ok(true)),
        ("127.0.0.1", "require".to_owned(), Ok(true)),
        ("127.0.0.1", format!("require&sslrootcert={right}"), Ok(true)),
        ("127.0.0.1", format!("require&sslrootcert={wrong}"), refused),
        ("127.0.0.1", format!("verify-ca&sslrootcert={right}"), Ok(true)),
        ("127.0.0.1", format!("verify-ca&sslrootcert={wrong}"), refused),
        // The system knows nothing of the authority.
        ("127.0.0.1", "verify-ca".to_owned(), refused),
        ("localhost", "verify-full".to_owned(), refused),
        ("localhost", format!("verify-full&sslrootcert={right}"), Ok(true)),
        ("localhost", format!("sslmode=verify-full&sslrootcert={wrong}"), refused),
        ("127.0.0.1", format!("verify-full&sslrootcert={right}"), refused),
    ];
    for (host, mode, expected) in cases {
        let mode = mode.trim_start_matches("sslmode=");
        let url = format!("postgres://test@{host}:{}/postgres?sslmode={mode}", server.port());
        let found = match Postgres::connect(&url).await {
            Ok(runner) => Ok(run(&runner, IS_SECRET, "{}").await.unwrap() == "[\n  true,\n]"),
            Err(error) => Err((error.code(), error.is_retryable())),
        };
        assert_eq!(found, expected, "{host} {mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_certificate_is_used_as_the_mode_says() {
    let server = Server::with(&Options { tcp: true, ..Options::default() });
    for (mode, expected) in [
        ("disable", Ok(false)),
        ("prefer", Ok(false)),
        ("require", Err(Code::Unavailable)),
        ("verify-full", Err(Code::Unavailable)),
    ] {
        let found = match Postgres::connect(&format!("{}?sslmode={mode}", server.tcp_url())).await {
            Ok(runner) => Ok(run(&runner, IS_SECRET, "{}").await.unwrap() == "[\n  true,\n]"),
            Err(error) => Err(error.code()),
        };
        assert_eq!(found, expected, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_execute_is_cancelled_over_tls() {
    let (authority, certificate, key) = certificates();
    let server = server(&certificate, &key, ONLY_TLS);
    let folder = tempfile::tempdir().unwrap();
    let right = keep(folder.path(), "right.pem", &authority);
    let url = format!(
        "postgres://test@localhost:{}/postgres?application_name=tested&sslmode=verify-full&sslrootcert={right}",
        server.port()
    );
    let runner = Postgres::new(Config::parse(&url).unwrap().pool_size(1)).await.unwrap();
    let prepared = runner.prepare(&program(ENDLESS)).await.unwrap();
    let client = client(&server).await;
    let active = "FROM pg_stat_activity WHERE application_name = 'tested' AND state = 'active'";
    let is_active = format!("SELECT count(*) = 1 {active}");
    tokio::select! {
        result = runner.execute(&prepared, Vec::new().into()) => panic!("{result:?}"),
        () = wait(&client, &is_active) => {}
    }
    wait(&client, &format!("SELECT count(*) = 0 {active}")).await;
    assert_eq!(run(&runner, "func main() -> 1", "{}").await.unwrap(), "1");
}

#[test]
fn a_file_of_authorities_must_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let empty = keep(folder.path(), "empty.pem", "no certificate\n");
    for file in [empty, "%2Fnowhere".to_owned()] {
        let url = format!("postgres://localhost/x?sslmode=verify-full&sslrootcert={file}");
        assert_eq!(Config::parse(&url).unwrap_err().code(), Code::PrepareError);
    }
}
