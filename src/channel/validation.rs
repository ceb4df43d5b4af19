//! What is wrong with parameters once their secrets are known: what `check` cannot see, as rules only name secrets. No
//! message shows a secret.

use super::settings::{Secret, Settings};
use super::state_file::is_state_file;
use super::{ParameterSpec, response_path, webhook};

/// The most headers of a request.
const MOST_HEADERS: usize = 32;
/// The most keys of an integration: two while one is rotated.
const MOST_KEYS: usize = 2;
/// The fewest characters of an integration's key.
const SHORTEST_KEY: usize = 16;

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterError {
    /// The parameter.
    pub parameter: &'static str,
    /// What is wrong, in words.
    pub message: String,
    /// How to mend it.
    pub help: &'static str,
}

/// What is wrong with the values of a kind's or an integration's parameters.
#[must_use]
pub fn parameter_errors(parameters: &'static [ParameterSpec], settings: &Settings) -> Vec<ParameterError> {
    parameters.iter().flat_map(|parameter| errors_of(parameter.name, settings)).collect()
}

fn errors_of(parameter: &'static str, settings: &Settings) -> Vec<ParameterError> {
    let fault = |message: &str, help| ParameterError { parameter, message: message.to_owned(), help };
    let text = settings.text(parameter);
    match parameter {
        "url" => text.and_then(address).map(|what| fault(what, URL_HELP)).into_iter().collect(),
        "api_host" => text.and_then(host).map(|what| fault(what, HOST_HELP)).into_iter().collect(),
        "headers" => headers(settings.headers(parameter)),
        "keys" if settings.secrets(parameter).len() > MOST_KEYS => {
            vec![fault("there are more than two keys", "leave out the keys that nobody uses any more")]
        }
        "keys" => settings.secrets(parameter).iter().filter_map(key).collect(),
        "signature" => text.map(|scheme| signature(scheme, settings)).unwrap_or_default(),
        "header" if text.is_some_and(|text| !is_header_name(text)) => {
            vec![fault("it is not the name of a header", "write a name as `X-Signature`")]
        }
        "hmac" if text.is_some_and(|text| webhook::signing_key(text).is_none()) => {
            vec![fault("what follows `whsec_` is not Base64", "copy the secret as its page shows it")]
        }
        "success_path" if text.is_some_and(|text| !response_path::is_valid(text)) => {
            vec![fault(
                "it is no singular path",
                "write a path of names and indexes, as `$.data.results[0].code`",
            )]
        }
        "path" if text.is_some_and(leaves_directory) => vec![fault(
            "it leads out of the state directory",
            "write a path below the gateway's state directory, as `events.ndjson`",
        )],
        "path" if text.is_some_and(is_state_file) => vec![fault(
            "the gateway keeps something of its own in that file",
            "choose another name, as `events.ndjson`, or a folder, as `events/journal.db`",
        )],
        _ => Vec::new(),
    }
}

/// What a scheme of signatures needs besides.
fn signature(scheme: &str, settings: &Settings) -> Vec<ParameterError> {
    let fault =
        |message: &str, help| ParameterError { parameter: "signature", message: message.to_owned(), help };
    let mut faults = Vec::new();
    if settings.text("secret").is_none() {
        faults.push(fault("there is no `secret` to verify it with", "add `secret = env(\"…\")`"));
    }
    if scheme == "generic" && settings.text("header").is_none() {
        faults.push(fault("nothing says which header holds it", "add `header = \"X-Signature\"`"));
    }
    faults
}

const URL_HELP: &str = "write the whole address, as `https://hooks.example.com/alerts`";
const HOST_HELP: &str = "write the scheme and the host alone, as `https://api.flashcat.cloud`";

fn address(text: &str) -> Option<&'static str> {
    let Ok(url) = url::Url::parse(text) else { return Some("it is no URL") };
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) if !host.is_empty() => None,
        ("http" | "https", _) => Some("the URL names no host"),
        _ => Some("it is no `http` or `https` URL"),
    }
}

fn host(text: &str) -> Option<&'static str> {
    let wrong = address(text);
    let url = url::Url::parse(text).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    wrong.or((!is_bare).then_some("there is more than a host in it"))
}

/// A file's path that is absolute or climbs.
fn leaves_directory(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']);
    path.is_empty() || path.starts_with(['/', '\\']) || path.contains('\0') || parts.any(|part| part == "..")
}

fn headers(headers: &[(String, Secret)]) -> Vec<ParameterError> {
    let fault = |message, help| ParameterError { parameter: "headers", message, help };
    let mut faults = Vec::new();
    if headers.len() > MOST_HEADERS {
        faults.push(fault(format!("there are {} headers", headers.len()), "a request takes at most 32"));
    }
    for (position, (name, value)) in headers.iter().enumerate() {
        if !is_header_name(name) {
            let help = "a name holds letters, digits and `-`, as `X-Scope-OrgID`";
            faults.push(fault(format!("`{}` is not the name of a header", name.escape_debug()), help));
        } else if is_reserved_header(name) {
            let help = "leave it out: it belongs to the connection or to the gateway";
            faults.push(fault(format!("the header `{name}` cannot be set"), help));
        } else if headers.iter().take(position).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            faults.push(fault(format!("the header `{name}` is given twice"), "give it once"));
        }
        if value.expose().bytes().any(|byte| byte.is_ascii_control()) {
            let help = "a value is one line; see that the secret has no line break";
            faults.push(fault(
                format!("the value of the header `{}` holds a control character", name.escape_debug()),
                help,
            ));
        }
    }
    faults
}

/// A token (RFC 9110, 5.6.2).
fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

/// Headers that concern the connection, the body's length, or what the gateway promises.
fn is_reserved_header(name: &str) -> bool {
    const OURS: [&str; 15] = [
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "idempotency-key",
        "keep-alive",
        "pointsman-replay",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    ];
    let name = name.to_ascii_lowercase();
    name.starts_with("proxy-") || OURS.contains(&&*name)
}

fn key(key: &Secret) -> Option<ParameterError> {
    let text = key.expose();
    let help = "make one with `pointsman keys new`";
    let fault = |message: String| Some(ParameterError { parameter: "keys", message, help });
    if text.chars().count() < SHORTEST_KEY {
        return fault(format!("a key has fewer than {SHORTEST_KEY} characters"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return fault("a key holds a blank or a character that no URL or header holds as it is".to_owned());
    }
    None
}
