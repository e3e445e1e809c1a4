use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use bytes::Bytes;
use runner_core::{Code, Error, Program, Result};

use super::{Client, Inner, link::Binding};
use crate::{
    error::{limit, lost, too_large},
    message::Request,
};

/// A program that the server of a [`Client`] holds ready. Clones are the same program; dropping the last one releases
/// it on the server.
#[derive(Clone)]
pub struct Prepared(Arc<Remote>);

pub(super) struct Remote {
    program: Program,
    client: Weak<Inner>,
    /// Where and under which number the server has the program: the first time, and after a new connection. What is
    /// never replaced is read without a lock and without counting.
    first: OnceLock<Binding>,
    later: Mutex<Option<Arc<Binding>>>,
    /// Held by the one who sends the program.
    sending: tokio::sync::Mutex<()>,
}

/// Where and under which number the server has a program.
pub(super) enum Bound<'p> {
    First(&'p Binding),
    Later(Arc<Binding>),
}

impl Prepared {
    /// The program, which is the same for all who hold it.
    pub(super) fn of(program: &Program, client: &Arc<Inner>) -> Self {
        let mut state = client.state();
        if let Some(remote) = state.programs.get(&program.id()).and_then(Weak::upgrade) {
            return Self(remote);
        }
        let remote = Arc::new(Remote {
            program: program.clone(),
            client: Arc::downgrade(client),
            first: OnceLock::new(),
            later: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
        });
        state.programs.insert(program.id(), Arc::downgrade(&remote));
        Self(remote)
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.0.program
    }

    /// The connection that is there and the program's number on it. The program is sent if it has none.
    pub(super) async fn bound(&self, client: &Client) -> Result<Bound<'_>> {
        match self.bound_now(client)? {
            Some(bound) => Ok(bound),
            None => self.bind(client).await,
        }
    }

    /// The same, if the program has a number.
    pub(super) fn bound_now(&self, client: &Client) -> Result<Option<Bound<'_>>> {
        if !core::ptr::eq(self.0.client.as_ptr(), Arc::as_ptr(&client.0)) {
            return Err(Error::new(Code::ProgramNotFound, "this program was prepared by another client"));
        }
        Ok(self.0.bound())
    }

    async fn bind(&self, client: &Client) -> Result<Bound<'_>> {
        let _sending = self.0.sending.lock().await;
        if let Some(bound) = self.0.bound() {
            return Ok(bound);
        }
        let link = client.link().await?;
        let (bytes, most) = (self.0.program.bytes(), link.limits.program_bytes);
        if bytes.len() as u64 > most {
            return Err(too_large("a program", limit::PROGRAM_BYTES, most));
        }
        let binding = link.number()?;
        let program = binding.number;
        let body = Bytes::copy_from_slice(bytes);
        link.ask(|id, more| Request::Prepare { id, program, more }, body, 0).await?;
        let Err(binding) = self.0.first.set(binding) else {
            return self.0.first.get().map(Bound::First).ok_or_else(|| lost("the program was released"));
        };
        let binding = Arc::new(binding);
        let old = self.0.later().replace(Arc::clone(&binding));
        drop(old);
        Ok(Bound::Later(binding))
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({:?})", self.0.program)
    }
}

impl Remote {
    fn bound(&self) -> Option<Bound<'_>> {
        let first = self.first.get()?;
        if first.link.is_open() {
            return Some(Bound::First(first));
        }
        self.later().as_ref().filter(|binding| binding.link.is_open()).map(Arc::clone).map(Bound::Later)
    }

    fn later(&self) -> MutexGuard<'_, Option<Arc<Binding>>> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Bound<'_> {
    type Target = Binding;

    fn deref(&self) -> &Binding {
        match self {
            Self::First(binding) => binding,
            Self::Later(binding) => binding,
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(client) = self.client.upgrade() {
            let programs = &mut client.state().programs;
            // Somebody may have prepared it anew since the last clone was dropped.
            if programs.get(&self.program.id()).is_some_and(|remote| remote.strong_count() == 0) {
                programs.remove(&self.program.id());
            }
        }
    }
}
