//! `http://HOST:PORT`, `https://HOST:PORT`: a server that speaks HTTP.

use runner_core::DynRun;
use runner_http::{Client, ClientOptions, TlsClient, Token};

use crate::{args::ConnectArgs, error::Failure};

pub(super) fn connect(args: &ConnectArgs) -> Result<DynRun, Failure> {
    if args.tls_cert.is_some() {
        return Err(Failure::wrong("certificates are shown to servers at `tls://` only"));
    }
    let mut options = ClientOptions::new().with_output_bytes(u64::MAX);
    if let Some(secret) = args.secret().text()? {
        options = options.with_token(Token::new(secret));
    }
    if args.url().starts_with("https:") {
        options = options.with_tls(TlsClient::from_pem(args.authority()?.as_deref())?);
    }
    Ok(DynRun::new(Client::new(args.url(), options)?))
}
