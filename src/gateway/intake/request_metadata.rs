//! What a request says besides its body: the headers that the mappings of its integration read, and the path behind the
//! integration's name. Nothing else of a request is kept, and none of this is ever logged or echoed.

use super::refusal::Refusal;
use crate::channel::request_header::LONGEST_PATH_SUFFIX;
use crate::evaluate::RequestMetadata;
use crate::program::RequestReads;
use crate::text::from_hex;
use axum::http::HeaderMap;

/// What mappings read of a request besides its body; `suffix` is the path behind the integration's name, as it was sent.
///
/// # Errors
/// Where there is such a path and no mapping reads it, or it is no text of the right length.
pub(super) fn read(
    reads: &RequestReads,
    headers: &HeaderMap,
    suffix: Option<&str>,
) -> Result<RequestMetadata, Refusal> {
    let mut request = RequestMetadata::default();
    if let Some(suffix) = suffix {
        if !reads.path_suffix {
            return Err(Refusal::UnreadPathSuffix);
        }
        request.set_path_suffix(decoded(suffix)?);
    }
    for name in &reads.headers {
        let mut values = headers.get_all(&**name).iter().peekable();
        if values.peek().is_some() {
            // A header that is repeated is one list (RFC 9110, 5.3).
            let texts: Option<Vec<&str>> = values.map(|value| str::from_utf8(value.as_bytes()).ok()).collect();
            request.set_header(name, texts.map(|texts| texts.join(", ")));
        }
    }
    Ok(request)
}

/// A path, its percent escapes decoded once.
fn decoded(suffix: &str) -> Result<String, Refusal> {
    const NOT_TEXT: Refusal = Refusal::InvalidPathSuffix("is not UTF-8 in percent encoding");
    let mut bytes = Vec::with_capacity(suffix.len());
    let mut rest = suffix.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'%', first, second, after @ ..] => {
                let digits = [*first, *second];
                let byte = str::from_utf8(&digits).ok().and_then(from_hex).ok_or(NOT_TEXT)?;
                bytes.extend(byte);
                after
            }
            [b'%', ..] => return Err(NOT_TEXT),
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        };
    }
    if bytes.len() > LONGEST_PATH_SUFFIX {
        return Err(Refusal::InvalidPathSuffix("is longer than 256 bytes"));
    }
    String::from_utf8(bytes).map_err(|_| NOT_TEXT)
}

#[cfg(test)]
mod tests {
    use super::{decoded, read};
    use crate::evaluate::{HeaderText, RequestMetadata};
    use crate::gateway::intake::Refusal;
    use crate::program::RequestReads;
    use axum::http::{HeaderMap, HeaderValue};

    #[test]
    fn a_suffix_is_decoded_once() {
        for (sent, text) in
            [("close", "close"), ("a%2Fb/c", "a/b/c"), ("%2541", "%41"), ("%C3%A4", "ä"), ("a+b", "a+b")]
        {
            assert_eq!(decoded(sent).unwrap(), text);
        }
        for sent in ["%", "%4", "%zz", "%+1", "%ff", &"a".repeat(257), &"%61".repeat(257)] {
            assert!(matches!(decoded(sent), Err(Refusal::InvalidPathSuffix(_))), "{sent}");
        }
        assert_eq!(decoded(&"%61".repeat(256)).unwrap(), "a".repeat(256));
    }

    #[test]
    fn only_what_mappings_name_is_kept() {
        let reads = RequestReads {
            headers: ["ce-type", "x-list", "x-long", "x-odd"].map(Box::from).into(),
            path_suffix: false,
        };
        let mut headers = HeaderMap::new();
        headers.insert("ce-type", HeaderValue::from_static("alert"));
        headers.insert("authorization", HeaderValue::from_static("Bearer secret"));
        headers.append("x-list", HeaderValue::from_static("a"));
        headers.append("x-list", HeaderValue::from_static("b"));
        headers.insert("x-long", HeaderValue::from_str(&"l".repeat(1_025)).unwrap());
        headers.insert("x-odd", HeaderValue::from_bytes(b"\xff").unwrap());
        let request = read(&reads, &headers, None).unwrap();
        let text = |text: &str| HeaderText::Text(text.to_owned());
        let (alert, list) = (text("alert"), text("a, b"));
        let unreadable = HeaderText::Unreadable;
        let kept: Vec<(&str, &HeaderText)> = request.headers().collect();
        assert_eq!(kept, [("ce-type", &alert), ("x-list", &list), ("x-long", &unreadable), ("x-odd", &unreadable)]);
        assert_eq!(read(&reads, &headers, Some("close")), Err(Refusal::UnreadPathSuffix));
        let mut with_suffix = RequestMetadata::default();
        with_suffix.set_path_suffix("close".to_owned());
        let reads = RequestReads { path_suffix: true, ..RequestReads::default() };
        assert_eq!(read(&reads, &headers, Some("close")), Ok(with_suffix));
    }
}
