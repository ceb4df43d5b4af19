//! Reading bodies within limits: bytes of each and of all together, time, and what gzip unpacks to.
//!
//! One integration has at most twice as many bytes as it leaves free, so that the holders of a few keys cannot keep all
//! others waiting: one of them takes two thirds, two of them take four fifths together, and each that comes later has two
//! thirds of the rest. Senders that show no key have a small share of the bytes and of the requests, and each address a small share of that. So
//! they cannot take the room of those who have one.

use super::memory::{ByteReservation, MemoryBudget};
use super::{Refusal, form};
use crate::gateway::config::ListenerLimits;
use crate::gateway::listener::{AddressQuota, QuotaPermit};
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use std::collections::HashMap;
use std::io::Read;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many times as many bytes an integration may have as it leaves free.
const MOST_OF_FREE: usize = 2;
/// The largest body that is read of a sender without a key.
pub(super) const MAX_KEYLESS_BODY: usize = 2 << 20;
/// Which part of the bytes senders without a key may take together.
const KEYLESS_BYTES: usize = 8;
/// Which part of the requests.
const KEYLESS_REQUESTS: usize = 16;
/// Which part of the connections of one address may be such requests at once.
const KEYLESS_OF_ONE: usize = 4;
/// How many bytes one address may take for each of them: 2 MiB for the 16 requests that it may have by default. Behind a
/// proxy all senders have one address, and whoever raises its connections there raises its bytes as well.
const KEYLESS_BYTES_EACH: usize = 128 << 10;

/// The memory that all bodies together may take.
pub(super) struct BodyBudget {
    bytes: MemoryBudget,
    /// What integrations whose keys were shown have of the bytes.
    integrations: Mutex<HashMap<Box<str>, MemoryBudget>>,
    keyless_bytes: Arc<AddressQuota>,
    keyless_requests: Arc<AddressQuota>,
}

/// The share of a body; given back when dropped.
pub(super) struct BodyReservation {
    bytes: ByteReservation,
    used: usize,
    /// What it adds to the bytes of the integration whose key was shown.
    own: Option<ByteReservation>,
    /// The shares of a sender without a key.
    keyless: Option<KeylessShare>,
}

struct KeylessShare {
    bytes: QuotaPermit,
    _request: QuotaPermit,
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
    /// The budget of a listener.
    #[must_use]
    pub(super) fn new(limits: &ListenerLimits) -> Self {
        let part = |whole: usize, part: usize| (whole / part).max(1);
        let keyless_bytes = part(limits.body_bytes, KEYLESS_BYTES).max(MAX_KEYLESS_BODY);
        let requests_of_one = part(limits.connections_of_one, KEYLESS_OF_ONE);
        let bytes_of_one = requests_of_one.saturating_mul(KEYLESS_BYTES_EACH).max(MAX_KEYLESS_BODY);
        Self {
            bytes: MemoryBudget::new(limits.body_bytes),
            integrations: Mutex::default(),
            keyless_bytes: AddressQuota::new(keyless_bytes, bytes_of_one),
            keyless_requests: AddressQuota::new(part(limits.requests, KEYLESS_REQUESTS), requests_of_one),
        }
    }

    /// The share of a body whose sender showed the key of an integration.
    ///
    /// # Errors
    /// Where the budget is used up.
    pub(super) fn with_key(&self, integration: &str) -> Result<BodyReservation, Refusal> {
        let own = self.share(integration).try_reserve(0).ok_or(Refusal::BodyBudgetExhausted)?;
        Ok(BodyReservation { own: Some(own), ..self.nothing()? })
    }

    fn nothing(&self) -> Result<BodyReservation, Refusal> {
        let bytes = self.bytes.try_reserve(0).ok_or(Refusal::BodyBudgetExhausted)?;
        Ok(BodyReservation { bytes, used: 0, own: None, keyless: None })
    }

    /// What one integration has.
    fn share(&self, integration: &str) -> MemoryBudget {
        let mut shares = self.integrations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shares.get(integration) {
            return known.clone();
        }
        let share = MemoryBudget::new(self.bytes.limit());
        shares.insert(integration.into(), share.clone());
        share
    }

    /// The share of a body whose sender showed no key.
    ///
    /// # Errors
    /// Where such senders, or those of this address, have too much already.
    pub(super) fn without_key(&self, address: IpAddr) -> Result<BodyReservation, Refusal> {
        let request = self.keyless_requests.acquire(address, 1).ok_or(Refusal::KeylessBusy)?;
        let bytes = self.keyless_bytes.acquire(address, 0).ok_or(Refusal::KeylessBusy)?;
        Ok(BodyReservation { keyless: Some(KeylessShare { bytes, _request: request }), ..self.nothing()? })
    }
}

