//! Paths as URIs and back.

use lsp_types::Uri;
use serde_json::Value;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};
use std::str::FromStr as _;

/// The path of a URI, without `.` and `..`. None if it names no file of this machine.
pub(super) fn to_path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    if !matches!(authority, "" | "localhost") {
        return None;
    }
    let bytes = decoded(path.as_bytes());
    if bytes.contains(&0) {
        return None;
    }
    Some(without_dots(Path::new(&OsString::from_vec(bytes))))
}

/// The URI of an absolute path.
pub(super) fn from_path(path: &Path) -> Option<Uri> {
    let mut text = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    Uri::from_str(&text).ok()
}

/// A path without `.` and `..`.
pub(super) fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = plain.pop(),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(component),
        }
    }
    plain
}

/// Encodes what is not allowed in the URIs of a message: some editors send brackets, blanks and other characters as they are.
pub(super) fn repair(message: &mut Value) {
    match message {
        Value::Array(items) => {
            for item in items {
                repair(item);
            }
        }
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                repair(value);
                if let Value::String(text) = value
                    && is_uri_name(name)
                    && Uri::from_str(text).is_err()
                {
                    *text = encoded(text);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_uri_name(name: &str) -> bool {
    matches!(name, "uri" | "targetUri" | "rootUri" | "oldUri" | "newUri" | "scopeUri")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:%".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The bytes of a text with `%41` in the place of `A`. A sign that no two digits follow stays.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{from_path, repair, to_path};
    use lsp_types::Uri;
    use std::path::Path;
    use std::str::FromStr as _;

    fn path(uri: &str) -> Option<String> {
        to_path(&Uri::from_str(uri).unwrap()).map(|path| path.display().to_string())
    }

    #[test]
    fn paths_are_read() {
        assert_eq!(path("file:///a/b%20c.rules").unwrap(), "/a/b c.rules");
        assert_eq!(path("file://localhost/a/./b/../c.rules?x#y").unwrap(), "/a/c.rules");
        for other in ["untitled:Untitled-1", "file://host/a", "file:a", "file:///a%00b"] {
            assert_eq!(path(other), None, "{other}");
        }
    }

    #[test]
    fn every_path_comes_back() {
        for name in ["/a/b c.rules", "/ü/值 [1]/100%.rules", "/a#b?c"] {
            let uri = from_path(Path::new(name)).unwrap();
            assert_eq!(to_path(&uri).unwrap(), Path::new(name), "{}", uri.as_str());
        }
    }

    #[test]
    fn uris_of_careless_clients_are_encoded() {
        let mut message = serde_json::json!({"textDocument": {"uri": "file:///a [1]/ü.rules"}, "text": "a [1]"});
        repair(&mut message);
        let uri = message["textDocument"]["uri"].as_str().unwrap();
        assert_eq!(path(uri).unwrap(), "/a [1]/ü.rules");
        assert_eq!(message["text"], "a [1]");
    }
}
