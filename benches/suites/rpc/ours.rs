//! A runner that echoes, behind the binary protocol.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use runner_binary::{Client, ClientOptions, Server, ServerOptions};
use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, Result, Run, TypeTable};
use tokio::net::TcpListener;

use crate::{Caller, OUTPUT, PAYLOAD};

/// A client and what it calls.
pub struct Ours<R: Run> {
    client: Arc<R>,
    prepared: Arc<R::Prepared>,
    payload: Bytes,
}

/// A client of a new server on a new port, whose large output has so many bytes.
pub async fn connect(large: usize) -> Ours<Client> {
    let address = listen(large).await;
    Ours::new(Client::connect_tcp(address, ClientOptions::new()).await.unwrap()).await
}

/// A server on a new port, whose large output has so many bytes.
pub async fn listen(large: usize) -> String {
    let server = Server::new(Arc::new(Echo::new(large)), ServerOptions::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { server.listen_tcp(listener).await });
    address
}

impl<R: Run + 'static> Caller for Ours<R>
where
    R::Prepared: 'static,
{
    async fn call(&self) {
        let output = self.client.execute(&self.prepared, self.payload.clone()).await.unwrap();
        assert_eq!(output.len(), PAYLOAD);
    }
}

impl<R: Run> Ours<R> {
    /// A client that calls the identity.
    pub async fn new(client: R) -> Self {
        let prepared = client.prepare(&identity()).await.unwrap().into();
        Self { client: client.into(), prepared, payload: vec![1; PAYLOAD].into() }
    }

    /// The large output as one block of memory.
    pub async fn large(&self) {
        let output = self.client.execute(&self.prepared, Bytes::new()).await.unwrap();
        assert_eq!(output.len(), OUTPUT);
    }

    /// The large output piece by piece.
    pub async fn large_in_pieces(&self) {
        let mut pieces = Box::pin(self.client.execute_chunks(&self.prepared, Bytes::new()));
        let mut size = 0;
        while let Some(piece) = pieces.next().await {
            size += piece.unwrap().len();
        }
        assert_eq!(size, OUTPUT);
    }
}

/// Answers with the input, or with the large output if there is none.
pub struct Echo {
    large: Bytes,
}

impl Echo {
    /// With a large output of so many bytes.
    pub fn new(large: usize) -> Self {
        Self { large: vec![7; large].into() }
    }
}

impl<R: Run> Clone for Ours<R> {
    fn clone(&self) -> Self {
        let (client, prepared) = (Arc::clone(&self.client), Arc::clone(&self.prepared));
        Self { client, prepared, payload: self.payload.clone() }
    }
}

impl Run for Echo {
    type Prepared = ();

    async fn prepare(&self, _: &Program) -> Result<()> {
        Ok(())
    }

    async fn execute(&self, _: &(), input: Bytes) -> Result<Bytes> {
        Ok(if input.is_empty() { self.large.clone() } else { input })
    }

    async fn get_interface(&self) -> Result<String> {
        Ok(String::new())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}

/// A program that gives its input back.
pub fn identity() -> Program {
    let mut types = TypeTable::new();
    let text = types.prim(Prim::Text);
    let body = vec![Expr { kind: Kind::Local(INPUT), ty: text }];
    Program::new(Parts { types, input: text, output: text, body, ..Parts::default() }).unwrap()
}
