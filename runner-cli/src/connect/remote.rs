//! `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix://PATH`: a server that speaks the binary protocol.

use runner_binary::{Client, ClientOptions, Reconnect, TlsClient};
use runner_core::DynRun;

use crate::{args::ConnectArgs, error::Failure};

pub(super) async fn connect(scheme: &str, rest: &str, args: &ConnectArgs) -> Result<DynRun, Failure> {
    let Some(place) = rest.strip_prefix("//").filter(|place| !place.is_empty()) else {
        let form = if scheme == "unix" { "unix://PATH" } else { "tcp://HOST:PORT" };
        return Err(Failure::wrong(format!("`{}` is not of the form `{form}`", args.url())));
    };
    let options = options(args)?;
    let client = match scheme {
        "unix" => unix(place, options).await,
        "tls" => Client::connect_tls(address(place, args)?, tls(args)?, options).await,
        _ => Client::connect_tcp(address(place, args)?, options).await,
    };
    let client = client.map_err(|error| Failure::from(error).context(args.url()))?;
    Ok(DynRun::new(client))
}

/// How this command speaks to servers: with the token, and again if the connection is lost between two requests.
pub(super) fn options(args: &ConnectArgs) -> Result<ClientOptions, Failure> {
    let mut options = ClientOptions::new()
        .with_name(concat!("runner-cli/", env!("CARGO_PKG_VERSION")))
        .with_reconnect(Reconnect::default())
        .with_output_bytes(u64::MAX);
    if let Some(token) = args.secret().token()? {
        options = options.with_token(token);
    }
    Ok(options)
}

#[cfg(unix)]
async fn unix(path: &str, options: ClientOptions) -> runner_core::Result<Client> {
    Client::connect_unix(path, options).await
}

#[cfg(not(unix))]
async fn unix(_: &str, _: ClientOptions) -> runner_core::Result<Client> {
    Err(runner_core::Error::new(runner_core::Code::Unsupported, "there are no Unix sockets on this system"))
}

fn address<'a>(place: &'a str, args: &ConnectArgs) -> Result<&'a str, Failure> {
    match place.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(place),
        _ => Err(Failure::wrong(format!("`{}` does not end with `HOST:PORT`", args.url()))),
    }
}

fn tls(args: &ConnectArgs) -> Result<TlsClient, Failure> {
    let (authority, identity) = (args.authority()?, args.identity()?);
    let identity = identity.as_ref().map(|(chain, key)| (chain.as_slice(), key.as_slice()));
    Ok(TlsClient::from_pem(authority.as_deref(), identity)?)
}
