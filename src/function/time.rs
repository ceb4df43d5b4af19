//! `time`: times from strings and numbers.

use super::argument::text;
use super::{ArgumentKind, Function, PLAIN, optional, parameter};
use crate::json::{Arena, Number};
use crate::time::{Timestamp, Zone};
use crate::value::{RuntimeValue, ValueType};

/// The name of the function.
pub(crate) const NAME: &str = "time";

pub(super) static TIME: Function = Function {
    name: NAME,
    parameters: &[
        parameter("value", ArgumentKind::Any),
        optional("zone", ArgumentKind::Zone),
        optional("form", ArgumentKind::TimeForm),
    ],
    result: ValueType::TIME,
    may_be_missing: true,
    documentation: "The time that a string or a number names: RFC 3339, also with a blank for the `T` or an offset without \
                    colon, or seconds, milliseconds, microseconds or nanoseconds since 1970. A time without an offset is \
                    one of the zone, and missing without a zone. `0001-01-01…` and 0, which mean that no time was set, \
                    are missing, as is every other value. With a form, the value is read by the directives of \
                    `strptime`, and in no other way.",
    examples: &[
        (r#"string(time("2026-03-07T02:00:00+0800"))"#, r#""2026-03-06T18:00:00Z""#),
        (r#"string(time("2026-03-07 02:00:00", "Asia/Shanghai"))"#, r#""2026-03-06T18:00:00Z""#),
        (
            r#"string(time("07 Mar 2026 02:00:00 PM", "Asia/Shanghai", "%d %b %Y %I:%M:%S %p"))"#,
            r#""2026-03-07T06:00:00Z""#,
        ),
        ("string(time(1614000000123))", r#""2021-02-22T13:20:00.123Z""#),
        ("time(0)", "missing"),
    ],
    call: time,
    ..PLAIN
};

/// What `time` makes of a text, with the zone and the form of its other arguments.
pub(crate) fn read_time(text: &str, zone: Option<&Zone>, form: Option<&str>) -> Option<Timestamp> {
    match (zone, form) {
        (Some(zone), Some(form)) => Timestamp::read_form(text, zone, form),
        (Some(zone), None) => Timestamp::read_in(text, zone),
        (None, _) => Timestamp::read(text),
    }
}

fn time<'a>(arguments: &[RuntimeValue<'a>], _: &'a Arena) -> RuntimeValue<'a> {
    // `check` knows the zone. Only a call without a check can name another.
    let zone = match text(arguments, 1).map(Zone::new) {
        Some(Err(_)) => return RuntimeValue::Missing,
        Some(Ok(zone)) => Some(zone),
        None => None,
    };
    let form = text(arguments, 2);
    let instant = match arguments.first() {
        Some(RuntimeValue::Time(instant)) => Some(*instant),
        Some(RuntimeValue::Number(number)) if form.is_some() => read_time(&number.to_string(), zone.as_ref(), form),
        Some(RuntimeValue::Number(Number::Natural(number))) => Timestamp::from_whole_epoch(*number),
        Some(RuntimeValue::Number(number)) => Timestamp::from_epoch(number.float()),
        _ => text(arguments, 0).and_then(|text| read_time(text, zone.as_ref(), form)),
    };
    instant.map_or(RuntimeValue::Missing, RuntimeValue::Time)
}
