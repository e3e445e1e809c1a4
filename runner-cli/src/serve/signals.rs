//! Being asked to end.

#[cfg(unix)]
pub(crate) use unix::Signals;

#[cfg(not(unix))]
pub(crate) use other::Signals;

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use crate::error::Failure;

    /// SIGTERM and SIGINT.
    #[derive(Debug)]
    pub(crate) struct Signals {
        terminate: Signal,
        interrupt: Signal,
    }

    impl Signals {
        /// Takes the signals from now on.
        ///
        /// # Errors
        /// If the system does not give them.
        pub(crate) fn new() -> Result<Self, Failure> {
            let take = |kind| signal(kind).map_err(|error| Failure::internal(format!("no signals: {error}")));
            Ok(Self { terminate: take(SignalKind::terminate())?, interrupt: take(SignalKind::interrupt())? })
        }

        /// Waits for the next one; gives its number.
        pub(crate) async fn next(&mut self) -> i32 {
            tokio::select! {
                _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
                _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            }
        }
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

        /// Waits for the next one; gives its number.
        pub(crate) async fn next(&mut self) -> i32 {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            2
        }
    }
}
