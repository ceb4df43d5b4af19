//! The admin listener: status, metrics, health, and what operators do with the journal. Loopback by default, with a token.
//!
//! `/metrics`, `/-/ready` and `/-/healthy` are open, as the programs that read them have no token; everything else
//! wants `Authorization: Bearer TOKEN`, whatever the `Host` of the request, so that no web page can use a browser to ask.
//! What waits for a file or the journal runs on threads that may wait. Where all connections are taken, health is still
//! answered, and so is whoever has the token.

mod endpoints;
mod host_names;
mod pending;
mod records;
mod silences;
pub mod state_files;

use super::Gateway;
use super::config::ListenerLimits;
use super::listener::{self, ConnectionMetrics, ListenerRouters};
use super::problem::Problem;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Connections and requests at once.
const MAX_CONNECTIONS: usize = 64;
/// Connections of one address at once.
const MAX_CONNECTIONS_OF_ONE: usize = 16;
/// From the first byte of a request to the end of its headers, and between two requests of a connection.
const HEADER_TIME: Duration = Duration::from_secs(10);

/// Serves the admin API on a listener until `stop` is true, then finishes open requests for at most five seconds.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener, stop: watch::Receiver<bool>) {
    let limits = ListenerLimits {
        connections: MAX_CONNECTIONS,
        connections_of_one: MAX_CONNECTIONS_OF_ONE,
        requests: MAX_CONNECTIONS,
        header_time: HEADER_TIME,
        idle_time: HEADER_TIME,
        ..ListenerLimits::default()
    };
    let above =
        router(Arc::clone(&gateway)).layer(middleware::from_fn_with_state(Arc::clone(&gateway), overflow_guard));
    let routers = ListenerRouters { within: router(gateway), above: Some(above) };
    listener::serve(routers, listener, None, limits, ConnectionMetrics::default(), stop).await;
}

/// All endpoints.
fn router(gateway: Arc<Gateway>) -> Router {
    let guard = middleware::from_fn_with_state(Arc::clone(&gateway), guard);
    let records = records::routes(Arc::clone(&gateway)).merge(silences::routes(Arc::clone(&gateway)));
    let records = records.merge(pending::routes(Arc::clone(&gateway)));
    let metrics_guard = middleware::from_fn_with_state(Arc::clone(&gateway), metrics_guard);
    let open = Router::new()
        .route("/metrics", get(endpoints::metrics).route_layer(metrics_guard))
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
    if is_authorized(&gateway, &request) {
        return next.run(request).await;
    }
    let detail =
        "send the header `Authorization: Bearer TOKEN`; the token is in the file `admin.token` of the state directory";
    Problem::new(StatusCode::UNAUTHORIZED, detail).to_response()
}

fn is_authorized(gateway: &Gateway, request: &Request) -> bool {
    let given = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let token = gateway.config.admin_token.as_ref();
    token.is_some_and(|token| state_files::is_authorized(token, given))
}

/// Lets a web page that a browser has open not read the metrics: its name may lead to this listener, but it is not a name
/// that the listener has.
async fn metrics_guard(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    if host_names::is_own(&request, &gateway.config.admin_hosts) || is_authorized(&gateway, &request) {
        return next.run(request).await;
    }
    let detail = "the `Host` of the request is not a name of this listener";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, detail)
        .help("use an address or a name of the local network, add the name with `--admin-host`, or send the token")
        .to_response()
}

/// What is answered where all connections are taken: health, and those who have the token.
async fn overflow_guard(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let is_health = matches!(request.uri().path(), "/-/ready" | "/-/healthy");
    if is_health || is_authorized(&gateway, &request) {
        return next.run(request).await;
    }
    Problem::unavailable("too many connections are open", Duration::from_secs(1)).close().to_response()
}

/// Runs what may wait for a file or the journal on a thread that may wait.
///
/// # Errors
/// The answer for a task that was lost.
async fn run_blocking<T: Send + 'static>(task: impl FnOnce() -> T + Send + 'static) -> Result<T, Response> {
    let done = tokio::task::spawn_blocking(task).await;
    done.map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be carried out").to_response()
    })
}
