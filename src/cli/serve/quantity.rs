//! Durations, sizes and addresses as people write them: `90s`, `7d`, `8GiB`, `0.0.0.0:8480`.

use serde::de::{Deserialize, Deserializer, Error as _};
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

/// A duration above zero, such as `250ms`, `10s`, `24h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HumanDuration(pub(super) Duration);

/// A size, such as `512MiB`, `8GiB`, `1000000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteSize(pub(super) u64);

/// The address of a listener, such as `0.0.0.0:8480` or `[::1]:8480`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListenAddress(pub(super) SocketAddr);

const MILLISECONDS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZES: &[(&str, u64)] =
    &[("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// A whole number and its unit, in the smallest unit.
fn parse_quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let (_, size) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*size)
}

impl FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let milliseconds = parse_quantity(text, MILLISECONDS).filter(|milliseconds| *milliseconds > 0);
        milliseconds
            .map(|milliseconds| Self(Duration::from_millis(milliseconds)))
            .ok_or_else(|| "expected a duration such as 250ms, 10s, 5m, 24h or 7d".to_owned())
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = parse_quantity(text, SIZES);
        bytes.map(Self).ok_or_else(|| "expected a size such as 512MiB, 8GiB or 1000000".to_owned())
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "expected an address and a port, such as 0.0.0.0:8480".to_owned())
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Deserializes a value from its spelling in a string.
pub(super) fn spelled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::{ByteSize, HumanDuration, ListenAddress};
    use std::time::Duration;

    #[test]
    fn quantities_have_units_and_bounds() {
        assert_eq!("7d".parse(), Ok(HumanDuration(Duration::from_hours(168))));
        assert_eq!("250ms".parse(), Ok(HumanDuration(Duration::from_millis(250))));
        assert_eq!("8GiB".parse(), Ok(ByteSize(8 << 30)));
        assert_eq!("12 KiB".parse(), Ok(ByteSize(12 << 10)));
        for wrong in ["", "10", "s", "-1s", "1.5h", "0s", "10 weeks", "99999999999999999999s", "９s"] {
            assert!(wrong.parse::<HumanDuration>().is_err(), "{wrong}");
        }
        for wrong in ["", "GiB", "8GB", "8gib", "99999999TiB"] {
            assert!(wrong.parse::<ByteSize>().is_err(), "{wrong}");
        }
        assert_eq!("[::1]:8480".parse(), Ok(ListenAddress(([0, 0, 0, 0, 0, 0, 0, 1], 8480).into())));
        for wrong in ["", ":8480", "localhost:8480", "0.0.0.0", "8480"] {
            assert!(wrong.parse::<ListenAddress>().is_err(), "{wrong}");
        }
    }
}
