use std::path::Path;

use crate::{
    connect,
    error::{FAILED, Failure},
    output,
    serve::{Address, Bound, ServeArgs, Servers, Settings, Signals, abandon, log},
};

/// Serves a runner until it is told to end, or the client on standard input is done.
pub(crate) fn serve(args: ServeArgs) -> Result<(), Failure> {
    let settings = args.settings()?;
    let addresses = settings.addresses()?;
    let (level, format) = settings.log();
    let log = log::start(level, format);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = connect::runtime(threads)?;
    let ended = runtime.block_on(until_told(&settings, &addresses));
    // What is left is not waited for: it was told to end.
    match ended {
        Ok(End::Orderly) => runtime.shutdown_background(),
        Ok(End::Stuck) => {
            tracing::error!(
                "the runner goes on working although it was told to stop; the process ends without it"
            );
            drop(log);
            abandon(FAILED);
        }
        Err(failure) => {
            runtime.shutdown_background();
            return Err(failure);
        }
    }
    Ok(())
}

/// How serving ends.
enum End {
    Orderly,
    /// A runner does not end.
    Stuck,
}

async fn until_told(settings: &Settings, addresses: &[Address]) -> Result<End, Failure> {
    let mut signals = Signals::new()?;
    raise_open_files();
    let token = settings.token()?;
    let mut bound = Vec::new();
    let mut told = Vec::new();
    for address in addresses {
        let (listener, address) = Bound::new(address, settings, token.is_some()).await?;
        bound.push(listener);
        told.push(address);
    }
    let runner = settings.runner();
    let runner = tokio::select! {
        runner = connect::open(&runner, settings.bounds()) => runner?,
        _ = signals.next() => return Ok(End::Orderly),
    };
    if !settings.takes_programs() && (settings.stdio || !addresses.iter().all(Address::is_http)) {
        tracing::warn!(
            "programs need `--allow-programs`, and functions are called over HTTP: other clients run nothing"
        );
    }
    let mut servers = Servers::new(runner, settings, token.as_deref(), &bound)?;
    for listener in bound {
        servers.listen(listener);
    }
    if settings.stdio {
        servers.serve_stdio()?;
    }
    tell(&told, settings.address_file.as_deref())?;
    let ended = tokio::select! {
        ended = servers.ended() => ended,
        signal = signals.next() => {
            tracing::info!(signal, "told to end");
            Ok(())
        }
    };
    match servers.shutdown(settings.grace()).await {
        Ok(None) => {
            // Dropping it would wait for it.
            std::mem::forget(servers);
            Ok(End::Stuck)
        }
        Ok(Some(())) => ended.map(|()| End::Orderly),
        Err(failure) => ended.and(Err(failure)),
    }
}

/// Says where clients may come.
fn tell(addresses: &[Address], file: Option<&Path>) -> Result<(), Failure> {
    for address in addresses {
        tracing::info!(%address, "listening");
    }
    let Some(file) = file else { return Ok(()) };
    let file = Some(file).filter(|file| file.as_os_str() != "-");
    output::write(file, |out| {
        for address in addresses {
            writeln!(out, "{address}")?;
        }
        Ok(())
    })
}

/// A connection is a file; the system's default is for processes that have few.
#[cfg(unix)]
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    // With less it works as well, for fewer connections.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

#[cfg(not(unix))]
fn raise_open_files() {}
