//! The headers that rules may set.

use super::parameter::ParameterError;
use super::settings::{Secret, Setting, Settings};

/// The most headers of a request.
const MAX_HEADERS: usize = 32;

/// Headers that belong to the connection; `proxy-…` do as well.
const CONNECTION: &str = "connection content-length expect host keep-alive te trailer transfer-encoding upgrade";

/// Headers that the gateway sets itself, or whose meaning it promises.
const GATEWAY: &str =
    "content-encoding idempotency-key pointsman-hops pointsman-replay webhook-id webhook-signature webhook-timestamp";

/// Says through how many deliveries of gateways a request came, so that a loop of gateways ends.
pub const HOPS_HEADER: &str = "pointsman-hops";

fn is_listed(list: &str, name: &str) -> bool {
    list.split(' ').any(|listed| listed.eq_ignore_ascii_case(name))
}

/// Whether a header belongs to the connection, so that no request of a channel may carry it.
#[must_use]
pub fn is_connection_header(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("proxy-") || is_listed(CONNECTION, name)
}

/// Whether the value of a header is meant to be secret, even where the rules write it.
#[must_use]
pub fn is_credential_header(name: &str) -> bool {
    is_listed("authorization cookie", name)
}

/// The check of `headers`.
pub(super) fn check_headers(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let Setting::Headers(headers) = value else { return Vec::new() };
    let mut errors = Vec::new();
    if headers.len() > MAX_HEADERS {
        let message = format!("there are {} headers", headers.len());
        errors.push(ParameterError { message, help: "a request takes at most 32" });
    }
    for (position, (name, value)) in headers.iter().enumerate() {
        errors.extend(name_error(name, headers.get(..position).unwrap_or_default()));
        if value.expose().bytes().any(|byte| byte.is_ascii_control()) {
            errors.push(ParameterError {
                message: format!("the value of the header `{}` holds a control character", name.escape_debug()),
                help: "a value is one line; check that the secret has no line break",
            });
        }
    }
    errors
}

fn name_error(name: &str, before: &[(String, Secret)]) -> Option<ParameterError> {
    let error = |message, help| Some(ParameterError { message, help });
    if !is_header_name(name) {
        let message = format!("`{}` is not the name of a header", name.escape_debug());
        return error(message, "a name holds letters, digits and `-`, as `X-Scope-OrgID`");
    }
    if is_connection_header(name) || is_listed(GATEWAY, name) {
        let message = format!("the header `{name}` cannot be set");
        return error(message, "leave it out: it belongs to the connection or to the gateway");
    }
    let is_repeated = before.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    is_repeated
        .then_some(ParameterError { message: format!("the header `{name}` is given twice"), help: "give it once" })
}

/// The check of a parameter that holds the name of a header.
pub(super) fn check_name(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let wrong = value.text().filter(|name| !is_header_name(name));
    ParameterError::list(wrong.map(|_| "it is not the name of a header"), "write a name as `X-Signature`")
}

/// Whether a text is a token (RFC 9110, 5.6.2).
pub(super) fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}
