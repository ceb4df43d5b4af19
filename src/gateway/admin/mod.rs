//! The admin listener: status, metrics, health, and what operators do with the journal. Loopback by default, with a token.
//!
//! `/metrics`, `/-/ready` and `/-/healthy` are open, as the programs that ask for them carry no token; everything else
//! wants `Authorization: Bearer TOKEN`, whatever the host that a browser was led to believe in. What waits for a file or
//! the journal runs on threads that may wait.

mod endpoints;
pub mod records;
pub mod state_files;

use super::Gateway;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Connections at once; the next ones wait.
const MOST_CONNECTIONS: usize = 64;
/// From the first byte of a request to the end of its headers, and between two requests of a connection.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long an end waits for requests that are under way.
const REQUEST_GRACE: Duration = Duration::from_secs(5);
/// The pause after the system refused a connection, as it does without free descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the admin API on a listener until `stop` is told.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let router = router(gateway);
    let connections = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let next = async {
            let permit = Arc::clone(&free).acquire_owned().await.ok()?;
            Some((listener.accept().await, permit))
        };
        let accepted = tokio::select! {
            biased;
            // An error says that nobody is left to tell.
            _ = stop.wait_for(|stopped| *stopped) => break,
            accepted = next => accepted,
        };
        match accepted {
            Some((Ok((stream, _)), permit)) => {
                tokio::spawn(connection(stream, router.clone(), connections.watcher(), permit));
            }
            Some((Err(_), _)) => tokio::time::sleep(ACCEPT_PAUSE).await,
            None => break,
        }
    }
    drop(tokio::time::timeout(REQUEST_GRACE, connections.shutdown()).await);
}

async fn connection(
    stream: TcpStream,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
    permit: OwnedSemaphorePermit,
) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_headers(64);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // What goes wrong with a connection is its client's to see.
    drop(watcher.watch(served).await);
    drop(permit);
}

/// All endpoints.
fn router(gateway: Arc<Gateway>) -> Router {
    let guard = middleware::from_fn_with_state(Arc::clone(&gateway), guard);
    let records = records::routes(Arc::clone(&gateway));
    let open = Router::new()
        .route("/metrics", get(endpoints::metrics))
        .route("/-/ready", get(endpoints::ready))
        .route("/-/healthy", get(endpoints::healthy));
    guarded().merge(records).route_layer(guard).merge(open).fallback(endpoints::unknown).with_state(gateway)
}

/// What wants the token.
fn guarded() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/-/reload", post(endpoints::reload))
        .route("/api/v1/status", get(endpoints::status))
        .route("/api/v1/integrations", get(endpoints::integrations))
        .route("/api/v1/channels", get(endpoints::channels))
        .route("/api/v1/rules", get(endpoints::rules))
}

async fn guard(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec());
    let token = gateway.config.admin_token.as_ref();
    if token.is_some_and(|token| state_files::is_authorized(token, given.as_deref())) {
        return next.run(request).await;
    }
    let detail = "send the header `Authorization: Bearer TOKEN`; the token is in the file `admin.token` of the state directory";
    let mut response = problem(StatusCode::UNAUTHORIZED, detail).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    response
}

/// An answer that says what is wrong and how to mend it, in the form of RFC 9457.
#[must_use]
pub fn problem(status: StatusCode, detail: &str) -> Response {
    let body = serde_json::json!({
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "detail": detail,
    });
    json(status, "application/problem+json", &body)
}

/// An answer in JSON.
pub fn json<T: serde::Serialize>(status: StatusCode, kind: &'static str, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, kind)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Runs what may wait for a file or the journal, away from the threads that must not.
///
/// # Errors
/// The answer for a task that was lost.
pub async fn run_blocking<T: Send + 'static>(
    task: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(task)
        .await
        .map_err(|_| problem(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be carried out"))
}
