//! The large output without a protocol.

use tokio::{
    io,
    net::{TcpListener, TcpStream},
};

use crate::OUTPUT;

/// Copies the bytes of the large output through a socket.
pub async fn copy(output: &'static [u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap().0;
        io::copy(&mut &output[..], &mut stream).await.unwrap();
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let copied = io::copy(&mut stream, &mut io::sink()).await.unwrap();
    assert_eq!(copied, OUTPUT as u64);
}
