//! Heartbeats: each line once, what tells senders apart, and what an absence says.

use crate::check::bare_word::constant;
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::define::is_constant;
use crate::check::destination;
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::event::Severity;
use crate::model::{self, Define, Destination, EventField, ExpressionKind, GroupValue, Literal, RoutingId};
use crate::source::Span;
use crate::syntax::tree::{self, DocumentedDeclaration, Identifier, LabelEntry};
use crate::time::{DurationText, corrected_duration, duration};
use crate::value::ValueType;
use std::collections::HashMap;
use std::time::Duration;

const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// The most values of `by`.
const MOST_VALUES: usize = 5;

/// The lines that every heartbeat has, each with an example.
const REQUIRED: [(&str, &str); 4] = [
    ("when", "when labels.alert == \"Watchdog\""),
    ("timeout", "timeout 5m"),
    ("title", "title = \"no beat for 5m\""),
    ("=>", "=> routing main"),
];

/// A heartbeat of the model, unless something in it is wrong.
pub(super) fn lower(
    item: &DocumentedDeclaration,
    heartbeat: &tree::Heartbeat,
    defines: &[Define],
    cx: &mut LoweringContext<'_>,
) -> Option<model::Heartbeat> {
    let lines = HeartbeatLines::of(heartbeat, cx);
    if !item.broken {
        lines.require(heartbeat, cx);
    }
    let when = lines.when.and_then(|when| condition(when, cx));
    let by = lines.by.map_or_else(|| Some(Vec::new()), |values| senders(values, cx));
    let timeout = lines.timeout.and_then(|written| timeout(written, cx));
    let severity = lines.severity.map_or(Some(Severity::Critical), |value| severity(value, cx));
    let known = AbsenceValues { by: by.as_deref(), defines };
    let title = lines.title.and_then(|title| known.text("title", title, cx));
    let labels = lines.labels.map_or_else(|| Some(Vec::new()), |entries| known.labels(entries, cx));
    let routing = lines.target.and_then(|(destinations, place)| routing(destinations, place, cx));
    Some(model::Heartbeat {
        name: heartbeat.name.text.clone(),
        span: heartbeat.name.span,
        when: when?,
        by: by?,
        timeout: timeout?,
        severity: severity?,
        title: title?,
        labels: labels?,
        routing: routing?,
    })
}

/// The lines of a heartbeat, each at most once.
#[derive(Default)]
struct HeartbeatLines<'t> {
    when: Option<&'t tree::Expression>,
    by: Option<&'t [tree::Expression]>,
    timeout: Option<&'t Identifier>,
    severity: Option<&'t tree::Expression>,
    title: Option<&'t tree::Expression>,
    labels: Option<&'t [LabelEntry]>,
    target: Option<(&'t [tree::Destination], Span)>,
    /// Fields that a heartbeat does not set, and those with misspelt names.
    misnamed: usize,
}

impl<'t> HeartbeatLines<'t> {
    fn of(heartbeat: &'t tree::Heartbeat, cx: &mut LoweringContext<'_>) -> Self {
        let mut lines = Self::default();
        let mut places: HashMap<&str, Span> = HashMap::new();
        for line in &heartbeat.lines {
            let word = word(&line.kind);
            if let Some(first) = places.get(word) {
                let message = format!("a heartbeat has one line `{word}`");
                let finding = Diagnostic::new(&code::HEARTBEAT_LINE_TWICE, line.span, message);
                cx.report(finding.label("the second").related(*first, "the first").help("remove one of them"));
                continue;
            }
            places.insert(word, line.span);
            lines.add(line, cx);
        }
        lines
    }

    fn add(&mut self, line: &'t tree::HeartbeatLine, cx: &mut LoweringContext<'_>) {
        match &line.kind {
            tree::HeartbeatLineKind::When(when) => self.when = Some(when),
            tree::HeartbeatLineKind::By(values) => self.by = Some(values),
            tree::HeartbeatLineKind::Timeout(timeout) => self.timeout = Some(timeout),
            tree::HeartbeatLineKind::Labels(entries) => self.labels = Some(entries),
            tree::HeartbeatLineKind::Target(destinations) => self.target = Some((destinations, line.span)),
            tree::HeartbeatLineKind::Field(name, value) => match &*name.text {
                "severity" => self.severity = Some(value),
                "title" => self.title = Some(value),
                _ => {
                    self.misnamed += 1;
                    other_field(name, value, cx);
                }
            },
        }
    }

