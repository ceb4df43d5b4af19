//! Numbers. Integers of 64 bits are exact.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A number, compared by its mathematical value: exact past 2^53, and `1 == 1.0`.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// From -2^63 to -1.
    Negative(i64),
    /// From 0 to 2^64 - 1.
    Natural(u64),
    /// Everything else; finite.
    Float(f64),
}

/// -2^63 and 2^64 as floats: a whole float between them equals one of the integers above.
const LEAST: f64 = -9_223_372_036_854_775_808.0;
const BEYOND: f64 = 18_446_744_073_709_551_616.0;

impl Number {
    /// The number as an integer, if it is whole and from -2^63 to 2^64 - 1. `2`, `2.0` and `2e0` are the same integer.
    #[must_use]
    pub fn integer(self) -> Option<i128> {
        match self {
            Self::Negative(integer) => Some(integer.into()),
            Self::Natural(integer) => Some(integer.into()),
            Self::Float(float) => ((LEAST..BEYOND).contains(&float) && float.fract() == 0.0).then(|| whole(float)),
        }
    }

    /// The nearest float.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is the result")]
    pub fn float(self) -> f64 {
        match self {
            Self::Negative(integer) => integer as f64,
            Self::Natural(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Negative(left), Self::Negative(right)) => left.cmp(&right),
            (Self::Natural(left), Self::Natural(right)) => left.cmp(&right),
            (Self::Negative(_), Self::Natural(_)) => Ordering::Less,
            (Self::Natural(_), Self::Negative(_)) => Ordering::Greater,
            (Self::Float(left), Self::Float(right)) => {
                left.partial_cmp(&right).unwrap_or_else(|| left.total_cmp(&right))
            }
            (Self::Negative(left), Self::Float(right)) => against_float(left.into(), right),
            (Self::Natural(left), Self::Float(right)) => against_float(left.into(), right),
            (Self::Float(left), Self::Negative(right)) => against_float(right.into(), left).reverse(),
            (Self::Float(left), Self::Natural(right)) => against_float(right.into(), left).reverse(),
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.integer() {
            Some(integer) => integer.hash(state),
            None => self.float().to_bits().hash(state),
        }
    }
}

/// Compares an integer of 64 bits with a float, without rounding either.
fn against_float(integer: i128, float: f64) -> Ordering {
    if float.is_nan() || float >= BEYOND {
        return Ordering::Less;
    }
    if float < LEAST {
        return Ordering::Greater;
    }
    let by_whole = integer.cmp(&whole(float));
    by_whole.then_with(|| 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal))
}

/// The float without its fraction.
#[expect(clippy::cast_possible_truncation, reason = "callers give floats between -2^63 and 2^64")]
fn whole(float: f64) -> i128 {
    float.trunc() as i128
}

impl fmt::Display for Number {
    /// The JSON text: integers in full, floats with the fewest digits that read back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Negative(integer) => integer.fmt(f),
            Self::Natural(integer) => integer.fmt(f),
            Self::Float(float) => match serde_json::Number::from_f64(*float) {
                Some(number) => number.fmt(f),
                None => f.write_str("null"),
            },
        }
    }
}

impl FromStr for Number {
    type Err = ();

    /// Reads JSON's number syntax.
    fn from_str(text: &str) -> Result<Self, ()> {
        // Every number of this many digits fits 64 bits.
        const FITTING: usize = 19;
        let is_plain = text.len() <= FITTING && !text.starts_with('0') || text == "0";
        if is_plain && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Natural).map_err(|_| ());
        }
        // `serde_json` accepts blanks around a number, JSON's number syntax does not.
        if text.trim_ascii().len() != text.len() {
            return Err(());
        }
        serde_json::from_str::<serde_json::Number>(text).map(|number| Self::from(&number)).map_err(|_| ())
    }
}

impl From<&serde_json::Number> for Number {
    fn from(number: &serde_json::Number) -> Self {
        if let Some(natural) = number.as_u64() {
            Self::Natural(natural)
        } else if let Some(integer) = number.as_i64() {
            Self::from(integer)
        } else {
            Self::Float(number.as_f64().unwrap_or(f64::MAX))
        }
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        u64::try_from(integer).map_or(Self::Negative(integer), Self::Natural)
    }
}

impl From<u64> for Number {
    fn from(integer: u64) -> Self {
        Self::Natural(integer)
    }
}
