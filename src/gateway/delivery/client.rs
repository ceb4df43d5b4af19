//! Requests over HTTP: one client with its own connections for each channel.
//!
//! A name is resolved once, and every address is checked before a connection is made. Redirects are never followed, no
//! proxy is taken from the environment, an answer is read up to [`MAX_BYTES`], and no error shows the URL. A proxy that is
//! configured resolves names itself; what they resolve to here is checked before.

#![expect(clippy::disallowed_methods, reason = "certificates come from files of the system and of the operator")]

use super::OutboundConfig;
use super::address_policy::{AddressPolicy, BlockedAddress};
use super::name_lookup::{AllNameLookups, NameLookup};
use crate::channel::{HttpRequest, is_connection_header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, Proxy, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Bytes of an answer's body that are read.
const MAX_BYTES: usize = 64 << 10;
/// How long a connection may take, within the time of an attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a name may take to resolve where only its addresses are checked.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an attempt through a proxy waits for it: the proxy resolves names that are unknown here.
const PROXIED_RESOLVE_TIMEOUT: Duration = Duration::from_millis(500);
/// Connections that are kept open for the next request.
const MAX_IDLE: usize = 32;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestFailure {
    /// Another attempt may succeed.
    Transient(String),
    /// The address policy refuses the receiver's address.
    Blocked(String),
    /// No retry can help: something has to be changed first.
    Permanent(String),
}

/// An answer, its body cut.
#[derive(Debug)]
pub(super) struct TruncatedResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What all clients share.
#[derive(Debug)]
pub(super) struct ClientFactory {
    tls: ClientConfig,
    policy: Arc<AddressPolicy>,
    lookups: AllNameLookups,
    proxy: Option<Url>,
    headers: HeaderMap,
}

/// The address of a proxy.
///
/// # Errors
/// In words, without the address, which may hold a password.
pub(in crate::gateway) fn parse_proxy(address: &str) -> Result<Url, String> {
    let url = Url::parse(address).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| "the proxy's address is not a URL; expected `http://host:port`".to_owned())
}

/// Headers besides those of a channel.
///
/// # Errors
/// In words, for the first one that cannot be a header, or belongs to the connection.
pub(super) fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let read = HeaderName::try_from(name).ok().filter(|name| !is_connection_header(name.as_str()));
        let name = read.ok_or_else(|| format!("`{name}` is not a header that can be added"))?;
        let value = HeaderValue::try_from(value);
        let value =
            value.map_err(|_| format!("the value of the header `{name}` has characters that cannot be sent"))?;
        map.append(name, value);
    }
    Ok(map)
}

impl ClientFactory {
    /// Reads certificates and the configuration.
    ///
    /// # Errors
    /// In words, where the configuration cannot be used.
    pub(super) fn new(options: &OutboundConfig) -> Result<Self, String> {
        let proxy = options.proxy.as_deref().map(parse_proxy);
        let mut policy = AddressPolicy::read(&options.allow);
        policy.allow_all = options.allow_private;
        Ok(Self {
            tls: tls_config(options.ca_file.as_deref())?,
            policy: Arc::new(policy),
            lookups: AllNameLookups::new(),
            proxy: proxy.transpose()?,
            headers: header_map(&options.headers)?,
        })
    }

    /// A client with connections of its own.
    ///
    /// # Errors
    /// In words, where it cannot be made.
    pub(super) fn client(&self) -> Result<ChannelClient, String> {
        let proxy_host = self.proxy.as_ref().and_then(|proxy| proxy.host_str().map(str::to_owned));
        let (policy, lookup) = (Arc::clone(&self.policy), self.lookups.of_channel());
        let resolver = FilteringResolver { policy: Arc::clone(&policy), lookup: lookup.clone(), proxy_host };
        let mut builder = ClientBuilder::new()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::new(resolver))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .default_headers(self.headers.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(MAX_IDLE)
            .user_agent(concat!("pointsman/", env!("CARGO_PKG_VERSION")));
        builder = match &self.proxy {
            None => builder.no_proxy(),
            Some(proxy) => {
                builder.proxy(Proxy::all(proxy.clone()).map_err(|error| describe_error(&error.without_url()))?)
            }
        };
        let client = builder.build().map_err(|error| describe_error(&error.without_url()))?;
        Ok(ChannelClient { client, policy, lookup, has_proxy: self.proxy.is_some() })
    }
}