    /// Reports the lines that are not there.
    fn require(&self, heartbeat: &tree::Heartbeat, cx: &mut LoweringContext<'_>) {
        let given = [self.when.is_some(), self.timeout.is_some(), self.title.is_some(), self.target.is_some()];
        let absent = REQUIRED.into_iter().zip(given).filter(|(_, is_given)| !is_given).map(|(line, _)| line);
        let absent: Vec<(&str, &str)> = absent.collect();
        if absent.is_empty() || self.misnamed > 0 {
            return;
        }
        let listed: Vec<String> = absent.iter().map(|(word, _)| format!("`{word}`")).collect();
        let listed = crate::text::enumeration(&listed, "and");
        let message = format!("the heartbeat `{}` has no line {listed}", heartbeat.name.text);
        let finding = Diagnostic::new(&code::HEARTBEAT_LINE, heartbeat.name.span, message)
            .note("a heartbeat says what is a beat, how long none may be heard, and what is then told, and where");
        cx.report(absent.into_iter().fold(finding, |finding, (_, line)| finding.help(format!("add `{line}`"))));
    }
}

/// The word with which a line begins.
fn word(line: &tree::HeartbeatLineKind) -> &str {
    match line {
        tree::HeartbeatLineKind::When(_) => "when",
        tree::HeartbeatLineKind::By(_) => "by",
        tree::HeartbeatLineKind::Timeout(_) => "timeout",
        tree::HeartbeatLineKind::Field(name, _) => &name.text,
        tree::HeartbeatLineKind::Labels(_) => "labels",
        tree::HeartbeatLineKind::Target(_) => "=>",
    }
}

fn other_field(name: &Identifier, value: &tree::Expression, cx: &mut LoweringContext<'_>) {
    let word = &*name.text;
    let finding = |message: String| Diagnostic::new(&code::HEARTBEAT_FIELD, name.span, message);
    let whole = Span { end: value.span.start, ..name.span };
    if matches!(word, "when" | "by" | "timeout") {
        let message = format!("the line `{word}` of a heartbeat has no `=`");
        return cx.report(finding(message).suggest("write it without the sign", whole, format!("{word} ")));
    }
    if let Some(near) = cx.nearest(word, ["severity", "title", "labels", "timeout", "when"].into_iter()) {
        let message = format!("a heartbeat has no line `{word}`");
        return cx.report(finding(message).did_you_mean(name.span, near));
    }
    let reason = match word {
        "status" => "an absence is Firing until the next beat, and Resolved with it",
        "key" | "starts_at" | "source" | "integration" => {
            "it comes from the heartbeat, so that each absence has its own"
        }
        _ => "an absence has a severity, a title and labels",
    };
    let message = format!("a heartbeat does not set `{word}`");
    cx.report(finding(message).note(reason).help("leave it out, or make it a label: `labels { … }`"));
}

/// Whether an event is a beat. A condition that is the same for every event is none.
fn condition(when: &tree::Expression, cx: &mut LoweringContext<'_>) -> Option<model::Expression> {
    let before = cx.finding_count();
    let when = ExpressionLowering { cx, scope: ExpressionScope::Event }.condition(when);
    if cx.finding_count() > before {
        return None;
    }
    if is_constant(&when, cx) {
        let message = "this condition is the same for every event";
        let finding = Diagnostic::new(&code::HEARTBEAT_CONDITION, when.span, message)
            .label("every event or none would be a beat");
        cx.report(finding.help("ask for what only a beat has, as in `when labels.alert == \"Watchdog\"`"));
        return None;
    }
    Some(when)
}

/// The values of `by`.
fn senders(values: &[tree::Expression], cx: &mut LoweringContext<'_>) -> Option<Vec<GroupValue>> {
    if let Some(surplus) = values.get(MOST_VALUES) {
        let message = format!("`by` takes at most {MOST_VALUES} values, found {}", values.len());
        cx.report(
            Diagnostic::new(&code::HEARTBEAT_BY, surplus.span, message).help("make several of them one: `define`"),
        );
        return None;
    }
    let lowered: Vec<Option<GroupValue>> = values.iter().map(|value| sender(value, cx)).collect();
    let lowered: Vec<GroupValue> = lowered.into_iter().collect::<Option<_>>()?;
    let mut firsts: HashMap<&str, Span> = HashMap::new();
    let before = cx.finding_count();
    for value in &lowered {
        if let Some(first) = firsts.insert(&value.name, value.value.span) {
            let message = format!("two values of `by` have the name `{}`", value.name);
            let finding = Diagnostic::new(&code::HEARTBEAT_BY, value.value.span, message).related(first, "the first");
            cx.report(finding.help("remove one of them, or give one another name with a `define`"));
        }
    }
    (cx.finding_count() == before).then_some(lowered)
}

