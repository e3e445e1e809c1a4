//! A client of the binary protocol, and a server that answers by the codec alone, in one thread and one memory.

use alloc::{collections::VecDeque, vec::Vec};
use core::{
    convert::Infallible,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use embedded_io_async::{ErrorType, Read, Write};
use runner_binary::{EmbeddedClient, Limits, PREFACE, Request, Response, take_frame, take_preface};
use runner_core::{Code, Error, Program, Result};

/// Prepares the program over the protocol and executes it; the server takes it for the identity.
pub fn execute(program: &Program, input: &[u8]) -> Result<Vec<u8>> {
    block_on(async {
        let mut client = EmbeddedClient::connect(Echo::default(), 512, 1024, None).await?;
        let prepared = client.prepare(program).await?;
        let output = client.execute(&prepared, input).await?;
        client.release(prepared).await?;
        client.close().await?;
        Ok(output)
    })
}

/// A stream whose other end answers as soon as something is written.
#[derive(Default)]
struct Echo {
    received: bytes::BytesMut,
    answers: VecDeque<u8>,
    is_greeted: bool,
}

impl Echo {
    fn answer(&mut self) -> Result<()> {
        if !self.is_greeted {
            self.is_greeted = take_preface(&mut self.received)?;
            self.answers.extend(PREFACE);
        }
        while let Some(frame) = take_frame(&mut self.received, 4096)? {
            let (request, body) = Request::decode(frame)?;
            let mut out = bytes::BytesMut::new();
            match request {
                Request::Hello { frame_bytes, .. } => {
                    let limits = Limits {
                        frame_bytes,
                        requests: 1,
                        programs: 1,
                        program_bytes: 4096,
                        input_bytes: 4096,
                        output_bytes: 4096,
                        request_time_ms: 1000,
                        idle_time_ms: 1000,
                    };
                    Response::Welcome { limits, name: "echo".into() }.encode(&[], &mut out)?;
                }
                Request::Prepare { id, .. } => {
                    Program::decode(&body)?;
                    Response::Output { id, more: false }.encode(&[], &mut out)?;
                }
                Request::Execute { id, .. } => {
                    Response::Output { id, more: false }.encode(&body, &mut out)?
                }
                _ => {}
            }
            self.answers.extend(out);
        }
        Ok(())
    }
}

impl ErrorType for Echo {
    type Error = Infallible;
}

impl Read for Echo {
    async fn read(&mut self, buffer: &mut [u8]) -> core::result::Result<usize, Infallible> {
        let length = buffer.len().min(self.answers.len());
        for (to, from) in buffer.iter_mut().zip(self.answers.drain(..length)) {
            *to = from;
        }
        Ok(length)
    }
}

impl Write for Echo {
    async fn write(&mut self, bytes: &[u8]) -> core::result::Result<usize, Infallible> {
        self.received.extend_from_slice(bytes);
        // What can't be answered leaves the client without an answer, which it tells.
        let _ = self.answer();
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> core::result::Result<(), Infallible> {
        Ok(())
    }
}

/// Nothing here ever waits.
fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::new(Code::Internal, "it waits for nothing")),
    }
}