impl BodyReservation {
    fn grow(&mut self, by: usize) -> Result<(), Refusal> {
        self.used += by;
        if self.used <= self.bytes.bytes() {
            return Ok(());
        }
        let more = (self.used - self.bytes.bytes()).next_multiple_of(RESERVATION_STEP);
        if self.keyless.as_mut().is_some_and(|keyless| !keyless.bytes.grow(more)) {
            return Err(Refusal::KeylessBusy);
        }
        let grows = self.own.as_mut().is_none_or(|own| own.grow(more)) && self.bytes.grow(more);
        (grows && self.leaves_room()).then_some(()).ok_or(Refusal::BodyBudgetExhausted)
    }

    /// Whether the integration leaves enough free for others.
    fn leaves_room(&self) -> bool {
        let all = self.bytes.budget();
        let free = all.limit().saturating_sub(all.used());
        self.own.as_ref().is_none_or(|own| own.budget().used() <= free.saturating_mul(MOST_OF_FREE))
    }

    /// The sender has shown who it is: its body no longer counts as one without a key.
    pub(super) fn verify(&mut self) {
        self.keyless = None;
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
    reservation: BodyReservation,
) -> Result<ReceivedBody, Refusal> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| usize::try_from(declared).map_or(true, |declared| declared > max_size)) {
        return Err(Refusal::BodyTooLarge { limit: max_size });
    }
    let reading = tokio::time::timeout(patience, collect(body, max_size, reservation));
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

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyCoding {
    /// Not at all.
    Identity,
    /// As gzip.
    Gzip,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFormat {
    /// JSON, or what is read as JSON: many senders say `text/plain`, or nothing.
    Json,
    /// A form.
    UrlEncoded,
}

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BodyType {
    coding: BodyCoding,
    format: BodyFormat,
    is_signed: bool,
}

impl BodyType {
    /// What the headers say that a body is.
    ///
    /// # Errors
    /// A type or a coding that is not read here.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let format = body_format(headers)?;
        Ok(Self { coding: body_coding(headers)?, format, is_signed: false })
    }

    /// The same, where the body is signed. A signature leaves out the headers that say what the body is, and whoever replays
    /// a push could change them. So the bytes decide: neither JSON nor a form begins like gzip, and no form like JSON.
    #[must_use]
    pub(super) fn of_signed(self, bytes: &[u8]) -> Self {
        let coding = if bytes.starts_with(&[0x1f, 0x8b]) { BodyCoding::Gzip } else { self.coding };
        Self { coding, is_signed: true, ..self }
    }

    /// Roughly how many bytes a body has when it is read.
    pub(super) fn size_hint(self, bytes: &[u8]) -> usize {
        match self.coding {
            BodyCoding::Identity => bytes.len(),
            // The last four bytes of gzip say how much it unpacks to, unless they lie.
            BodyCoding::Gzip => {
                bytes.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize).max(bytes.len())
            }
        }
    }

    /// The JSON of a body, unpacked, and what it was.
    ///
    /// # Errors
    /// A body that is not what it is said to be, or unpacks to more than `max_size` bytes.
    pub(super) fn read(self, received: &mut ReceivedBody, max_size: usize) -> Result<(Vec<u8>, BodyFormat), Refusal> {
        let unpacked = match self.coding {
            BodyCoding::Identity => std::mem::take(&mut received.bytes),
            BodyCoding::Gzip => unpack(&received.bytes, max_size, &mut received.reservation)?,
        };
        match self.format {
            BodyFormat::UrlEncoded if !(self.is_signed && begins_like_json(&unpacked)) => {
                Ok((form::to_json(&unpacked)?, BodyFormat::UrlEncoded))
            }
            BodyFormat::UrlEncoded | BodyFormat::Json => Ok((unpacked, BodyFormat::Json)),
        }
    }
}

fn begins_like_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn body_coding(headers: &HeaderMap) -> Result<BodyCoding, Refusal> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let coding = codings.next().map_or(b"".as_slice(), |value| value.as_bytes().trim_ascii());
    let other = codings.next().is_some();
    if !other && (coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")) {
        return Ok(BodyCoding::Identity);
    }
    if other || !(coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")) {
        return Err(Refusal::UnknownEncoding);
    }
    Ok(BodyCoding::Gzip)
}

fn unpack(body: &[u8], max_size: usize, reservation: &mut BodyReservation) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(body);
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

fn body_format(headers: &HeaderMap) -> Result<BodyFormat, Refusal> {
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