/// A label, a field that is a text, or a define.
fn sender(value: &tree::Expression, cx: &mut LoweringContext<'_>) -> Option<GroupValue> {
    let lowered = ExpressionLowering { cx, scope: ExpressionScope::Event }.value_or_labels(value);
    if !is_known(lowered.types) {
        return None;
    }
    let is_text = lowered.types.overlaps(ValueType::TEXT | ValueType::NUMBER | ValueType::BOOLEAN);
    let name: Option<Box<str>> = match (&value.kind, &lowered.kind) {
        (_, ExpressionKind::Label(name)) => Some(name.clone()),
        (tree::ExpressionKind::Name(name), ExpressionKind::Field(field)) if is_sender_field(*field) => {
            Some(name.text.clone())
        }
        (tree::ExpressionKind::Name(name), ExpressionKind::Define(id))
            if is_text && !cx.constant_defines.contains(id) =>
        {
            Some(name.text.clone())
        }
        _ => None,
    };
    if let Some(name) = name {
        return Some(GroupValue { name, value: lowered });
    }
    let excerpt = cx.excerpt(value.span);
    let message = format!("senders are told apart by a label, a text field or a define, found `{excerpt}`");
    let finding = Diagnostic::new(&code::HEARTBEAT_BY, value.span, message);
    let is_shared =
        matches!(lowered.kind, ExpressionKind::Field(_) | ExpressionKind::Literal(_) | ExpressionKind::Define(_));
    cx.report(if is_shared {
        finding.help("name what each sender has of its own, as in `by labels.cluster`")
    } else {
        finding.help(format!("give the value a name, and write the name here: `define sender = {excerpt}`"))
    });
    None
}

/// Whether a field is a text that may name a sender.
fn is_sender_field(field: EventField) -> bool {
    match field {
        EventField::Title
        | EventField::Key
        | EventField::Description
        | EventField::Link
        | EventField::Source
        | EventField::Integration => true,
        EventField::Severity
        | EventField::Status
        | EventField::Labels
        | EventField::StartsAt
        | EventField::EndsAt
        | EventField::Notes => false,
    }
}

fn timeout(written: &Identifier, cx: &mut LoweringContext<'_>) -> Option<Duration> {
    let finding = |message: String| Diagnostic::new(&code::HEARTBEAT_TIMEOUT, written.span, message);
    let Some(read) = duration(&written.text) else {
        let found = finding(format!("`{}` is not a duration", written.text));
        cx.report(match corrected_duration(&written.text) {
            Some(corrected) => found.rewrite(written.span, corrected),
            None => found.help("a duration is `30s`, `10m`, `4h`, `7d` or `1h30m`"),
        });
        return None;
    };
    if (SHORTEST..=LONGEST).contains(&read) {
        return Some(read);
    }
    let (shortest, longest) = (DurationText(SHORTEST), DurationText(LONGEST));
    let message = format!("the timeout of a heartbeat is from `{shortest}` to `{longest}`, found `{}`", written.text);
    cx.report(finding(message).help("give it at least twice the interval in which the sender beats"));
    None
}

fn severity(value: &tree::Expression, cx: &mut LoweringContext<'_>) -> Option<Severity> {
    if let tree::ExpressionKind::Constant(name) = &value.kind
        && let Some(Literal::Severity(severity)) = constant(&name.text)
    {
        return Some(severity);
    }
    let excerpt = cx.excerpt(value.span);
    let message = format!("the severity of an absence is `Critical`, `Warning` or `Info`, found `{excerpt}`");
    cx.report(
        Diagnostic::new(&code::HEARTBEAT_FIELD, value.span, message)
            .help("for several severities, write a heartbeat for each"),
    );
    None
}

fn routing(destinations: &[tree::Destination], place: Span, cx: &mut LoweringContext<'_>) -> Option<RoutingId> {
    let lowered: Vec<Option<Destination>> = destinations.iter().map(|each| destination::lower(each, cx)).collect();
    match lowered.as_slice() {
        [Some(Destination::Routing(id))] => Some(*id),
        [None] => None,
        [_] => {
            let finding =
                Diagnostic::new(&code::HEARTBEAT_TARGET, place, "an absence goes to a routing, not to a channel");
            cx.report(finding.help("name a routing that sends it there: `=> routing main`"));
            None
        }
        all => {
            let message = "a heartbeat has one destination, a routing";
            let finding = Diagnostic::new(&code::HEARTBEAT_TARGET, place, message).label(format!("has {}", all.len()));
            cx.report(finding.help("to reach several channels, send it to a routing: `=> routing main`"));
            None
        }
    }
}

/// What the title and the labels of an absence may read.
struct AbsenceValues<'m> {
    /// The values of `by`; none where they are wrong, so that nothing more is reported.
    by: Option<&'m [GroupValue]>,
    defines: &'m [Define],
}

