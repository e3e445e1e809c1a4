use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use bytes::Bytes;
use runner_core::{Code, Error, Program, Result};

use super::{
    Client, Inner,
    link::{Binding, Link},
};
use crate::{
    error::{limit, too_large},
    message::Request,
};

/// A program that the server of a [`Client`] holds ready. Clones are the same program; dropping the last one releases
/// it on the server.
#[derive(Clone)]
pub struct Prepared(Arc<Remote>);

pub(super) struct Remote {
    program: Program,
    client: Weak<Inner>,
    /// Where and under which number the server has the program.
    binding: Mutex<Option<Binding>>,
    /// Held by the one who sends the program.
    sending: tokio::sync::Mutex<()>,
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
            binding: Mutex::default(),
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
    pub(super) async fn number(&self, client: &Client) -> Result<(Arc<Link>, u32)> {
        match self.number_now(client)? {
            Some(bound) => Ok(bound),
            // Seldom, and boxed so that what is moved with every execute stays small.
            None => Box::pin(self.bind(client)).await,
        }
    }

    fn number_now(&self, client: &Client) -> Result<Option<(Arc<Link>, u32)>> {
        if !core::ptr::eq(self.0.client.as_ptr(), Arc::as_ptr(&client.0)) {
            return Err(Error::new(Code::ProgramNotFound, "this program was prepared by another client"));
        }
        Ok(self.0.bound())
    }

    async fn bind(&self, client: &Client) -> Result<(Arc<Link>, u32)> {
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
        let old = self.0.binding().replace(binding);
        drop(old);
        Ok((link, program))
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({:?})", self.0.program)
    }
}

impl Remote {
    fn bound(&self) -> Option<(Arc<Link>, u32)> {
        let binding = self.binding();
        let binding = binding.as_ref().filter(|binding| binding.link.is_open())?;
        Some((Arc::clone(&binding.link), binding.number))
    }

    fn binding(&self) -> MutexGuard<'_, Option<Binding>> {
        self.binding.lock().unwrap_or_else(PoisonError::into_inner)
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
