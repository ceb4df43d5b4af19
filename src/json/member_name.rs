//! The name of a member or a label, with a fast comparison.

use std::fmt;

/// Names of at most this many bytes are equal if their ends and their lengths are.
const MAX_EXACT_BYTES: usize = 8;

/// A name, and its first and last bytes as one number. Different names seldom have the same number, so most comparisons do
/// not read the text.
#[derive(Clone, Copy, Default)]
pub struct MemberName<'a> {
    text: &'a str,
    ends: u64,
}

impl<'a> MemberName<'a> {
    /// A name with this text.
    #[inline]
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, ends: ends(text) }
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.text
    }

    /// A hash of the name's ends and length. A sender can choose names that have the same hash.
    #[inline]
    #[must_use]
    pub fn fingerprint(self) -> u64 {
        (self.ends ^ self.text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl PartialEq for MemberName<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends
            && self.text.len() == other.text.len()
            && (self.text.len() <= MAX_EXACT_BYTES || self.text == other.text)
    }
}

impl Eq for MemberName<'_> {}

impl fmt::Debug for MemberName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// A name that owns its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedMemberName {
    text: Box<str>,
    ends: u64,
}

impl OwnedMemberName {
    /// A name with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), ends: ends(text) }
    }

    /// The name, borrowed.
    #[inline]
    #[must_use]
    pub fn name(&self) -> MemberName<'_> {
        MemberName { text: &self.text, ends: self.ends }
    }
}

/// The first and the last bytes of a name as one number. It holds every byte of a name of at most [`MAX_EXACT_BYTES`].
#[inline]
fn ends(text: &str) -> u64 {
    let bytes = text.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk())
        && bytes.len() > MAX_EXACT_BYTES
    {
        return u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    bytes.iter().fold(0, |ends, byte| ends << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::MemberName;

    #[test]
    fn names_are_equal_as_their_texts_are() {
        let texts = ["", "a", "ab", "abc", "abcd", "abcde", "abcdefgh", "abcdefghi", "app.kubernetes.io/name", "é"];
        for left in texts {
            for right in texts {
                assert_eq!(MemberName::new(left) == MemberName::new(right), left == right, "{left} {right}");
            }
        }
        // Names with the same ends and length are still different.
        let (left, right) = (MemberName::new("12345678-a-12345678"), MemberName::new("12345678-b-12345678"));
        assert!(left.fingerprint() == right.fingerprint() && left != right);
        assert_ne!(MemberName::new("abcabc"), MemberName::new("abcdabc"));
    }
}
