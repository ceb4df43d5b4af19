//! Tables, defines, schedules and channels.

use super::{Expression, Identifier, MatchArm, StringLiteral};
use crate::source::Span;

/// `table name(a, b) ignore case { arms }` or `… -> column from "file.csv"`
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: Identifier,
    /// Its parameters.
    pub parameters: Vec<Identifier>,
    /// The place of `ignore case`.
    pub ignore_case: Option<Span>,
    /// Where its rows are.
    pub body: TableBody,
}

/// Where the rows of a table are.
#[derive(Debug, Clone)]
pub enum TableBody {
    /// In the file.
    Arms(Vec<MatchArm<Expression>>, Span),
    /// In a CSV file beside it: `-> column: Type from "file"`.
    Csv {
        /// The header of the column that is the result.
        column: Identifier,
        /// `Severity` or `Status`, where the column holds constants.
        constants: Option<Identifier>,
        /// The file, relative to the rule file.
        file: StringLiteral,
    },
}

/// `define name = value`
#[derive(Debug, Clone)]
pub struct Define {
    /// Its name.
    pub name: Identifier,
    /// A value or a condition over the event.
    pub value: Expression,
}

/// `schedule name in "zone" { lines }`
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: Identifier,
    /// An IANA time zone.
    pub zone: StringLiteral,
    /// Its lines in order.
    pub lines: Vec<ScheduleLine>,
}

/// A line of a schedule.
#[derive(Debug, Clone)]
pub struct ScheduleLine {
    /// Whether it adds windows, takes days away, or brings some back.
    pub kind: ScheduleLineKind,
    /// Its windows.
    pub windows: LineWindows,
    /// The whole line.
    pub span: Span,
}

/// The windows of a line of a schedule.
#[derive(Debug, Clone)]
pub enum LineWindows {
    /// `mon..fri 09:00..12:00, 13:30..18:30`
    OnDays {
        /// The days, `first..last` inclusive; none means every day.
        days: Vec<DayRange>,
        /// The times, half-open; none means the whole day.
        times: Vec<TimeRange>,
    },
    /// `fri 22:00..mon 06:00`
    Spans(Vec<SpanRange>),
}

/// What a line of a schedule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleLineKind {
    /// Windows.
    Window,
    /// `except`
    Except,
    /// `also`
    Also,
}

/// One day or a range of days, as written (`mon`, `2026-10-01`).
#[derive(Debug, Clone)]
pub struct DayRange {
    /// The first day.
    pub first: Identifier,
    /// The last, where a range is written.
    pub last: Option<Identifier>,
}

/// `09:00..12:00` as written.
#[derive(Debug, Clone)]
pub struct TimeRange {
    /// `HH:MM`
    pub first: Identifier,
    /// `HH:MM`, up to `24:00`; not after it.
    pub last: Identifier,
}

/// `fri 22:00..mon 06:00` as written, half-open.
#[derive(Debug, Clone)]
pub struct SpanRange {
    /// The day on which it begins.
    pub first_day: Identifier,
    /// `HH:MM`
    pub first: Identifier,
    /// The day on which it ends.
    pub last_day: Identifier,
    /// `HH:MM`, up to `24:00`
    pub last: Identifier,
}

/// `30s` or `30s..10m` as written.
#[derive(Debug, Clone)]
pub struct DurationRange {
    /// The duration, or the lower end.
    pub first: Identifier,
    /// The upper end, where a range is written.
    pub last: Option<Identifier>,
}

/// `channel name = kind(parameter = value, …)`
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its name.
    pub name: Identifier,
    /// Where its members come from, if it is a family.
    pub family: Option<ChannelFamily>,
    /// Its kind.
    pub kind: Identifier,
    /// Its parameters in order.
    pub parameters: Vec<NamedArgument>,
    /// The place of the parentheses and all between.
    pub arguments: Span,
}

/// `[column] from "file.csv"` or `[column] in ["a", "b"]`: one channel for each value.
#[derive(Debug, Clone)]
pub struct ChannelFamily {
    /// The name of the column, which the parameters may read.
    pub column: Identifier,
    /// The values.
    pub source: FamilySource,
}

/// Where the members of a family come from.
#[derive(Debug, Clone)]
pub enum FamilySource {
    /// The column of a CSV file, relative to the rule file.
    Csv(StringLiteral),
    /// A list in the rules.
    List(Vec<StringLiteral>),
}

/// `name = value`
#[derive(Debug, Clone)]
pub struct NamedArgument {
    /// The name.
    pub name: Identifier,
    /// The value.
    pub value: Expression,
}
