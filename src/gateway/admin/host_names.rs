//! The names by which the open part of the admin listener may be asked for.
//!
//! A web page can let its own name lead to an address of the local network, and then reads what a browser gets there. So a
//! name that anybody can register is not one of ours, unless the operator says so.

use axum::extract::Request;
use axum::http::header;

/// The ends of names that nobody can register.
const LOCAL_ENDS: [&str; 7] = [".localhost", ".local", ".internal", ".svc", ".lan", ".home.arpa", ".test"];

/// Whether a request names a host that is ours: an address, a name of the local network, or one of `more`.
pub(super) fn is_own(request: &Request, more: &[String]) -> bool {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // A target that is a whole URL has a host of its own.
    let target = request.uri().authority().map(axum::http::uri::Authority::as_str);
    // HTTP/1.0 has no `Host`, and no browser speaks it.
    [header, target].into_iter().flatten().all(|host| is_own_name(host, more))
}

fn is_own_name(host: &str, more: &[String]) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name).trim_end_matches('.').to_ascii_lowercase();
    name.parse::<std::net::Ipv4Addr>().is_ok()
        || !name.contains('.')
        || LOCAL_ENDS.iter().any(|end| name.ends_with(end))
        || more.iter().any(|own| own.trim_end_matches('.').eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use super::is_own_name;

    #[test]
    fn names_that_can_be_registered_are_refused_unless_they_are_given() {
        let more = ["metrics.example.com".to_owned()];
        let own = [
            "127.0.0.1:8481",
            "[::1]:8481",
            "localhost:1",
            "pointsman",
            "p.monitoring.svc:8481",
            "METRICS.example.com",
        ];
        for host in own {
            assert!(is_own_name(host, &more), "{host}");
        }
        for host in ["example.com", "a.example.com:8481", "127.0.0.1.example.com", "evil.svc.example", "1.2.3.4.5"] {
            assert!(!is_own_name(host, &more), "{host}");
        }
    }
}
