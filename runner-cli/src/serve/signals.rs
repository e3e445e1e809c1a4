//! Being asked to end.

#[cfg(unix)]
pub(crate) use unix::{Signals, abandon};

#[cfg(not(unix))]
pub(crate) use other::{Signals, abandon};

#[cfg(unix)]
mod unix {
    use std::thread;

    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        low_level,
    };
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use crate::{error::Failure, limits::LAST_WORDS_TIME};

    /// SIGTERM and SIGINT. The first one is told; a second one ends the process at once, whatever its threads do, with
    /// 128 and the signal's number as its exit code.
    #[derive(Debug)]
    pub(crate) struct Signals(UnboundedReceiver<i32>);

    impl Signals {
        /// Takes the signals from now on.
        ///
        /// # Errors
        /// If the system does not give them.
        pub(crate) fn new() -> Result<Self, Failure> {
            let none = |error| Failure::internal(format!("no signals: {error}"));
            let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map_err(none)?;
            let (told, signal) = unbounded_channel();
            let watch = move || {
                let mut signals = signals.forever();
                if let Some(signal) = signals.next() {
                    let _ = told.send(signal);
                }
                if let Some(signal) = signals.next() {
                    tracing::warn!(signal, "told again; what is in flight is given up");
                    thread::sleep(LAST_WORDS_TIME);
                    low_level::exit(128 + signal);
                }
            };
            thread::Builder::new().name("signals".into()).spawn(watch).map_err(none)?;
            Ok(Self(signal))
        }

        /// Waits for the first one; gives its number.
        pub(crate) async fn next(&mut self) -> i32 {
            match self.0.recv().await {
                Some(signal) => signal,
                None => std::future::pending().await,
            }
        }
    }

    /// Ends the process without its threads, which may be at work.
    pub(crate) fn abandon(code: u8) -> ! {
        low_level::exit(code.into())
    }
}

#[cfg(not(unix))]
mod other {
    use crate::error::Failure;

    /// Interrupts from the keyboard.
    #[derive(Debug)]
    pub(crate) struct Signals;

    impl Signals {
        /// Takes the signals from now on.
        pub(crate) fn new() -> Result<Self, Failure> {
            Ok(Self)
        }

        /// Waits for the first one; gives its number. A second one ends the process at once.
        pub(crate) async fn next(&mut self) -> i32 {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::spawn(async {
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(130);
                }
            });
            2
        }
    }

    /// Ends the process, whatever its threads do.
    pub(crate) fn abandon(code: u8) -> ! {
        std::process::exit(code.into())
    }
}
