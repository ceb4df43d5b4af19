//! A stream that ends where its client takes too long: to send a request, or to read an answer.
//!
//! What a client may take to send depends on the phase of its connection:
//!
//! - waiting: no byte of the next request is here. The first request has the time for headers, later ones the idle time;
//! - headers: from the first byte of a request on, the time for headers;
//! - answering: no limit here, as the body has a timeout of its own where it is read.
//!
//! The stream notices the first byte, and the service says when it begins and ends an answer. The HTTP library has one
//! timeout, for headers, and would apply it to the pause between two requests as well.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum ConnectionPhase {
    Waiting = 0,
    Headers = 1,
    Answering = 2,
}

impl From<u8> for ConnectionPhase {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::Headers,
            2.. => Self::Answering,
        }
    }
}

/// The phase of a connection; shared by its stream and its service.
#[derive(Clone)]
pub(super) struct SharedPhase(Arc<AtomicU8>);

impl SharedPhase {
    /// The phase of a new connection.
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(ConnectionPhase::Waiting as u8)))
    }

    /// A request is being answered.
    pub(super) fn begin_answer(&self) {
        self.set(ConnectionPhase::Answering);
    }

    /// The connection waits for the next request.
    pub(super) fn end_answer(&self) {
        self.set(ConnectionPhase::Waiting);
    }

    /// Whether a request is being answered.
    pub(super) fn is_answering(&self) -> bool {
        self.get() == ConnectionPhase::Answering
    }

    fn set(&self, phase: ConnectionPhase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    fn get(&self) -> ConnectionPhase {
        self.0.load(Ordering::Acquire).into()
    }
}

/// How long a client may take.
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
    phase: SharedPhase,
    timeouts: StreamTimeouts,
    /// The phase that `read_deadline` is for.
    entered: ConnectionPhase,
    read_deadline: Option<Instant>,
    /// Set while the client has an answer to read.
    write_deadline: Option<Instant>,
    /// Wakes the task at the next deadline, or before it.
    timer: Pin<Box<Sleep>>,
}

impl<S> TimeoutStream<S> {
    /// The stream of a new connection.
    pub(super) fn new(stream: S, phase: SharedPhase, timeouts: StreamTimeouts) -> Self {
        let deadline = Instant::now() + timeouts.headers;
        Self {
            stream,
            phase,
            timeouts,
            entered: ConnectionPhase::Waiting,
            read_deadline: Some(deadline),
            write_deadline: None,
            timer: Box::pin(tokio::time::sleep_until(deadline)),
        }
    }

    /// Sets the deadline of a phase, unless it is the one at hand.
    fn enter(&mut self, phase: ConnectionPhase) {
        if phase != self.entered {
            self.entered = phase;
            self.read_deadline = match phase {
                ConnectionPhase::Waiting => Some(Instant::now() + self.timeouts.idle),
                ConnectionPhase::Headers => Some(Instant::now() + self.timeouts.headers),
                ConnectionPhase::Answering => None,
            };
        }
    }

    /// The result of a stream that is not ready: an error once the deadline is over; until then, the task is woken at it.
    fn poll_deadline<T>(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        // A timer that is early is left alone: it costs one needless wake-up, and most deadlines are never reached.
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// The result of writing: where the client does not read, an error once it took too long.
    fn limit_write<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        let deadline = *self.write_deadline.get_or_insert_with(|| Instant::now() + self.timeouts.answer);
        self.poll_deadline(deadline, context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.enter(this.phase.get());
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if this.entered == ConnectionPhase::Waiting && buffer.filled().len() > before {
            this.phase.set(ConnectionPhase::Headers);
            this.enter(ConnectionPhase::Headers);
        }
        match this.read_deadline {
            Some(deadline) if read.is_pending() => this.poll_deadline(deadline, context),
            Some(_) | None => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.limit_write(written, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        if flushed.is_ready() {
            this.write_deadline = None;
        }
        this.limit_write(flushed, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.limit_write(shut, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.limit_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
