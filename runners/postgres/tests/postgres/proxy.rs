//! A way to a server that counts what passes, and can be cut or blocked.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use runner_test_server::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
};

/// Time in which all arrives that a client sends in one go.
const PIPELINED: Duration = Duration::from_millis(20);

pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Bytes that the server may still send before the line is cut, if that is not negative.
    cut_after: AtomicI64,
    /// Nothing passes, and nobody is told.
    is_blocked: AtomicBool,
    /// How often the client spoke after the server did.
    turns: AtomicUsize,
    is_clients_turn: AtomicBool,
}

impl Proxy {
    /// To a server that listens on TCP.
    pub(crate) async fn start(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { cut_after: AtomicI64::new(-1), ..State::default() });
        let (shared, port) = (Arc::clone(&state), server.port());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::select! {
                        () = state.pass(from_client, to_server, true) => {}
                        () = state.pass(from_server, to_client, false) => {}
                    }
                });
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://test@{}/postgres?application_name=tested&sslmode=disable", self.address)
    }

    /// Cuts every connection once the server has sent so many bytes more.
    pub(crate) fn cut_after(&self, bytes: i64) {
        self.state.cut_after.store(bytes, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub(crate) fn mend(&self) {
        self.cut_after(-1);
        self.state.is_blocked.store(false, Ordering::SeqCst);
    }

    /// From now on nothing arrives anywhere.
    pub(crate) fn block(&self) {
        self.state.is_blocked.store(true, Ordering::SeqCst);
    }

    /// How often the client spoke after the server did, since the last call.
    pub(crate) fn turns(&self) -> usize {
        self.state.is_clients_turn.store(false, Ordering::SeqCst);
        self.state.turns.swap(0, Ordering::SeqCst)
    }
}

impl State {
    async fn pass(&self, mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, is_client: bool) {
        let mut buffer = vec![0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            if self.is_blocked.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            // What the client has sent without waiting for this comes first, in however many pieces.
            if !is_client && self.is_clients_turn.load(Ordering::SeqCst) {
                tokio::time::sleep(PIPELINED).await;
            }
            let was_clients_turn = self.is_clients_turn.swap(is_client, Ordering::SeqCst);
            self.turns.fetch_add(usize::from(is_client && !was_clients_turn), Ordering::SeqCst);
            if !is_client && self.cut_after.load(Ordering::SeqCst) >= 0 {
                let left = self.cut_after.fetch_sub(count as i64, Ordering::SeqCst) - count as i64;
                if left < 0 {
                    self.cut_after.store(0, Ordering::SeqCst);
                    return;
                }
            }
            if to.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    }
}