impl AbsenceValues<'_> {
    /// A text over the values of `by`.
    fn text(&self, place: &str, value: &tree::Expression, cx: &mut LoweringContext<'_>) -> Option<model::Expression> {
        let before = cx.finding_count();
        let lowered = ExpressionLowering { cx, scope: ExpressionScope::Event }.value(value);
        if cx.finding_count() > before || !is_known(lowered.types) {
            return None;
        }
        let by = self.by?;
        if let Some(foreign) = self.foreign(&lowered, by) {
            report_foreign(place, foreign, by, cx);
            return None;
        }
        let is_text =
            lowered.types.without(ValueType::NOTHING).without(ValueType::TEXT | ValueType::NUMBER | ValueType::BOOLEAN);
        if !is_text.is_never() {
            let message = format!("`{place}` takes a text, and its value is {}", lowered.types);
            cx.report(Diagnostic::new(&code::HEARTBEAT_FIELD, lowered.span, message).help("write a string"));
            return None;
        }
        Some(lowered)
    }

    fn labels(
        &self,
        entries: &[LabelEntry],
        cx: &mut LoweringContext<'_>,
    ) -> Option<Vec<(Box<str>, model::Expression)>> {
        let before = cx.finding_count();
        let mut labels: Vec<(Box<str>, model::Expression)> = Vec::new();
        let mut places: HashMap<&str, Span> = HashMap::new();
        for entry in entries {
            let (name, value) = match entry {
                LabelEntry::Set(name, value) => (name, value),
                LabelEntry::Spread { span, .. } => {
                    let message = "the labels of an absence are written one by one";
                    let finding = Diagnostic::new(&code::HEARTBEAT_FIELD, *span, message);
                    cx.report(finding.note("it has the values of `by` besides").help("write `name = value`"));
                    continue;
                }
            };
            let of_by = self.by.into_iter().flatten().find(|value| *value.name == *name.value);
            let first = places.insert(&name.value, name.span).or(of_by.map(|value| value.value.span));
            if let Some(first) = first {
                let message = format!("the label `{}` has a value already", name.value);
                let finding = Diagnostic::new(&code::HEARTBEAT_LINE_TWICE, name.span, message);
                let which = if of_by.is_some() { "the values of `by` are labels of an absence" } else { "the first" };
                cx.report(finding.related(first, which).help("remove it, or give it another name"));
                continue;
            }
            labels.extend(
                self.text(&format!("labels.{}", name.value), value, cx).map(|value| (name.value.clone(), value)),
            );
        }
        (cx.finding_count() == before).then_some(labels)
    }

    /// The first part of a value that no absence has.
    fn foreign(&self, value: &model::Expression, by: &[GroupValue]) -> Option<Span> {
        if by.iter().any(|known| is_same(&known.value.kind, &value.kind)) {
            return None;
        }
        let own = match &value.kind {
            ExpressionKind::Label(_) | ExpressionKind::Field(_) => true,
            ExpressionKind::Define(id) => {
                self.defines.get(*id).is_some_and(|define| self.foreign(&define.value, by).is_some())
            }
            ExpressionKind::Compare(comparison) => matches!(comparison.subject, model::ComparisonSubject::Now),
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Match(_)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => false,
        };
        if own {
            return Some(value.span);
        }
        let mut found = None;
        value.each_part(&mut |part| found = found.or_else(|| self.foreign(part, by)));
        found
    }
}

/// Whether two parts name one label, field or define.
fn is_same(known: &ExpressionKind, part: &ExpressionKind) -> bool {
    match (known, part) {
        (ExpressionKind::Label(known), ExpressionKind::Label(part)) => known == part,
        (ExpressionKind::Field(known), ExpressionKind::Field(part)) => known == part,
        (ExpressionKind::Define(known), ExpressionKind::Define(part)) => known == part,
        _ => false,
    }
}

fn report_foreign(place: &str, foreign: Span, by: &[GroupValue], cx: &mut LoweringContext<'_>) {
    const CODE: &DiagnosticCode = &code::HEARTBEAT_VALUE;
    let message = format!("`{}` is not known when nothing is heard", cx.excerpt(foreign));
    let finding = Diagnostic::new(CODE, foreign, message)
        .label("belongs to an event, and an absence has none")
        .note(format!("`{place}` sees the values of `by` alone"));
    let names: Vec<String> = by.iter().map(|value| format!("`{}`", cx.excerpt(value.value.span))).collect();
    cx.report(if names.is_empty() {
        finding.help("name it in a line `by`, so that each of its values has a heartbeat of its own")
    } else {
        finding.help(format!("write {}, or name it in `by` too", crate::text::enumeration(&names, "or")))
    });
}
