//! The side of the child.

use std::{
    fmt,
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    os::unix::net::UnixStream as StdUnixStream,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use runner_binary::{Server, ServerOptions};
use runner_core::{Code, Error, Result, Run};
use rustix::{
    fs::{FileType, fstat},
    stdio::{dup2_stdin, dup2_stdout},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{UnixStream, unix::pipe},
};

/// Serves a runner on standard input and output until either the client says goodbye or standard input ends, and shuts
/// the runner down.
///
/// Whatever else this process writes to standard output goes to standard error from now on, see [`Stdio::take`].
///
/// ```no_run
/// # use runner_core::Run;
/// # async fn example<R: Run + 'static>(runner: std::sync::Arc<R>) -> runner_core::Result<()> where R::Prepared: 'static {
/// runner_posix::serve_stdio(runner, runner_binary::ServerOptions::new()).await
/// # }
/// ```
///
/// # Errors
/// If a client breaks the protocol or is refused, if standard input and output can't be had, and those of the runner's
/// shutdown.
pub async fn serve_stdio<R>(runner: Arc<R>, options: ServerOptions) -> Result<()>
where
    R: Run + 'static,
    R::Prepared: 'static,
{
    let stdio = Stdio::take()?;
    let served = Server::new(Arc::clone(&runner), options).serve(stdio).await;
    let shut = runner.shutdown().await;
    match served {
        // A client that is gone without a goodbye is the end as well.
        Err(error) if error.code() != Code::Unavailable => Err(error),
        _ => shut,
    }
}

/// Standard input and output as one stream, for [`Server::serve`] where more is served than that.
///
/// ```no_run
/// # use runner_core::Run;
/// # async fn example<R: Run + 'static>(server: runner_binary::Server<R>) -> runner_core::Result<()> where R::Prepared: 'static {
/// server.serve(runner_posix::Stdio::take()?).await
/// # }
/// ```
pub struct Stdio {
    input: Box<dyn AsyncRead + Send + Unpin>,
    output: Box<dyn AsyncWrite + Send + Unpin>,
}

impl Stdio {
    /// Takes them away from the rest of the process: from now on others read nothing, and what they write goes to
    /// standard error.
    ///
    /// Must be called on a tokio runtime.
    ///
    /// # Errors
    /// `UNAVAILABLE` if they are closed, or the system refuses.
    pub fn take() -> Result<Self> {
        Self::try_take().map_err(|error| {
            let message = format!("standard input and output can't be served: {error}");
            Error::new(Code::Unavailable, message).with_retryable(false)
        })
    }

    fn try_take() -> io::Result<Self> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        dup2_stdin(File::open("/dev/null")?)?;
        dup2_stdout(io::stderr())?;
        Ok(Self { input: reader(input)?, output: writer(output)? })
    }
}

impl fmt::Debug for Stdio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdio")
    }
}

impl AsyncRead for Stdio {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stdio {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.output).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.output).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.output.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_shutdown(cx)
    }
}

/// What can be waited for is; a file or a terminal is read by a thread.
fn reader(input: OwnedFd) -> io::Result<Box<dyn AsyncRead + Send + Unpin>> {
    Ok(match kind(&input)? {
        FileType::Fifo => Box::new(pipe::Receiver::from_owned_fd(input)?),
        FileType::Socket => Box::new(socket(input)?),
        _ => Box::new(tokio::fs::File::from_std(File::from(input))),
    })
}

fn writer(output: OwnedFd) -> io::Result<Box<dyn AsyncWrite + Send + Unpin>> {
    Ok(match kind(&output)? {
        FileType::Fifo => Box::new(pipe::Sender::from_owned_fd(output)?),
        FileType::Socket => Box::new(socket(output)?),
        _ => Box::new(tokio::fs::File::from_std(File::from(output))),
    })
}

fn kind(file: &OwnedFd) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(file)?.st_mode))
}

/// Any stream socket will do: it is only read and written.
fn socket(file: OwnedFd) -> io::Result<UnixStream> {
    let socket = StdUnixStream::from(file);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}
