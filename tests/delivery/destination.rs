//! A destination on this machine, and a kind of channel that asks it.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use pointsman::channel::{
    Audience, ChannelKind, DeliveryVerdict, HEADERS, HttpAdapter, HttpChannel, HttpRequest, HttpResponse,
    NotificationPolicy, RateLimits, RenderContext, RenderedBody, RequestBuildError, RequestContext, Secret, Setting,
    Settings, Transport, URL,
};
use pointsman::gateway::served_rules::ServedChannel;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) static KIND: ChannelKind = ChannelKind {
    name: "plain",
    documentation: "",
    parameters: &[],
    audience: Audience::Programs,
    transport: Transport::Http(&HTTP),
};
pub(crate) static OTHER: ChannelKind = ChannelKind {
    name: "other",
    documentation: "",
    parameters: &[],
    audience: Audience::Programs,
    transport: Transport::Http(&HTTP),
};

static HTTP: HttpAdapter = HttpAdapter { render, open, limits: RateLimits::NONE };

fn render(_: &RenderContext<'_>) -> RenderedBody {
    RenderedBody { body: serde_json::Value::Null, notes: Vec::new() }
}

/// A channel that posts what it gets.
struct Plain {
    url: Secret,
    headers: Vec<(String, Secret)>,
}

fn open(settings: &Settings) -> Result<Box<dyn HttpChannel>, RequestBuildError> {
    let url = URL.read(settings).ok_or(RequestBuildError::Missing(URL.spec.name))?;
    Ok(Box::new(Plain { url: Secret::new(url.to_owned()), headers: HEADERS.read(settings).to_vec() }))
}

impl HttpChannel for Plain {
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        let mut headers = self.headers.clone();
        headers.push(("idempotency-key".to_owned(), Secret::new(attempt.idempotency_key.to_owned())));
        Ok(HttpRequest { method: "POST", url: self.url.clone(), headers, body: attempt.body.to_vec() })
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        let reason = format!("status {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        let after = (answer.header)("retry-after").and_then(|after| after.parse().ok());
        let after = after.map(Duration::from_secs);
        match answer.status {
            200..300 => DeliveryVerdict::Delivered,
            429 | 500.. => DeliveryVerdict::Retry { reason, after },
            _ => DeliveryVerdict::Refused { reason },
        }
    }
}

/// What came in: the path with its query, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) idempotency_key: String,
}

pub(crate) type Log = Arc<Mutex<Vec<Came>>>;
type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Listens on a port of its own; `answer` gets what came and how many came before it.
pub(crate) fn listen(answer: impl Fn(Came, usize) -> Answering + Clone + Send + Sync + 'static) -> (u16, Log) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let log = Log::default();
    let kept = Arc::clone(&log);
    let handle = move |request: Request| {
        let (log, answer) = (Arc::clone(&kept), answer.clone());
        async move {
            let path = request.uri().to_string();
            let header = request.headers().get("idempotency-key");
            let idempotency_key = header.map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            let came = Came { path, body: String::from_utf8(body.to_vec()).unwrap(), idempotency_key };
            let before = {
                let mut log = log.lock().unwrap();
                log.push(came.clone());
                log.len() - 1
            };
            answer(came, before).await
        }
    };
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, Router::new().fallback(handle)).await.unwrap();
    });
    (port, log)
}

pub(crate) fn now(response: Response) -> Answering {
    Box::pin(std::future::ready(response))
}

pub(crate) fn status(status: u16) -> Response {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

pub(crate) fn channel(name: &str, url: &str) -> ServedChannel {
    let url = Setting::Secret(Secret::new(url.to_owned()));
    let (settings, policy) = (Settings { entries: vec![("url".to_owned(), url)] }, NotificationPolicy::EVERY_EVENT);
    ServedChannel { name: name.to_owned(), kind: &KIND, settings, policy }
}

pub(crate) fn with(mut channel: ServedChannel, name: &str, setting: Setting) -> ServedChannel {
    channel.settings.entries.push((name.to_owned(), setting));
    channel
}

pub(crate) fn at(port: u16) -> String {
    format!("http://127.0.0.1:{port}/hook")
}

/// Listens with a certificate for `localhost` that only `tests/delivery/tls/ca.pem` vouches for.
pub(crate) fn listen_securely() -> u16 {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust the certificate hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    port
}
