//! A stream with timeouts: for a connection that sends nothing, for headers that arrive slowly, and for a client that does
//! not read its answers.
//!
//! The HTTP library has one timeout, for headers, and applies it to the pause between two requests as well. Here the time
//! for headers begins with their first byte. Bodies have a timeout of their own, where they are read.

#![expect(clippy::disallowed_methods, reason = "timeouts of connections are measured by the clock")]

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// The phase of a connection; shared by its stream and its service.
#[derive(Clone, Default)]
pub(super) struct ConnectionPhase(Arc<AtomicU8>);

const WAITING: u8 = 0;
const HEADERS: u8 = 1;
const SERVING: u8 = 2;

impl ConnectionPhase {
    /// A request is being answered.
    pub(super) fn serve(&self) {
        self.0.store(SERVING, Ordering::Release);
    }

    /// The connection waits for the next request.
    pub(super) fn wait(&self) {
        self.0.store(WAITING, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// How long a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamTimeouts {
    /// From the first byte of the headers to their end, and to the first byte of a connection.
    pub(super) headers: Duration,
    /// From one request to the next.
    pub(super) idle: Duration,
    /// Until an answer is read.
    pub(super) answer: Duration,
}

/// A stream with timeouts.
pub(super) struct TimeoutStream<S> {
    stream: S,
    phase: ConnectionPhase,
    timeouts: StreamTimeouts,
    /// The phase for which `read_deadline` was set.
    entered: u8,
    read_deadline: Option<Instant>,
    write_deadline: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl<S> TimeoutStream<S> {
    /// The stream of a new connection.
    pub(super) fn new(stream: S, phase: ConnectionPhase, timeouts: StreamTimeouts) -> Self {
        let deadline = Instant::now() + timeouts.headers;
        let timer = Box::pin(tokio::time::sleep_until(deadline.into()));
        Self { stream, phase, timeouts, entered: WAITING, read_deadline: Some(deadline), write_deadline: None, timer }
    }

    /// Whether the time is over; if not, the task is woken when it is.
    fn is_expired(&mut self, deadline: Instant, context: &mut Context<'_>) -> bool {
        loop {
            if self.timer.deadline() > deadline.into() {
                self.timer.as_mut().reset(deadline.into());
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return false;
            }
            if Instant::now() >= deadline {
                return true;
            }
            // The timer was set for an earlier phase.
            self.timer.as_mut().reset(deadline.into());
        }
    }

    fn enter(&mut self, phase: u8) {
        if phase != self.entered {
            self.entered = phase;
            self.read_deadline = match phase {
                HEADERS => Some(Instant::now() + self.timeouts.headers),
                SERVING => None,
                _ => Some(Instant::now() + self.timeouts.idle),
            };
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.enter(this.phase.get());
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                if this.entered == WAITING && buffer.filled().len() > before {
                    this.phase.0.store(HEADERS, Ordering::Release);
                    this.enter(HEADERS);
                }
                Poll::Ready(read)
            }
            Poll::Pending => {
                let Some(deadline) = this.read_deadline else { return Poll::Pending };
                if this.is_expired(deadline, context) {
                    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
                } else {
                    Poll::Pending
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> TimeoutStream<S> {
    fn check_write<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        let deadline = *self.write_deadline.get_or_insert_with(|| Instant::now() + self.timeouts.answer);
        if self.is_expired(deadline, context) {
            Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
        } else {
            Poll::Pending
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.check_write(written, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        if flushed.is_ready() {
            this.write_deadline = None;
        }
        this.check_write(flushed, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.check_write(shut, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.check_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
