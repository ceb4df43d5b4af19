//! Reading bodies within limits: bytes of each and of all together, time, and what gzip unpacks to.

use super::Refusal;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The memory that all bodies together may take.
#[derive(Clone)]
pub(super) struct BodyBudget {
    bytes: Arc<Semaphore>,
}

/// The share of a body; given back when dropped.
pub(super) struct BodyReservation {
    budget: BodyBudget,
    permits: Option<OwnedSemaphorePermit>,
    held: usize,
    used: usize,
}

/// A whole body, and the memory that it takes.
pub(super) struct ReceivedBody {
    /// The bytes as they were sent.
    pub(super) bytes: Vec<u8>,
    /// Their share of the budget.
    pub(super) reservation: BodyReservation,
}

/// Memory is reserved in steps, so that small bodies reserve it once.
const RESERVATION_STEP: usize = 16 << 10;

impl BodyBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))) }
    }

    fn reserve(&self) -> BodyReservation {
        BodyReservation { budget: self.clone(), permits: None, held: 0, used: 0 }
    }
}

impl BodyReservation {
    fn grow(&mut self, by: usize) -> Result<(), Refusal> {
        self.used += by;
        if self.used <= self.held {
            return Ok(());
        }
        let more = (self.used - self.held).next_multiple_of(RESERVATION_STEP);
        let permits = u32::try_from(more).map_err(|_| Refusal::BodyBudgetExhausted)?;
        let permits =
            Arc::clone(&self.budget.bytes).try_acquire_many_owned(permits).map_err(|_| Refusal::BodyBudgetExhausted)?;
        match &mut self.permits {
            Some(held) => held.merge(permits),
            none => *none = Some(permits),
        }
        self.held += more;
        Ok(())
    }
}

/// Reads a whole body as it was sent, of at most `max_size` bytes, within `patience`.
///
/// # Errors
/// A body that is too large, late or broken, or a budget that is used up.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    max_size: usize,
    patience: Duration,
    budget: &BodyBudget,
) -> Result<ReceivedBody, Refusal> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| usize::try_from(declared).map_or(true, |declared| declared > max_size)) {
        return Err(Refusal::BodyTooLarge { limit: max_size });
    }
    let reading = tokio::time::timeout(patience, collect(body, max_size, budget.reserve()));
    reading.await.unwrap_or(Err(Refusal::BodyTimeout))
}

async fn collect(mut body: Body, max_size: usize, mut reservation: BodyReservation) -> Result<ReceivedBody, Refusal> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BrokenBody)?;
        let Ok(chunk): Result<Bytes, _> = frame.into_data() else { continue };
        if chunk.len() > max_size - bytes.len() {
            return Err(Refusal::BodyTooLarge { limit: max_size });
        }
        reservation.grow(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(ReceivedBody { bytes, reservation })
}

/// Unpacks a body as its `Content-Encoding` says.
///
/// # Errors
/// An encoding other than gzip, a body that is not gzip, or one that unpacks to more than `max_size` bytes.
pub(super) fn unpack(
    headers: &HeaderMap,
    body: Vec<u8>,
    max_size: usize,
    reservation: &mut BodyReservation,
) -> Result<Vec<u8>, Refusal> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let encoding = encodings.next().map_or(b"".as_slice(), |value| value.as_bytes().trim_ascii());
    let other = encodings.next().is_some();
    if !other && (encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity")) {
        return Ok(body);
    }
    if other || !(encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")) {
        return Err(Refusal::UnknownEncoding);
    }
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(body.as_slice());
    let mut chunk = [0; 8 << 10];
    loop {
        let count = reader.read(&mut chunk).map_err(|_| Refusal::NotGzip)?;
        if count == 0 {
            return Ok(unpacked);
        }
        if count > max_size - unpacked.len() {
            return Err(Refusal::BodyTooLarge { limit: max_size });
        }
        reservation.grow(count)?;
        unpacked.extend_from_slice(chunk.get(..count).unwrap_or_default());
    }
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFormat {
    /// JSON, or what is read as JSON: many senders say `text/plain`, or nothing.
    Json,
    /// A form.
    UrlEncoded,
}

/// What the `Content-Type` says that a body is.
///
/// # Errors
/// A type that is not read here.
pub(super) fn body_format(headers: &HeaderMap) -> Result<BodyFormat, Refusal> {
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
    Err(Refusal::UnknownContentType)
}
