//! Checks of addresses and of file names in parameters. Secrets are known by then; no message shows one.

use super::parameter::ParameterError;
use super::settings::{Setting, Settings};
use super::state_file::is_state_file;
use url::Url;

/// The check of a URL that requests go to.
pub(super) fn check_url(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let help = "write the whole address, as `https://hooks.example.com/alerts`";
    ParameterError::list(value.text().and_then(url_problem), help)
}

/// The check of a URL without path and query.
pub(super) fn check_host(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let help = "write the scheme and the host alone, as `https://api.flashcat.cloud`";
    let problem = value.text().and_then(|text| url_problem(text).or_else(|| more_than_host(text)));
    ParameterError::list(problem, help)
}

/// Whether an address begins with a scheme and a whole host, so that what is added to it belongs to the path or the query.
#[must_use]
pub fn names_host(beginning: &str) -> bool {
    let Some((scheme, rest)) = beginning.split_once("://") else { return false };
    let Some(end) = rest.find(['/', '?']) else { return false };
    // Parsers of addresses skip controls, read `\` as `/`, and skip further slashes before the host.
    let is_plain = !beginning.contains(|letter: char| letter.is_control() || letter == '\\');
    is_plain && end > 0 && scheme.trim_start().starts_with("http") && url_problem(beginning).is_none()
}

fn url_problem(text: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(text) else { return Some("it is not a URL") };
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) if !host.is_empty() => None,
        ("http" | "https", _) => Some("the URL names no host"),
        _ => Some("it is not an `http` or `https` URL"),
    }
}

fn more_than_host(text: &str) -> Option<&'static str> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    (!is_bare).then_some("there is more than a host in it")
}

/// The check of a file below the state directory.
pub(super) fn check_state_path(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let Some(path) = value.text() else { return Vec::new() };
    let (message, help) = if leaves_directory(path) {
        ("it leads out of the state directory", "write a path below the gateway's state directory, as `events.ndjson`")
    } else if is_state_file(path) {
        (
            "the gateway keeps something of its own in that file",
            "choose another name, as `events.ndjson`, or a folder, as `events/journal.db`",
        )
    } else {
        return Vec::new();
    };
    vec![ParameterError { message: message.to_owned(), help }]
}

/// A file's path that is absolute or climbs.
fn leaves_directory(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']);
    path.is_empty() || path.starts_with(['/', '\\']) || path.contains('\0') || parts.any(|part| part == "..")
}