/// The system's certificates, and those of the operator's file.
pub(in crate::gateway) fn tls_config(ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    // Where files of the system cannot be read, only requests fail whose certificates they hold.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = ca_file {
        let wrong = |what: String| format!("the certificates in `{}` cannot be used: {what}", file.display());
        let text = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certificates = certificates.map_err(|error| wrong(error.to_string()))?;
        if roots.add_parsable_certificates(certificates).0 == 0 {
            return Err(wrong("it holds no certificate in PEM".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Resolves names, and drops addresses that may not be reached.
struct FilteringResolver {
    policy: Arc<AddressPolicy>,
    lookup: NameLookup,
    proxy_host: Option<String>,
}

impl Resolve for FilteringResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, lookup) = (Arc::clone(&self.policy), self.lookup.clone());
        let free = allowed.allows_host(name.as_str()) || self.proxy_host.as_deref() == Some(name.as_str());
        Box::pin(async move {
            let addresses = lookup.addresses(name.as_str()).await?;
            if !free {
                addresses.iter().try_for_each(|address| allowed.check_address(address.ip()))?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Sends requests.
#[derive(Debug, Clone)]
pub(super) struct ChannelClient {
    client: Client,
    policy: Arc<AddressPolicy>,
    lookup: NameLookup,
    has_proxy: bool,
}

impl ChannelClient {
    /// Sends a request and reads the answer, within that time altogether.
    ///
    /// # Errors
    /// Why there is none; without the URL and without any header's value.
    pub(super) async fn send(
        &self,
        request: &HttpRequest,
        timeout: Duration,
    ) -> Result<TruncatedResponse, RequestFailure> {
        let request = self.prepare(request)?;
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(RequestFailure::Transient(format!("no answer within {} s", timeout.as_secs_f32()))),
        }
    }

    /// Checks the address to which a request would go. A name that cannot be resolved now is let through.
    ///
    /// # Errors
    /// The address may not be reached.
    pub(super) async fn check_address(&self, request: &HttpRequest) -> Result<(), BlockedAddress> {
        let Ok(url) = Url::parse(request.url.expose()) else { return Ok(()) };
        check_literal(&self.policy, &url)?;
        self.check_name(&url, RESOLVE_TIMEOUT).await
    }

    /// Resolves the name of a URL, and checks its addresses.
    async fn check_name(&self, url: &Url, patience: Duration) -> Result<(), BlockedAddress> {
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        if self.policy.allows_host(name) {
            return Ok(());
        }
        let addresses = tokio::time::timeout(patience, self.lookup.addresses(name)).await;
        let addresses = addresses.ok().and_then(Result::ok).unwrap_or_default();
        addresses.iter().try_for_each(|address| self.policy.check_address(address.ip()))
    }

    fn prepare(&self, request: &HttpRequest) -> Result<reqwest::Request, RequestFailure> {
        let permanent = |message: &str| RequestFailure::Permanent(message.to_owned());
        let url = Url::parse(request.url.expose())
            .map_err(|_| permanent("the address is not a URL; expected one like `https://host/path`"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(permanent("the address begins with neither `http://` nor `https://`"));
        }
        check_literal(&self.policy, &url).map_err(|blocked| RequestFailure::Blocked(blocked.to_string()))?;
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| permanent("the method is none"))?;
        let mut ready = reqwest::Request::new(method, url);
        *ready.headers_mut() = headers(request).map_err(RequestFailure::Permanent)?;
        *ready.body_mut() = Some(request.body.clone().into());
        Ok(ready)
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<TruncatedResponse, RequestFailure> {
        if self.has_proxy {
            // The proxy resolves the name again, so this finds only addresses that are private for both.
            let checked = self.check_name(request.url(), PROXIED_RESOLVE_TIMEOUT).await;
            checked.map_err(|blocked| RequestFailure::Blocked(blocked.to_string()))?;
        }
        let mut response = self.client.execute(request).await.map_err(classify_failure)?;
        let mut body = Vec::new();
        while body.len() < MAX_BYTES {
            let Some(chunk) = response.chunk().await.map_err(classify_failure)? else { break };
            let remaining = MAX_BYTES - body.len();
            body.extend(chunk.iter().take(remaining));
        }
        Ok(TruncatedResponse {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }
}

/// Checks an address that stands in the URL itself.
fn check_literal(policy: &AddressPolicy, url: &Url) -> Result<(), BlockedAddress> {
    match url.host() {
        Some(Host::Ipv4(address)) => policy.check_address(IpAddr::from(address)),
        Some(Host::Ipv6(address)) => policy.check_address(IpAddr::from(address)),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

fn headers(request: &HttpRequest) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        if is_connection_header(name) {
            return Err(format!("the header `{name}` belongs to the connection and cannot be set"));
        }
        let ready = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{}` cannot be the name of a header", name.escape_debug()))?;
        let mut value = HeaderValue::from_bytes(value.expose().as_bytes())
            .map_err(|_| format!("the value of the header `{name}` holds a character that no header may hold"))?;
        value.set_sensitive(true);
        headers.append(ready, value);
    }
    Ok(headers)
}

fn classify_failure(error: reqwest::Error) -> RequestFailure {
    let error = error.without_url();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(blocked) = inner.downcast_ref::<BlockedAddress>() {
            return RequestFailure::Blocked(blocked.to_string());
        }
        cause = inner.source();
    }
    RequestFailure::Transient(describe_error(&error))
}

/// The innermost reason, which says what happened; the outer ones say only where in the client.
pub(in crate::gateway) fn root_cause(error: &reqwest::Error) -> &(dyn Error + 'static) {
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

fn describe_error(error: &reqwest::Error) -> String {
    let innermost = root_cause(error);
    let what = match (error.is_connect(), error.is_timeout()) {
        (_, true) => "it took too long",
        (true, _) => "no connection",
        (false, false) => "the exchange broke off",
    };
    format!("{what}: {innermost}")
}
