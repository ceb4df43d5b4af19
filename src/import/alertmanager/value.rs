//! Durations and times of day, as Alertmanager writes them and as rules do.

/// The seconds of `1h30m`, `500ms`, `1w`; a part of a second counts as one.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(0);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (count, after) = rest.split_at_checked(digits)?;
        let count: u64 = count.parse().ok()?;
        let units = [("ms", 0), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800), ("y", 31_536_000)];
        let (unit, size) = units.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        let part = if size == 0 { count.div_ceil(1000) } else { count.checked_mul(size)? };
        total = total.checked_add(part)?;
        rest = after.strip_prefix(unit)?;
    }
    Some(total).filter(|_| !text.trim().is_empty())
}

/// Seconds as rules write them: `1h30m`.
pub(super) fn duration(seconds: u64) -> String {
    let mut out = String::new();
    let mut rest = seconds;
    for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
        if rest >= size {
            out += &(rest / size).to_string();
            out += unit;
            rest %= size;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// The minutes of `08:30`; `24:00` is the end of the day.
pub(super) fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60 && hours <= 24).then_some(hours * 60 + minutes)
}

/// Minutes as `08:30`.
pub(super) fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
