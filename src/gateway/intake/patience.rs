//! A stream that loses patience: with a connection that says nothing, with headers that dribble in, and with a reader that
//! does not read its answers.
//!
//! HTTP itself knows one time-out, for headers, and would apply it to the pause between two requests as well. Here the
//! time for headers begins with their first byte; bodies have their own, where they are read.

#![expect(clippy::disallowed_methods, reason = "time-outs of connections are measured by the clock")]

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Where a connection stands; shared by its stream and its service.
#[derive(Clone, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

const WAITING: u8 = 0;
const HEADERS: u8 = 1;
const SERVING: u8 = 2;

impl Phase {
    /// A request has arrived and is being answered.
    pub(super) fn serve(&self) {
        self.0.store(SERVING, Ordering::Release);
    }

    /// The next request is waited for.
    pub(super) fn wait(&self) {
        self.0.store(WAITING, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// How long a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// From the first byte of the headers to their end, and to the first byte of a connection.
    pub(super) headers: Duration,
    /// From one request to the next.
    pub(super) idle: Duration,
    /// Until an answer is read.
    pub(super) answer: Duration,
}

/// A stream that loses patience.
pub(super) struct Patient<S> {
    stream: S,
    phase: Phase,
    times: Times,
    /// The phase for which `read_by` was set.
    known: u8,
    read_by: Option<Instant>,
    write_by: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// Watches a stream of a new connection.
    pub(super) fn new(stream: S, phase: Phase, times: Times) -> Self {
        let by = Instant::now() + times.headers;
        let alarm = Box::pin(tokio::time::sleep_until(by.into()));
        Self { stream, phase, times, known: WAITING, read_by: Some(by), write_by: None, alarm }
    }

    /// Whether the time is over; else the task is woken when it is.
    fn is_over(&mut self, by: Instant, context: &mut Context<'_>) -> bool {
        loop {
            if self.alarm.deadline() > by.into() {
                self.alarm.as_mut().reset(by.into());
            }
            if self.alarm.as_mut().poll(context).is_pending() {
                return false;
            }
            if Instant::now() >= by {
                return true;
            }
            // The alarm was set for an earlier phase.
            self.alarm.as_mut().reset(by.into());
        }
    }

    fn follow(&mut self, phase: u8) {
        if phase != self.known {
            self.known = phase;
            self.read_by = match phase {
                HEADERS => Some(Instant::now() + self.times.headers),
                SERVING => None,
                _ => Some(Instant::now() + self.times.idle),
            };
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.follow(this.phase.get());
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                if this.known == WAITING && buffer.filled().len() > before {
                    this.phase.0.store(HEADERS, Ordering::Release);
                    this.follow(HEADERS);
                }
                Poll::Ready(read)
            }
            Poll::Pending => {
                let Some(by) = this.read_by else { return Poll::Pending };
                if this.is_over(by, context) {
                    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
                } else {
                    Poll::Pending
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    fn written<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        let by = *self.write_by.get_or_insert_with(|| Instant::now() + self.times.answer);
        if self.is_over(by, context) {
            Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
        } else {
            Poll::Pending
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(written, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        if flushed.is_ready() {
            this.write_by = None;
        }
        this.written(flushed, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.written(shut, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
