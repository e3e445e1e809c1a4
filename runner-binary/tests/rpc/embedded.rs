//! The client without an operating system, on a stream in memory.

use std::sync::atomic::Ordering;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use runner_binary::{EmbeddedClient, ServerLimits, ServerOptions, Token, limit};
use runner_core::{Code, Run};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::support::*;

struct Uart(DuplexStream);

impl ErrorType for Uart {
    type Error = ErrorKind;
}

impl Read for Uart {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(buffer).await.map_err(|_| ErrorKind::Other)
    }
}

impl Write for Uart {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(bytes).await.map_err(|_| ErrorKind::Other)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().await.map_err(|_| ErrorKind::Other)
    }
}

#[tokio::test]
async fn all_verbs() {
    let (server, robot) = server(ServerLimits { programs: 2, ..ServerLimits::default() });
    let mut client = EmbeddedClient::connect(Uart(server.connect()), 512, 100_000, None).await.unwrap();
    let prepared = client.prepare(&large_program(3000)).await.unwrap();
    assert_eq!(client.execute(&prepared, b"hello").await.unwrap(), b"hello");
    assert_eq!(client.execute(&prepared, b"").await.unwrap(), b"");
    let large = vec![0; 100_000];
    assert_eq!(client.execute(&prepared, &large).await.unwrap(), large);
    for (kind, size) in [(b'b', 100_001), (b'c', 3_000_000)] {
        let error = client.execute(&prepared, &ask_big(kind, size)).await.unwrap_err();
        assert_eq!((error.code(), limit_of(&error)), (Code::ResourceExhausted, Some(limit::OUTPUT_BYTES)));
    }
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);
    assert_eq!(code(client.execute(&prepared, b"e").await), Code::ExecutionError);
    for _ in 0..3 {
        assert_eq!(code(client.prepare(&program(FAILS)).await), Code::PrepareError);
    }
    let other = client.prepare(&program(2)).await.unwrap();
    let error = client.prepare(&program(3)).await.unwrap_err();
    assert_eq!(limit_of(&error), Some(limit::PROGRAMS));
    client.release(prepared).await.unwrap();
    let third = client.prepare(&program(3)).await.unwrap();
    client.ping().await.unwrap();
    assert_eq!(client.get_interface().await.unwrap(), robot.get_interface().await.unwrap());
    check_description(client.describe().await.unwrap(), &robot.describe().await.unwrap());
    client.release(other).await.unwrap();
    client.release(third).await.unwrap();
    client.close().await.unwrap();
    until("it is gone", || server.metrics().connections == 0).await;
    assert_eq!(server.metrics().broken_total, 0);
}

#[tokio::test]
async fn a_call_that_was_given_up_ends_the_client() {
    let (server, robot) = server_with(ServerOptions::new().with_token(Token::new("t")));
    let refused = EmbeddedClient::connect(Uart(server.connect()), 512, 10, None).await;
    assert_eq!(code(refused), Code::Unauthenticated);
    let token = Some(Token::new("t"));
    let mut client = EmbeddedClient::connect(Uart(server.connect()), 512, 10, token).await.unwrap();
    let prepared = client.prepare(&program(1)).await.unwrap();
    let given_up =
        tokio::time::timeout(std::time::Duration::from_millis(20), client.execute(&prepared, b"w")).await;
    assert!(given_up.is_err());
    assert_eq!(code(client.ping().await), Code::Unavailable);
    drop(client);
    until("the work stops", || robot.working.load(Ordering::SeqCst) == 0).await;
}
