//! The same echo as a service of `tarpc`, in bincode over TCP.

use futures_util::StreamExt;
use tarpc::{client, context, serde_transport::tcp, server, server::Channel, tokio_serde::formats::Bincode};

use crate::{Caller, IN_FLIGHT, PAYLOAD};

#[tarpc::service]
trait Echo {
    async fn echo(input: Vec<u8>) -> Vec<u8>;
}

#[derive(Clone)]
struct Service;

impl Echo for Service {
    async fn echo(self, _: context::Context, input: Vec<u8>) -> Vec<u8> {
        input
    }
}

/// A client and what it sends.
#[derive(Clone)]
pub struct Peer {
    client: EchoClient,
    payload: Vec<u8>,
}

/// A client of a new server on a new port.
pub async fn connect() -> Peer {
    let mut incoming = tcp::listen("127.0.0.1:0", Bincode::default).await.unwrap();
    let address = incoming.local_addr();
    tokio::spawn(async move {
        while let Some(transport) = incoming.next().await {
            let channel = server::BaseChannel::with_defaults(transport.unwrap());
            tokio::spawn(channel.execute(Service.serve()).for_each(|response| async {
                tokio::spawn(response);
            }));
        }
    });
    let mut config = client::Config::default();
    config.max_in_flight_requests = 2 * IN_FLIGHT;
    config.pending_request_buffer = 2 * IN_FLIGHT;
    let transport = tcp::connect(address, Bincode::default).await.unwrap();
    Peer { client: EchoClient::new(config, transport).spawn(), payload: vec![1; PAYLOAD] }
}

impl Caller for Peer {
    async fn call(&self) {
        let output = self.client.echo(context::current(), self.payload.clone()).await.unwrap();
        assert_eq!(output.len(), PAYLOAD);
    }
}
