//! A client for machines without an operating system: one request at a time, on any `embedded-io-async` stream.

use alloc::{format, string::String, vec, vec::Vec};

use bytes::BytesMut;
use embedded_io_async::{Read, Write};
use runner_core::{Code, Decoded, Description, Encoded, Error, Program, Result, TypedProgram};

use crate::{
    error::{limit, lost, too_large, violation},
    frame::{PREFACE, put_head, take_frame, take_preface},
    limits::{CHUNK_BYTES, FRAME_BYTES_MIN, HEAD_BYTES},
    message::{Limits, Request, Response, Token},
};

/// The only id: there is one request at a time.
const ID: u32 = 0;

/// Bytes that are read at once.
const READ_BYTES: usize = 256;

/// A client that makes one request at a time.
///
/// It can't be a [`Run`](runner_core::Run), whose calls may be made at the same time; the calls are the same.
///
/// Dropping the future of a call leaves the connection somewhere within a message: the client is then of no more use,
/// and every call fails with `UNAVAILABLE`.
///
/// ```
/// use embedded_io_async::{Read, Write};
/// use runner_binary::EmbeddedClient;
/// use runner_core::{Program, Result};
///
/// async fn example<S: Read + Write>(uart: S, program: &Program) -> Result<()> {
///     let mut client = EmbeddedClient::connect(uart, 1024, 64 << 10, None).await?;
///     let prepared = client.prepare(program).await?;
///     let output = client.execute(&prepared, b"\x54").await?;
///     client.release(prepared).await?;
///     client.close().await
/// }
/// ```
#[derive(Debug)]
pub struct EmbeddedClient<S> {
    stream: S,
    buffer: BytesMut,
    frame_bytes: u32,
    output_bytes: u64,
    limits: Limits,
    /// Numbers of programs: whether each is taken.
    programs: Vec<bool>,
    /// Whether a message was begun and not ended.
    is_broken: bool,
}

/// A program that the server of an [`EmbeddedClient`] holds. It is to be released; it does not do so by itself.
#[derive(Debug)]
#[must_use = "the server keeps the program until it is released"]
pub struct EmbeddedProgram(u32);

impl<S: Read + Write> EmbeddedClient<S> {
    /// Is let in by the server. Frames hold up to `frame_bytes` (at least 512), which is about the memory that the
    /// connection takes; outputs hold up to `output_bytes`.
    ///
    /// # Errors
    /// What the server refuses the client with, `UNAVAILABLE` if the stream fails.
    pub async fn connect(
        stream: S,
        frame_bytes: u32,
        output_bytes: u64,
        token: Option<Token>,
    ) -> Result<Self> {
        let frame_bytes = frame_bytes.max(FRAME_BYTES_MIN);
        let limits = Limits {
            frame_bytes,
            requests: 1,
            programs: 0,
            program_bytes: 0,
            input_bytes: 0,
            output_bytes: 0,
            request_time_ms: 0,
            idle_time_ms: 0,
        };
        let buffer = BytesMut::new();
        let programs = Vec::new();
        let mut client =
            Self { stream, buffer, frame_bytes, output_bytes, limits, programs, is_broken: false };
        let mut out = BytesMut::from(&PREFACE[..]);
        Request::Hello { frame_bytes, token, name: "embedded".into() }.encode(&[], &mut out)?;
        client.write(&out).await?;
        while !take_preface(&mut client.buffer)? {
            client.read().await?;
        }
        match client.receive().await?.0 {
            Response::Welcome { limits, .. } => client.limits = limits,
            _ => return Err(violation("the first message is not a welcome")),
        }
        Ok(client)
    }

