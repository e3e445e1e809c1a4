//! Length-prefixed frames that come back as they are, through `tokio-util`'s codec: no ids, no messages, no tasks of
//! callers. What any protocol over one stream has to do at least.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::PAYLOAD;

/// A client and what it sends.
pub struct Bare {
    frames: Framed<TcpStream, LengthDelimitedCodec>,
    payload: Bytes,
}

/// A client of a new server on a new port.
pub async fn connect() -> Bare {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let stream = listener.accept().await.unwrap().0;
        let (sink, stream) = framed(stream).split();
        // Flushes when nothing more has arrived.
        stream.map(|frame| frame.map(|frame| frame.freeze())).forward(sink).await.unwrap();
    });
    Bare { frames: framed(TcpStream::connect(address).await.unwrap()), payload: vec![1; PAYLOAD].into() }
}

impl Bare {
    /// Sends frames and waits until they are back, with so many of them on their way at a time.
    pub async fn exchange(&mut self, frames: usize, in_flight: usize) {
        let (mut sink, mut stream) = (&mut self.frames).split();
        let mut sent = 0;
        for received in 0..frames {
            // As a pool of callers would: those whose frames are back send the next ones together.
            if sent == received || sent - received <= in_flight / 2 {
                while sent < frames && sent - received < in_flight {
                    sink.feed(self.payload.clone()).await.unwrap();
                    sent += 1;
                }
                sink.flush().await.unwrap();
            }
            assert_eq!(stream.next().await.unwrap().unwrap().len(), PAYLOAD);
        }
    }
}

fn framed(stream: TcpStream) -> Framed<TcpStream, LengthDelimitedCodec> {
    stream.set_nodelay(true).unwrap();
    Framed::new(stream, LengthDelimitedCodec::new())
}
