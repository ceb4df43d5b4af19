//! A blocking client of the admin listener, for the command line, with a timeout of 30 s.
//!
//! The token is sent and never shown.

#![expect(clippy::disallowed_methods, reason = "finds the gateway by the files of its state directory")]

use super::delivery::{parse_proxy, root_cause, tls_config};
use crate::channel::{Secret, StateFile};
use reqwest::StatusCode;
use serde_json::Value;
use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a gateway may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The most bytes of an answer.
const MAX_RESPONSE_BYTES: usize = 256 << 20;

/// Why a request was not carried out; the text says how to fix it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminClientError {
    /// The request is wrong, or refused.
    #[error("{0}")]
    Rejected(String),
    /// There is no answer, or the gateway could not do it.
    #[error("{0}")]
    Failed(String),
}

impl From<String> for AdminClientError {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// How a gateway is reached.
#[derive(Debug, Clone, Default)]
pub struct AdminConnection {
    /// A proxy, as `http://host:port`; none is taken from the environment.
    pub proxy: Option<String>,
    /// A file of certificates in PEM that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// A client of one gateway.
pub struct AdminClient {
    base: Url,
    token: Secret,
    has_proxy: bool,
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
}

impl std::fmt::Debug for AdminClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl AdminClient {
    /// The gateway that uses a state directory, if one is running. Its token is the one that is given, or that of the
    /// directory.
    ///
    /// # Errors
    /// Where one seems to run, but its address or token cannot be read.
    pub fn find(state: &Path, given: Option<Secret>, connection: &AdminConnection) -> Result<Option<Self>, String> {
        let file = StateFile::AdminAddress.path(state);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read `{}`: {error}", file.display())),
        };
        let announced: Option<Value> = serde_json::from_str(&text).ok();
        let url = announced.as_ref().and_then(|announced| announced.get("url")?.as_str());
        let url =
            url.ok_or_else(|| format!("`{}` holds no address: use `--admin URL --token-file FILE`", file.display()))?;
        // A gateway that was killed leaves its address behind.
        if !listens(&address(url)?) {
            return Ok(None);
        }
        let token = given.map_or_else(|| read_token(&StateFile::AdminToken.path(state)), Ok)?;
        Self::at(url, token, connection).map(Some)
    }

    /// The gateway at an address.
    ///
    /// # Errors
    /// Where it is not an address of a gateway, or the proxy or the certificates cannot be used.
    pub fn at(url: &str, token: Secret, connection: &AdminConnection) -> Result<Self, String> {
        let unusable = |error: reqwest::Error| format!("cannot create a client: {}", error.without_url());
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls_config(connection.ca_file.as_deref())?);
        let builder = match connection.proxy.as_deref().map(parse_proxy).transpose()? {
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy).map_err(unusable)?),
            None => builder.no_proxy(),
        };
        let http = builder
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(unusable)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("cannot create a client: {error}"))?;
        Ok(Self { base: address(url)?, token, has_proxy: connection.proxy.is_some(), runtime, http })
    }

    /// Sends a GET request.
    ///
    /// # Errors
    /// What is wrong and how to fix it.
    pub fn get(&self, path_and_query: &str) -> Result<Value, AdminClientError> {
        self.send(self.http.get(self.url(path_and_query)?))
    }

    /// Sends a POST request.
    ///
    /// # Errors
    /// What is wrong and how to fix it.
    pub fn post(&self, path_and_query: &str, body: &Value) -> Result<Value, AdminClientError> {
        let request = self.http.post(self.url(path_and_query)?);
        self.send(request.header("content-type", "application/json").body(body.to_string()))
    }

    fn url(&self, path_and_query: &str) -> Result<Url, String> {
        self.base.join(path_and_query).map_err(|error| format!("`{path_and_query}` is not a path: {error}"))
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, AdminClientError> {
        let request = request.bearer_auth(self.token.expose());
        let answer = self.runtime.block_on(async {
            let mut response = request.send().await?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                    return Ok((response.status(), None));
                }
                body.extend_from_slice(&chunk);
            }
            Ok((response.status(), Some(body)))
        });
        let (status, body) = answer.map_err(|error: reqwest::Error| self.transport_error(&error.without_url()))?;
        let body = body.ok_or_else(|| "the answer of the gateway is too long: use a smaller `--limit`".to_owned())?;
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        if status.is_success() {
            return Ok(value.ok_or_else(|| format!("the server at `{}` is not a gateway", self.base))?);
        }
        let detail = value.as_ref().and_then(|value| value.get("detail")?.as_str());
        let message = self.status_error(status.as_u16(), detail);
        let is_rejected = status == StatusCode::BAD_REQUEST || status == StatusCode::CONFLICT;
        Err(if is_rejected && detail.is_some() {
            AdminClientError::Rejected(message)
        } else {
            AdminClientError::Failed(message)
        })
    }

    fn transport_error(&self, error: &reqwest::Error) -> String {
        let (base, cause) = (&self.base, root_cause(error));
        if error.is_timeout() {
            return format!("the gateway at `{base}` did not answer within {} s", REQUEST_TIMEOUT.as_secs());
        }
        if !error.is_connect() {
            return format!("the gateway at `{base}` did not answer: {cause}");
        }
        let fix = if is_certificate_error(cause) {
            "if its certificate is one of your own, name the authority with `--ca-file FILE`"
        } else if self.has_proxy {
            "see whether the proxy runs and may connect to it, or fix `--proxy`"
        } else {
            "start it with `pointsman serve`, or fix the address"
        };
        format!("no connection to the gateway at `{base}`: {cause}; {fix}")
    }

    fn status_error(&self, status: u16, detail: Option<&str>) -> String {
        match (status, detail) {
            (401 | 403, _) => format!(
                "the gateway at `{}` does not accept the token: name the one that it was started with, by \
                 `--token-file FILE` or `POINTSMAN_ADMIN_TOKEN`; by default it is in `admin.token` of its state directory",
                self.base
            ),
            (_, Some(detail)) => detail.to_owned(),
            (404, None) => format!("the server at `{}` is not a gateway of this version", self.base),
            (_, None) => format!("the gateway at `{}` answered with status {status}", self.base),
        }
    }
}

/// The token in a file.
///
/// # Errors
/// Where it cannot be read, or is empty.
fn read_token(file: &Path) -> Result<Secret, String> {
    let text = fs::read_to_string(file).map_err(|error| {
        let who = "run this as the user of the gateway, or use `--token-file FILE`";
        format!("cannot read the token in `{}`: {error}; {who}", file.display())
    })?;
    match text.trim() {
        "" => Err(format!("`{}` holds no token", file.display())),
        token => Ok(Secret::new(token.to_owned())),
    }
}

/// Whether the certificate of a server was refused. The TLS library's error is wrapped as often as its connection, so its
/// text decides.
fn is_certificate_error(cause: &dyn Error) -> bool {
    cause.to_string().starts_with("invalid peer certificate")
}

fn address(url: &str) -> Result<Url, String> {
    let read = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    read.ok_or_else(|| format!("`{url}` is not an address of a gateway: expected something like http://127.0.0.1:8481"))
}

fn listens(url: &Url) -> bool {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
    let addresses = (host.trim_matches(['[', ']']), port).to_socket_addrs();
    addresses.into_iter().flatten().any(|address| TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).is_ok())
}