    /// What the server lets this client do.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Makes a program ready to be executed.
    ///
    /// # Errors
    /// Those of the remote runner, and `UNAVAILABLE` if the connection is lost.
    pub async fn prepare(&mut self, program: &Program) -> Result<EmbeddedProgram> {
        let size = program.bytes().len() as u64;
        if size > self.limits.program_bytes {
            return Err(too_large("a program", limit::PROGRAM_BYTES, self.limits.program_bytes));
        }
        let number = self.number()?;
        let request = |more| Request::Prepare { id: ID, program: number, more };
        match self.ask(request, program.bytes()).await {
            Ok(_) => Ok(EmbeddedProgram(number)),
            Err(error) => {
                if !self.is_broken {
                    self.release(EmbeddedProgram(number)).await?;
                }
                Err(error)
            }
        }
    }

    /// Executes a prepared program: the bytes of an input to the bytes of an output.
    ///
    /// # Errors
    /// Those of the remote runner, and `UNAVAILABLE` if the connection is lost.
    pub async fn execute(&mut self, prepared: &EmbeddedProgram, input: &[u8]) -> Result<Vec<u8>> {
        if input.len() as u64 > self.limits.input_bytes {
            return Err(too_large("an input", limit::INPUT_BYTES, self.limits.input_bytes));
        }
        let (program, credit) = (prepared.0, self.credit());
        self.ask(|more| Request::Execute { id: ID, program, credit, more }, input).await
    }

    /// Encodes the input, prepares, executes, decodes the output and releases.
    ///
    /// # Errors
    /// Those of `prepare` and `execute`.
    pub async fn run<I: Encoded, O: Decoded>(
        &mut self,
        program: &TypedProgram<I, O>,
        input: &I,
    ) -> Result<O> {
        let input = program.encode(input)?;
        let prepared = self.prepare(program.program()).await?;
        let output = self.execute(&prepared, &input).await;
        self.release(prepared).await?;
        program.decode(&output?)
    }

    /// Lets go of a program.
    ///
    /// # Errors
    /// `UNAVAILABLE` if the connection is lost.
    pub async fn release(&mut self, prepared: EmbeddedProgram) -> Result<()> {
        if let Some(taken) = self.programs.get_mut(prepared.0 as usize) {
            *taken = false;
        }
        self.tell(&Request::Release { program: prepared.0 }).await
    }

    /// What the runner offers to programs, as Lutra source.
    ///
    /// # Errors
    /// Those of the remote runner, and `UNAVAILABLE` if the connection is lost.
    pub async fn get_interface(&mut self) -> Result<String> {
        let credit = self.credit();
        let text = self.ask(|_| Request::Interface { id: ID, credit }, &[]).await?;
        String::from_utf8(text).map_err(|_| violation("an interface that is not UTF-8"))
    }

    /// What the runner is and what it can do.
    ///
    /// # Errors
    /// Those of the remote runner, and `UNAVAILABLE` if the connection is lost.
    pub async fn describe(&mut self) -> Result<Description> {
        let credit = self.credit();
        let bytes = self.ask(|_| Request::Describe { id: ID, credit }, &[]).await?;
        postcard::from_bytes(&bytes).map_err(|error| violation(format!("a damaged description: {error}")))
    }

