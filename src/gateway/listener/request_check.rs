//! Requests that two HTTP parsers might read differently: they are refused before any handler sees them.
//!
//! The HTTP library refuses most of them. It accepts several or wrong `Host` headers, and codings of a transfer besides
//! `chunked`, which it does not decode.

use crate::gateway::problem::Problem;
use axum::http::header::{HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Request, StatusCode, Version};
use std::net::Ipv6Addr;

/// Why a request is refused, if it is.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let problem = |detail: &'static str| Err(Problem::new(StatusCode::BAD_REQUEST, detail).close());
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return problem("the request has more than one `Host` header"),
        (Some(host), None) if !is_host(host.as_bytes()) => {
            return problem("the `Host` header is not a host and a port");
        }
        (None, None) if request.version() == Version::HTTP_11 => return problem("the request has no `Host` header"),
        (Some(_) | None, None) => {}
    }
    if !is_chunked_alone(request.headers()) {
        return problem("the only `Transfer-Encoding` that is read is `chunked`");
    }
    Ok(())
}

/// Whether the body is sent in chunks and not coded otherwise, or not in chunks at all.
fn is_chunked_alone(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    is_chunked && codings.next().is_none()
}

/// Whether a text is a name, or an address of version 4 or in brackets of version 6, with or without a port.
fn is_host(written: &[u8]) -> bool {
    let Ok(written) = str::from_utf8(written) else { return false };
    let (is_name, port) = if let Some(rest) = written.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        (address.parse::<Ipv6Addr>().is_ok(), port)
    } else {
        let (name, port) = written.split_at(written.find(':').unwrap_or(written.len()));
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (!name.is_empty() && name.bytes().all(is_part), port)
    };
    // A colon without a port is the default port.
    let digits = port.strip_prefix(':').unwrap_or(port);
    let is_port =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.is_empty() || digits.parse::<u16>().is_ok());
    is_name && is_port && (digits.is_empty() || port.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn hosts_are_names_and_addresses_with_and_without_ports() {
        for host in ["a.example", "a_b:8480", "127.0.0.1:1", "[::1]", "[::1]:8481", "a:"] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in ["", ":80", "a b", "a,b", "a/b", "a@b", "a:b", "a:1:2", "a:65536", "[::1", "[x]", "[::1]80", "::1"]
        {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
