//! Reading bodies within limits: bytes of each and of all together, time, and what gzip unpacks to.

use super::problem::HttpProblem;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The room that all bodies together have.
#[derive(Clone)]
pub(super) struct BodyBudget {
    bytes: Arc<Semaphore>,
}

/// What a body takes of it; given back when dropped.
pub(super) struct BodyReservation {
    budget: BodyBudget,
    permits: Option<OwnedSemaphorePermit>,
    held: usize,
    used: usize,
}

/// Room is taken in steps, so that small bodies take it once.
const RESERVATION_STEP: usize = 16 << 10;

impl BodyBudget {
    /// Room for so many bytes.
    #[must_use]
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))) }
    }

    fn reserve(&self) -> BodyReservation {
        BodyReservation { budget: self.clone(), permits: None, held: 0, used: 0 }
    }
}

impl BodyReservation {
    fn grow(&mut self, by: usize) -> Result<(), HttpProblem> {
        self.used += by;
        if self.used <= self.held {
            return Ok(());
        }
        let more = (self.used - self.held).next_multiple_of(RESERVATION_STEP);
        let full = || HttpProblem {
            close: true,
            ..HttpProblem::unavailable(
                "too many bytes of other pushes are being read",
                Duration::from_secs(1),
            )
        };
        let permits = u32::try_from(more).map_err(|_| full())?;
        let permits = Arc::clone(&self.budget.bytes).try_acquire_many_owned(permits).map_err(|_| full())?;
        match &mut self.permits {
            Some(held) => held.merge(permits),
            none => *none = Some(permits),
        }
        self.held += more;
        Ok(())
    }
}

/// Reads a whole body as it was sent, of at most `most` bytes, within `patience`.
///
/// # Errors
/// 413, 408, 400 where the connection broke, 503 where there is no room.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    patience: Duration,
    room: &BodyBudget,
) -> Result<(Vec<u8>, BodyReservation), HttpProblem> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| usize::try_from(declared).map_or(true, |declared| declared > most)) {
        return Err(too_large(most));
    }
    match tokio::time::timeout(patience, collect(body, most, room.reserve())).await {
        Ok(read) => read,
        Err(_) => Err(HttpProblem {
            close: true,
            ..HttpProblem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
        }),
    }
}

async fn collect(
    mut body: Body,
    most: usize,
    mut taken: BodyReservation,
) -> Result<(Vec<u8>, BodyReservation), HttpProblem> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(HttpProblem::new(
                StatusCode::BAD_REQUEST,
                "the body broke off or is not framed as HTTP has it",
            ));
        };
        let Ok(bytes): Result<Bytes, _> = frame.into_data() else { continue };
        if bytes.len() > most - whole.len() {
            return Err(too_large(most));
        }
        taken.grow(bytes.len())?;
        whole.extend_from_slice(&bytes);
    }
    Ok((whole, taken))
}

/// Unpacks a body as its `Content-Encoding` says.
///
/// # Errors
/// 415 for an encoding other than gzip, 400 where it is none, 413 where it unpacks to more than `most` bytes.
pub(super) fn unpack(
    headers: &HeaderMap,
    body: Vec<u8>,
    most: usize,
    taken: &mut BodyReservation,
) -> Result<Vec<u8>, HttpProblem> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let encoding = encodings.next().map_or(b"".as_slice(), |value| value.as_bytes().trim_ascii());
    let other = encodings.next().is_some();
    if !other && (encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity")) {
        return Ok(body);
    }
    if other || !(encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")) {
        return Err(HttpProblem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is in a `Content-Encoding` that is not known here",
        )
        .help("send it plain, or with `Content-Encoding: gzip`"));
    }
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(body.as_slice());
    let mut chunk = [0; 8 << 10];
    loop {
        let count = reader.read(&mut chunk).map_err(|_| {
            HttpProblem::new(
                StatusCode::BAD_REQUEST,
                "the body is not the gzip that its `Content-Encoding` says",
            )
        })?;
        if count == 0 {
            return Ok(unpacked);
        }
        if count > most - unpacked.len() {
            return Err(too_large(most));
        }
        taken.grow(count)?;
        unpacked.extend_from_slice(chunk.get(..count).unwrap_or_default());
    }
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFormat {
    /// JSON, or what is taken for it: many senders say `text/plain`, or nothing.
    Json,
    /// A form.
    UrlEncoded,
}

/// What the `Content-Type` says that a body is.
///
/// # Errors
/// 415 for a type that is read by nobody here.
pub(super) fn body_format(headers: &HeaderMap) -> Result<BodyFormat, HttpProblem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(BodyFormat::Json) };
    let value = value.to_str().unwrap_or("?");
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let json = ["", "application/json", "text/json", "text/plain", "application/octet-stream"];
    if json.contains(&essence.as_str()) || essence.ends_with("+json") {
        return Ok(BodyFormat::Json);
    }
    if essence == "application/x-www-form-urlencoded" {
        return Ok(BodyFormat::UrlEncoded);
    }
    Err(HttpProblem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the `Content-Type` is not one that is read here",
    )
    .help("send JSON as `application/json`, or a form as `application/x-www-form-urlencoded`"))
}

fn too_large(most: usize) -> HttpProblem {
    let detail = format!("the body has more than the {} KiB that the integration takes", most / 1024);
    HttpProblem { close: true, ..HttpProblem::new(StatusCode::PAYLOAD_TOO_LARGE, detail) }
        .help("send fewer alerts at once, or raise `max_body` of the integration")
}
