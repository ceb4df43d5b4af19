//! The accept loop of both listeners: who may connect, how long a connection may take, and how all of them end.

mod connection_limit;
mod timeout_stream;

use super::config::ListenerLimits;
use super::metrics::Metrics;
use super::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use connection_limit::{ConnectionLimit, ConnectionPermit};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use timeout_stream::{SharedPhase, StreamTimeouts, TimeoutStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// For a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// For open requests when the listener stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// The pause after an error of `accept`, which would return at once (no file descriptor is left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most headers of a request.
const MAX_HEADERS: usize = 64;

/// What is counted of connections.
#[derive(Clone, Default)]
pub(super) struct ConnectionMetrics {
    open: Gauge,
    refused: Counter,
}

impl ConnectionMetrics {
    /// The metrics of connections of senders.
    pub(super) fn of(metrics: &Metrics) -> Self {
        Self { open: metrics.connections.clone(), refused: metrics.connections_refused.clone() }
    }
}

/// What all connections share.
struct ConnectionContext {
    router: Router,
    requests: Arc<Semaphore>,
    limits: ListenerLimits,
    metrics: ConnectionMetrics,
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
}

/// Serves a router on a listener until `stop` is true, then finishes open requests for at most five seconds.
pub(super) async fn serve(
    router: Router,
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: ListenerLimits,
    metrics: ConnectionMetrics,
    mut stop: watch::Receiver<bool>,
) {
    let open = ConnectionLimit::new(&limits);
    let context = Arc::new(ConnectionContext {
        router,
        requests: Arc::new(Semaphore::new(limits.requests)),
        limits,
        metrics,
        tls: tls.map(TlsAcceptor::from),
        stop: stop.clone(),
    });
    // Each connection holds a sender; the channel ends with the last of them.
    let (alive, mut all_gone) = mpsc::channel::<Infallible>(1);
    loop {
        let accepted = tokio::select! {
            biased;
            () = wait_for_stop(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => spawn_connection(&context, &open, stream, from, &alive),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, alive));
    if tokio::time::timeout(SHUTDOWN_GRACE, all_gone.recv()).await.is_err() {
        tracing::warn!("the listener stopped with requests unfinished");
    }
}

/// Returns when it is time to stop, or when the sender is gone.
async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

fn spawn_connection(
    context: &Arc<ConnectionContext>,
    open: &Arc<ConnectionLimit>,
    stream: TcpStream,
    from: SocketAddr,
    alive: &mpsc::Sender<Infallible>,
) {
    let Some(permit) = open.acquire(from.ip()) else {
        context.metrics.refused.inc();
        return;
    };
    let (context, alive) = (Arc::clone(context), alive.clone());
    tokio::spawn(async move {
        context.metrics.open.inc();
        let _counted = ConnectionGuard(context.metrics.open.clone(), permit);
        let _alive = alive;
        // Answers are small: waiting for more to send would only delay them.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match &context.tls {
            None => serve_connection(&context, stream).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                Ok(Ok(stream)) => serve_connection(&context, stream).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            },
        }
    });
}

/// A connection that is counted as long as this lives.
struct ConnectionGuard(Gauge, #[expect(dead_code, reason = "it is free again when dropped")] ConnectionPermit);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin>(context: &ConnectionContext, stream: S) {
    let phase = SharedPhase::new();
    let limits = &context.limits;
    let times = StreamTimeouts { headers: limits.header_time, idle: limits.idle_time, answer: limits.body_time };
    let stream = TokioIo::new(TimeoutStream::new(stream, phase.clone(), times));
    let service = service_fn(|request: Request<Incoming>| {
        phase.begin_answer();
        let phase = phase.clone();
        async move {
            let answer = answer(context, request.map(Body::new)).await;
            phase.end_answer();
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes.max(8 << 10) + (8 << 10));
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    let mut stop = context.stop.clone();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = wait_for_stop(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(SHUTDOWN_GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn answer(context: &ConnectionContext, request: Request<Body>) -> Response<Body> {
    let Ok(_under_way) = context.requests.try_acquire() else {
        let wait = Duration::from_secs(1);
        return Problem::unavailable("too many requests are under way", wait).close().to_response();
    };
    match context.router.clone().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
