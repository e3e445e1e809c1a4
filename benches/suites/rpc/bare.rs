//! Length-prefixed frames that come back as they are, through `tokio-util`'s codec: no ids, no messages, no tasks of
//! callers. What any protocol over one stream has to do at least.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::{Caller, PAYLOAD};

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

/// The same for many callers: frames come back in the order in which they were sent.
#[derive(Clone)]
pub struct Shared {
    calls: mpsc::UnboundedSender<(Bytes, oneshot::Sender<usize>)>,
    payload: Bytes,
}

impl Bare {
    /// Gives the connection to tasks of its own.
    pub fn share(self) -> Shared {
        let (mut sink, mut stream) = self.frames.split();
        let (calls, mut called) = mpsc::unbounded_channel::<(Bytes, oneshot::Sender<usize>)>();
        let (waiting, mut waiters) = mpsc::unbounded_channel::<oneshot::Sender<usize>>();
        tokio::spawn(async move {
            while let Some((frame, waiter)) = called.recv().await {
                waiting.send(waiter).unwrap();
                sink.feed(frame).await.unwrap();
                if called.is_empty() {
                    tokio::task::yield_now().await;
                }
                if called.is_empty() {
                    sink.flush().await.unwrap();
                }
            }
        });
        tokio::spawn(async move {
            while let Some(frame) = stream.next().await {
                waiters.recv().await.unwrap().send(frame.unwrap().len()).unwrap();
            }
        });
        Shared { calls, payload: self.payload }
    }
}

impl Caller for Shared {
    async fn call(&self) {
        let (answer, answered) = oneshot::channel();
        self.calls.send((self.payload.clone(), answer)).unwrap();
        assert_eq!(answered.await.unwrap(), PAYLOAD);
    }
}

fn framed(stream: TcpStream) -> Framed<TcpStream, LengthDelimitedCodec> {
    stream.set_nodelay(true).unwrap();
    Framed::new(stream, LengthDelimitedCodec::new())
}
