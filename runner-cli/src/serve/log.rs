//! The log on standard error. Nobody ever waits for it: what can't be written is lost.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
};

use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

use super::settings::{Level, LogFormat};
use crate::limits::{LOG_LINES, LOG_TIME};

/// Writes out what was logged when it is dropped, as far as that is possible at once.
#[derive(Debug)]
pub(crate) struct Log {
    sink: Sink,
    ended: Receiver<()>,
}

/// Starts to log.
pub(crate) fn start(level: Level, format: LogFormat) -> Option<Log> {
    let (queue, lines) = sync_channel(LOG_LINES);
    let (end, ended) = sync_channel(1);
    let sink = Sink { queue, lost: Arc::default() };
    let lost = Arc::clone(&sink.lost);
    thread::Builder::new().name("log".into()).spawn(move || write(&lines, &lost, &end)).ok()?;
    let builder = tracing_subscriber::fmt()
        .with_max_level(filter(level))
        .with_target(false)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(sink.clone());
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.ok().map(|()| Log { sink, ended })
}

/// Where log lines are put.
#[derive(Debug, Clone)]
struct Sink {
    queue: SyncSender<Message>,
    /// Lines that found the queue full.
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    End,
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Sink {
    /// A whole line at a time, as the subscriber does it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // If the queue is full, nobody reads: there is nothing to wait for.
        if self.sink.queue.try_send(Message::End).is_ok() {
            let _: Result<(), RecvTimeoutError> = self.ended.recv_timeout(LOG_TIME);
        }
    }
}

fn write(lines: &Receiver<Message>, lost: &AtomicU64, end: &SyncSender<()>) {
    while let Ok(Message::Line(line)) = lines.recv() {
        let mut stderr = io::stderr().lock();
        // A full disk is no reason to stop serving.
        let _ = stderr.write_all(&line);
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(
                stderr,
                "{{\"level\":\"WARN\",\"message\":\"log lines were lost\",\"count\":{lost}}}"
            );
        }
    }
    let _ = end.send(());
}

fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
