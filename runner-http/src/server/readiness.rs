use runner_core::{Code, Error, Result, Run};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::limits::{READY_AGE, READY_TIME};

/// What the runner last said of whether it is ready. Anybody may ask, and the runner is asked for all of them at once.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Asks the runner, unless it was asked a moment ago.
    ///
    /// # Errors
    /// `UNAVAILABLE`. The reason is logged, and not told to strangers.
    pub(super) async fn check(&self, runner: &impl Run) -> Result<()> {
        let mut last = self.0.lock().await;
        let is_ready = match *last {
            Some((asked, is_ready)) if asked.elapsed() < READY_AGE => is_ready,
            _ => {
                let answer = answer(runner).await;
                let is_ready = answer.is_ok();
                if let (Err(error), None | Some((_, true))) = (answer, *last) {
                    tracing::warn!(%error, "not ready");
                }
                *last = Some((Instant::now(), is_ready));
                is_ready
            }
        };
        match is_ready {
            true => Ok(()),
            false => Err(Error::new(Code::Unavailable, "the runner is not ready")),
        }
    }
}

async fn answer(runner: &impl Run) -> Result<()> {
    timeout(READY_TIME, runner.ready()).await.unwrap_or_else(|_| {
        let words = format!("the runner said nothing for {} s", READY_TIME.as_secs());
        Err(Error::new(Code::Unavailable, words))
    })
}
