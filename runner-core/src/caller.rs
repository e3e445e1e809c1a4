//! Whom work is done for.

use core::{
    cell::Cell,
    future::poll_fn,
    hash::{Hash, Hasher},
    marker::PhantomData,
    net::IpAddr,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
};
use std::{hash::DefaultHasher, thread_local};

/// Whom a call is for: a client, and one of its connections.
///
/// Whoever has more work than it can do at once takes it in turns: clients one after the other, and the connections of
/// a client one after the other. A server says whom it works for while it polls the future of a call
/// ([`Caller::scope`], [`Caller::enter`]); who queues the call asks ([`Caller::current`]). Work that nobody said this
/// of is for the same caller, [`Caller::default`].
///
/// ```
/// use runner_core::Caller;
///
/// let (caller, other) = (Caller::of(&"10.0.0.1"), Caller::of(&"10.0.0.1"));
/// assert_eq!(caller.client(), other.client());
/// assert_ne!(caller, other, "each is a connection of its own");
/// let seen = futures_executor::block_on(caller.scope(async { Caller::current() }));
/// assert_eq!((seen, Caller::current()), (caller, Caller::default()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Caller {
    client: u64,
    connection: u64,
}

thread_local! {
    static CURRENT: Cell<Caller> = const { Cell::new(Caller { client: 0, connection: 0 }) };
}

impl Caller {
    /// A new connection of this client: an address, a name.
    #[must_use]
    pub fn of(client: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        client.hash(&mut hasher);
        Self { client: hasher.finish(), connection: next() }
    }

    /// A new connection from this address. Whoever has an address of IPv6 has the 64 bits behind its network, too.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of(&address),
            IpAddr::V6(address) => Self::of(&(address.to_bits() >> 64)),
        }
    }

    /// The same connection of a client that is known more closely, as by a token.
    #[must_use]
    pub fn known_by(self, name: &impl Hash) -> Self {
        Self { connection: self.connection, ..Self::of(&(self.client, name)) }
    }

    /// A connection of a client that has no other.
    #[must_use]
    pub fn alone() -> Self {
        let connection = next();
        Self { connection, ..Self::of(&connection) }
    }

    /// Whom the work on this thread is for.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// The client, whichever of its connections this is.
    #[must_use]
    pub fn client(self) -> u64 {
        self.client
    }

    /// Says that the work on this thread is for this caller, until what is returned is dropped.
    #[must_use = "it ends when this is dropped"]
    pub fn enter(self) -> Entered {
        Entered { before: CURRENT.replace(self), _thread: PhantomData }
    }

    /// Says so whenever a future is polled.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _entered = self.enter();
            future.as_mut().poll(cx)
        })
        .await
    }
}

/// What [`Caller::enter`] said, until this is dropped.
#[derive(Debug)]
pub struct Entered {
    before: Caller,
    /// It belongs to one thread.
    _thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