    /// Whether the runner can prepare and execute programs now.
    ///
    /// # Errors
    /// Those of the remote runner, and `UNAVAILABLE` if the connection is lost.
    pub async fn ready(&mut self) -> Result<()> {
        self.ask(|_| Request::Ready { id: ID }, &[]).await.map(drop)
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// `UNAVAILABLE` if the connection is lost.
    pub async fn ping(&mut self) -> Result<()> {
        self.tell(&Request::Ping { nonce: 0 }).await?;
        match self.receive().await?.0 {
            Response::Pong { .. } => Ok(()),
            _ => Err(violation("an answer without a question")),
        }
    }

    /// Says goodbye.
    ///
    /// # Errors
    /// `UNAVAILABLE` if the connection is lost.
    pub async fn close(mut self) -> Result<()> {
        self.tell(&Request::Goodbye { error: None }).await
    }

    /// A number for a program.
    fn number(&mut self) -> Result<u32> {
        if let Some((number, taken)) = self.programs.iter_mut().enumerate().find(|(_, taken)| !**taken) {
            *taken = true;
            return Ok(number as u32);
        }
        let (number, limit) = (self.programs.len() as u32, self.limits.programs);
        if number >= limit {
            let message = format!("{limit} programs are prepared on this connection");
            return Err(Error::exhausted(limit::PROGRAMS, u64::from(limit), message));
        }
        self.programs.push(true);
        Ok(number)
    }

    /// One more than is taken, so that an output that is too large shows.
    fn credit(&self) -> u64 {
        self.output_bytes.saturating_add(1)
    }

    /// Sends a request with its body and waits for the whole answer.
    async fn ask(&mut self, request: impl FnOnce(bool) -> Request, body: &[u8]) -> Result<Vec<u8>> {
        let room = (self.limits.frame_bytes as usize).saturating_sub(HEAD_BYTES);
        let mut chunks = body.chunks(room.clamp(1, CHUNK_BYTES)).peekable();
        let first = chunks.next().unwrap_or_default();
        self.send(&request(chunks.peek().is_some()), first).await?;
        while let Some(chunk) = chunks.next() {
            self.send(&Request::Body { id: ID, more: chunks.peek().is_some() }, chunk).await?;
        }
        let mut whole = Vec::new();
        let mut is_too_large = false;
        loop {
            match self.receive().await? {
                (Response::Output { id: ID, more }, body) => {
                    if !is_too_large {
                        whole.extend_from_slice(&body);
                    }
                    if whole.len() as u64 > self.output_bytes && !is_too_large {
                        is_too_large = true;
                        whole = Vec::new();
                        if more {
                            self.tell(&Request::Cancel { id: ID }).await?;
                        }
                    }
                    if !more && !is_too_large {
                        return Ok(whole);
                    }
                    if more {
                        continue;
                    }
                }
                (Response::Failed { id: ID, error }, _) if !is_too_large => return Err(error),
                (Response::Failed { id: ID, .. }, _) => {}
                _ => return Err(self.broken(violation("an answer without a question"))),
            }
            return Err(too_large("an output", limit::OUTPUT_BYTES, self.output_bytes));
        }
    }

    async fn tell(&mut self, request: &Request) -> Result<()> {
        self.send(request, &[]).await
    }

    async fn send(&mut self, request: &Request, body: &[u8]) -> Result<()> {
        let mut head = BytesMut::new();
        put_head(request, body.len(), &mut head)?;
        self.write(&head).await?;
        self.write(body).await
    }

    /// The next message. A goodbye is an error.
    async fn receive(&mut self) -> Result<(Response, bytes::Bytes)> {
        loop {
            let frame = take_frame(&mut self.buffer, self.frame_bytes);
            match frame.and_then(|frame| frame.map(Response::decode).transpose()) {
                Ok(None) => self.read().await?,
                Ok(Some((Response::Goodbye { error }, _))) => {
                    self.is_broken = true;
                    let shutting_down = || Error::new(Code::Unavailable, "the server is shutting down");
                    return Err(error.unwrap_or_else(shutting_down));
                }
                Ok(Some(message)) => return Ok(message),
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    async fn read(&mut self) -> Result<()> {
        self.enter()?;
        let mut bytes = vec![0; READ_BYTES];
        let read = self.stream.read(&mut bytes).await.map_err(failed)?;
        if read == 0 {
            return Err(lost("the server went away"));
        }
        self.buffer.extend_from_slice(bytes.get(..read).unwrap_or_default());
        self.is_broken = false;
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.enter()?;
        self.stream.write_all(bytes).await.map_err(failed)?;
        self.stream.flush().await.map_err(failed)?;
        self.is_broken = false;
        Ok(())
    }

    /// Counts the connection as lost until what begins now has ended.
    fn enter(&mut self) -> Result<()> {
        match core::mem::replace(&mut self.is_broken, true) {
            true => Err(lost("an earlier call failed or was given up")),
            false => Ok(()),
        }
    }

    fn broken(&mut self, error: Error) -> Error {
        self.is_broken = true;
        error
    }
}

fn failed(error: impl core::fmt::Debug) -> Error {
    lost(format!("{error:?}"))
}
