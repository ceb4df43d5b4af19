//! Accepted pushes in the order of their acceptance, page by page, for what plays them again.

use super::{PushOrigin, ReadResult};
use crate::evaluate::RequestMetadata;
use crate::time::Timestamp;

/// The bytes of payloads with which a page of pushes ends.
pub const MAX_PUSH_PAGE_BYTES: usize = 4 << 20;

/// How many pushes a page has at most.
pub const MAX_PUSHES_OF_PAGE: usize = 1_000;

/// Which pushes are read. What is not given does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushFilter {
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Of this integration.
    pub integration: Option<String>,
    /// After this place in the order of acceptance, for the next page.
    pub after: Option<i64>,
}

/// A push, as far as it can be played again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedPush {
    /// The integration.
    pub integration: String,
    /// The protocol.
    pub origin: PushOrigin,
    /// When it was received.
    pub received: Timestamp,
    /// The payload that the mapping read.
    pub payload: Vec<u8>,
    /// What the request said besides, as far as the mappings of then read it.
    pub request: RequestMetadata,
    /// Whether it replayed a push that is kept too.
    pub is_replay: bool,
}

/// A page of pushes, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushPage {
    /// What was found.
    pub pushes: Vec<AcceptedPush>,
    /// The next page is after this place; nothing where there is none.
    pub next: Option<i64>,
    /// How many pushes of the page are damaged and left out.
    pub damaged: u64,
    /// When the oldest push was received that is kept, whatever the filter.
    pub oldest: Option<Timestamp>,
}

/// Accepted pushes.
pub trait PushReader: Send + Sync {
    /// A page of pushes in the order of their acceptance. It ends after [`MAX_PUSHES_OF_PAGE`], and with the push whose payload
    /// reaches [`MAX_PUSH_PAGE_BYTES`].
    ///
    /// # Errors
    /// Where the store failed.
    fn pushes(&self, filter: &PushFilter) -> ReadResult<PushPage>;
}
