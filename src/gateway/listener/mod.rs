//! The accept loop of both listeners: who may connect, how long a connection may take, and how all of them end.

mod address_quota;
mod overflow;
mod request_check;
mod timeout_stream;

pub(super) use address_quota::{AddressQuota, QuotaPermit};

use super::config::ListenerLimits;
use super::metrics::Metrics;
use super::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use overflow::{MAX_OVERFLOW, Overflow};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
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
/// For the headers and the answer of a connection above the limits.
const OVERFLOW_TIME: Duration = Duration::from_secs(2);
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

/// The address of the client, as handlers find it in the extensions of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PeerAddress(pub(super) IpAddr);

/// What all connections share.
struct ConnectionContext {
    router: Router,
    requests: Arc<Semaphore>,
    limits: ListenerLimits,
    /// Whether a connection may bring more than one request.
    keeps_alive: bool,
    metrics: ConnectionMetrics,
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
}

/// What answers on a listener.
pub(super) struct ListenerRouters {
    /// For connections within the limits.
    pub(super) within: Router,
    /// For those above them, of which each brings one request; without it, they are closed.
    pub(super) above: Option<Router>,
}

/// Serves routers on a listener until `stop` is true, then finishes open requests for at most five seconds.
pub(super) async fn serve(
    routers: ListenerRouters,
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: ListenerLimits,
    metrics: ConnectionMetrics,
    mut stop: watch::Receiver<bool>,
) {
    let open = AddressQuota::new(limits.connections, limits.connections_of_one);
    let tls = tls.map(TlsAcceptor::from);
    let mut overflow = Overflow::new(routers.above.map(|router| ConnectionContext {
        router,
        requests: Arc::new(Semaphore::new(MAX_OVERFLOW)),
        limits: ListenerLimits { header_time: OVERFLOW_TIME, body_time: OVERFLOW_TIME, ..limits.clone() },
        keeps_alive: false,
        metrics: ConnectionMetrics::default(),
        tls: tls.clone(),
        stop: stop.clone(),
    }));
    let context = Arc::new(ConnectionContext {
        router: routers.within,
        requests: Arc::new(Semaphore::new(limits.requests)),
        limits,
        keeps_alive: true,
        metrics,
        tls,
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
            Ok((stream, from)) => spawn_connection(&context, &open, &mut overflow, (stream, from), &alive),
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
    open: &Arc<AddressQuota>,
    overflow: &mut Overflow,
    (stream, from): (TcpStream, SocketAddr),
    alive: &mpsc::Sender<Infallible>,
) {
    let client = Client { peer: PeerAddress(from.ip().to_canonical()), phase: SharedPhase::new() };
    if let Some(permit) = open.acquire(from.ip(), 1) {
        tokio::spawn(serve_client(Arc::clone(context), stream, client, Some(permit), alive.clone()));
        return;
    }
    context.metrics.refused.inc();
    if let Some(above) = overflow.context.clone().filter(|_| overflow.make_room()) {
        let phase = client.phase.clone();
        let task = tokio::spawn(serve_client(above, stream, client, None, alive.clone()));
        overflow.add(phase, task.abort_handle());
    }
}

/// Who is at the other end of a connection, and what the connection does.
struct Client {
    peer: PeerAddress,
    phase: SharedPhase,
}

async fn serve_client(
    context: Arc<ConnectionContext>,
    stream: TcpStream,
    client: Client,
    permit: Option<QuotaPermit>,
    _alive: mpsc::Sender<Infallible>,
) {
    context.metrics.open.inc();
    let _counted = ConnectionGuard(context.metrics.open.clone(), permit);
    // Answers are small: waiting for more to send would only delay them.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match &context.tls {
        None => serve_connection(&context, stream, client).await,
        Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve_connection(&context, stream, client).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
}

/// A connection that is counted as long as this lives.
struct ConnectionGuard(Gauge, #[expect(dead_code, reason = "it is free again when dropped")] Option<QuotaPermit>);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin>(
    context: &ConnectionContext,
    stream: S,
    Client { peer, phase }: Client,
) {
    let limits = &context.limits;
    let times = StreamTimeouts { headers: limits.header_time, idle: limits.idle_time, answer: limits.body_time };
    let stream = TokioIo::new(TimeoutStream::new(stream, phase.clone(), times));
    let service = service_fn(|request: Request<Incoming>| {
        phase.begin_answer();
        let phase = phase.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let answer = answer(context, request).await;
            phase.end_answer();
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .keep_alive(context.keeps_alive)
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
    if let Err(problem) = request_check::check(&request) {
        return problem.to_response();
    }
    let Ok(_under_way) = context.requests.try_acquire() else {
        let wait = Duration::from_secs(1);
        return Problem::unavailable("too many requests are under way", wait).close().to_response();
    };
    match context.router.clone().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
