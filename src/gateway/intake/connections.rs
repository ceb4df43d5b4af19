//! The accept loop: who may connect, what a connection may take its time for, and how all of them end.

use super::connection_limit::{ConnectionLimit, ConnectionPermit};
use super::problem::HttpProblem;
use super::timeout_stream::{ConnectionPhase, StreamTimeouts, TimeoutStream};
use crate::gateway::config::ListenerLimits;
use crate::gateway::metrics::Metrics;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// For a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// For what is under way when the listener is told to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// After an error of `accept` that would come again at once (no file descriptor is left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most headers of a request.
const MOST_HEADERS: usize = 64;

/// What all connections share.
struct ConnectionContext {
    router: Router,
    requests: Arc<Semaphore>,
    limits: ListenerLimits,
    metrics: Arc<Metrics>,
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
}

/// Serves a router on a listener until `stop` is told, then finishes what is under way for at most five seconds.
pub(super) async fn serve(
    router: Router,
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: &ListenerLimits,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    let seats = ConnectionLimit::new(limits.connections, limits.connections_of_one);
    let house = Arc::new(ConnectionContext {
        router,
        requests: Arc::new(Semaphore::new(limits.requests)),
        limits: limits.clone(),
        metrics,
        tls: tls.map(TlsAcceptor::from),
        stop: stop.clone(),
    });
    // Each connection holds a sender; when the last is gone nothing is received any more.
    let (alive, mut all_gone) = mpsc::channel::<Infallible>(1);
    loop {
        let accepted = tokio::select! {
            biased;
            () = wait_for_stop(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => spawn_connection(&house, &seats, stream, from, &alive),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, alive));
    if tokio::time::timeout(SHUTDOWN_GRACE, all_gone.recv()).await.is_err() {
        tracing::warn!("some requests were not finished when the listener ended");
    }
}

/// Returns when it is time to stop, or when nobody is left who could say so.
async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

fn spawn_connection(
    house: &Arc<ConnectionContext>,
    seats: &Arc<ConnectionLimit>,
    stream: TcpStream,
    from: SocketAddr,
    alive: &mpsc::Sender<Infallible>,
) {
    let Some(seat) = seats.acquire(from.ip()) else {
        house.metrics.connections_refused.inc();
        return;
    };
    let (house, alive) = (Arc::clone(house), alive.clone());
    tokio::spawn(async move {
        house.metrics.connections.inc();
        let _counted = ConnectionGuard(Arc::clone(&house.metrics), seat);
        let _alive = alive;
        // Answers are small: waiting for more to send would only hold them up.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match &house.tls {
            None => serve_connection(&house, stream).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                Ok(Ok(stream)) => serve_connection(&house, stream).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            },
        }
    });
}

/// A connection that is counted as long as this lives.
struct ConnectionGuard(
    Arc<Metrics>,
    #[expect(dead_code, reason = "it is free again when dropped")] ConnectionPermit,
);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin>(house: &ConnectionContext, stream: S) {
    let phase = ConnectionPhase::default();
    let limits = &house.limits;
    let times =
        StreamTimeouts { headers: limits.header_time, idle: limits.idle_time, answer: limits.body_time };
    let stream = TokioIo::new(TimeoutStream::new(stream, phase.clone(), times));
    let service = service_fn(|request: Request<Incoming>| {
        phase.serve();
        let phase = phase.clone();
        async move {
            let answer = answer(house, request.map(Body::new)).await;
            phase.wait();
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(MOST_HEADERS)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes.max(8 << 10) + (8 << 10));
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    let mut stop = house.stop.clone();
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

async fn answer(house: &ConnectionContext, request: Request<Body>) -> Response<Body> {
    let Ok(_under_way) = house.requests.try_acquire() else {
        let wait = Duration::from_secs(1);
        let shed = HttpProblem::unavailable("too many requests are under way", wait);
        return HttpProblem { close: true, ..shed }.to_response();
    };
    match house.router.clone().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
