//! The runner's server, asked by one task that sends and reads frames by hand, as the bare frames are.

use bytes::{Bytes, BytesMut};
use runner_binary::{PREFACE, Request, Response, take_frame, take_preface};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{PAYLOAD, ours};

const FRAME_BYTES: u32 = 64 << 10;

/// A connection and what is sent on it.
pub struct Raw {
    stream: TcpStream,
    buffer: BytesMut,
    out: BytesMut,
    payload: Bytes,
}

/// A connection to a new server on a new port, which holds the program.
pub async fn connect() -> Raw {
    let stream = TcpStream::connect(ours::listen(0).await).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (buffer, mut out) = (BytesMut::new(), BytesMut::from(&PREFACE[..]));
    let hello = Request::Hello { frame_bytes: FRAME_BYTES, token: None, name: String::new() };
    hello.encode(&[], &mut out).unwrap();
    let prepare = Request::Prepare { id: 0, program: 0, more: false };
    prepare.encode(ours::identity().bytes(), &mut out).unwrap();
    let mut raw = Raw { stream, buffer, out, payload: vec![1; PAYLOAD].into() };
    raw.flush().await;
    while !take_preface(&mut raw.buffer).unwrap() {
        raw.read().await;
    }
    assert!(matches!(raw.next().await, (Response::Welcome { .. }, _)));
    assert_eq!(raw.next().await.0, Response::Output { id: 0, more: false });
    raw
}

impl Raw {
    /// As that of the bare frames.
    pub async fn exchange(&mut self, calls: usize, in_flight: usize) {
        let mut free: Vec<u32> = (0..in_flight as u32).collect();
        let mut sent = 0;
        for received in 0..calls {
            if sent == received || sent - received <= in_flight / 2 {
                while sent < calls
                    && let Some(id) = free.pop()
                {
                    let request = Request::Execute { id, program: 0, credit: 1 << 20, more: false };
                    request.encode(&self.payload, &mut self.out).unwrap();
                    sent += 1;
                }
                self.flush().await;
            }
            let (Response::Output { id, more: false }, body) = self.next().await else {
                panic!("an answer is missing")
            };
            assert_eq!(body.len(), PAYLOAD);
            free.push(id);
        }
    }

    async fn next(&mut self) -> (Response, Bytes) {
        loop {
            match take_frame(&mut self.buffer, FRAME_BYTES).unwrap() {
                Some(frame) => return Response::decode(frame).unwrap(),
                None => self.read().await,
            }
        }
    }

    async fn read(&mut self) {
        self.buffer.reserve(FRAME_BYTES as usize / 4);
        assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0);
    }

    async fn flush(&mut self) {
        self.stream.write_all(&self.out).await.unwrap();
        self.out.clear();
    }
}
