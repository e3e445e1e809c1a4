//! Unix sockets and the files that they are reached by.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::socket_mode::Mode;
use crate::{error::Failure, limits::BACKLOG};

/// The file of a socket that is listened on; removed on drop if it is still the same.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and number of the file.
    identity: Option<(u64, u64)>,
}

/// Listens at this path. A file that is left from a server that is gone is replaced.
///
/// # Errors
/// If another server is there, or the path is something else or can't be had.
pub(crate) async fn listen(path: &Path, mode: Mode) -> Result<(UnixListener, SocketFile), Failure> {
    let failure = |error: io::Error| Failure::unreachable(format!("unix://{}: {error}", path.display()));
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let words = format!("unix://{}: there is a file that is no socket", path.display());
            return Err(Failure::unreachable(words));
        }
        Ok(_) => match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                tracing::info!(path = %path.display(), "a socket that nobody listens on is replaced");
                fs::remove_file(path).map_err(failure)?;
            }
            Err(error) => return Err(failure(error)),
            Ok(_) => {
                let words = format!("unix://{}: another server listens there", path.display());
                return Err(Failure::unreachable(words));
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failure(error)),
    }
    let socket = UnixSocket::new_stream().map_err(failure)?;
    socket.bind(path).map_err(failure)?;
    let identity = identity(path);
    let file = SocketFile { path: path.to_owned(), identity };
    // Before it is listened on nobody can connect.
    fs::set_permissions(path, fs::Permissions::from_mode(mode.0)).map_err(failure)?;
    Ok((socket.listen(BACKLOG).map_err(failure)?, file))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // If it can't be removed, the next server replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
