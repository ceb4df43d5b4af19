//! The declarations of a file, their documentation and `allow`s, and the small declarations.

use super::{Rule, RulePair, RulePairs, TreeBuilder, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{
    AllowDirective, Channel, ChannelFamily, DayRange, Declaration, Define, DocumentedDeclaration, FamilySource,
    Identifier, Integration, IntegrationRoute, LineWindows, NamedArgument, Schedule, ScheduleLine, ScheduleLineKind,
    SpanRange, Table, TableBody, TimeRange,
};

impl TreeBuilder<'_> {
    /// The edition line and everything after it.
    pub(super) fn declarations(&mut self, pairs: &mut RulePairs<'_>) {
        if let Some(edition) = self.take(Rule::edition, pairs) {
            let start = self.span(&edition);
            let number = self.next(&mut edition.into_inner()).and_then(|number| {
                self.leaf(&number);
                number.as_str().parse().ok()
            });
            self.built.edition = Some((number.unwrap_or(u32::MAX), self.until_here(start)));
        }
        loop {
            let first = self.peek(pairs).and_then(|_| pairs.peek());
            let allows = self.allows(pairs);
            let Some(pair) = self.next(pairs) else { break };
            let docs = first.map_or_else(Vec::new, |first| documentation(&pair, &first));
            self.item(pair, docs, allows);
        }
    }

    fn item(&mut self, pair: RulePair<'_>, docs: Vec<Box<str>>, allows: Vec<AllowDirective>) {
        let start = self.span(&pair);
        let findings = self.diagnostics.len();
        let rule = pair.as_rule();
        let kind = self.declaration(rule, &mut pair.into_inner());
        let span = self.until_here(start);
        self.cover(allows, span);
        if let Some(kind) = kind {
            let broken = self.diagnostics.len() > findings;
            self.built.items.push(DocumentedDeclaration { docs, span, kind, broken });
        }
    }

    fn declaration(&mut self, rule: Rule, pairs: &mut RulePairs<'_>) -> Option<Declaration> {
        let declared = match rule {
            Rule::table => Declaration::Table(self.table(pairs)?),
            Rule::define => Declaration::Define(self.define(pairs)?),
            Rule::schedule => Declaration::Schedule(self.schedule(pairs)?),
            Rule::channel => Declaration::Channel(self.channel(pairs)?),
            Rule::routing => {
                self.take(Rule::k_routing, pairs);
                Declaration::Routing(self.routing(pairs)?)
            }
            Rule::mute => Declaration::Mute(Box::new(self.mute(pairs)?)),
            Rule::integration => {
                self.take(Rule::k_integration, pairs);
                Declaration::Integration(self.integration(pairs)?)
            }
            Rule::heartbeat => Declaration::Heartbeat(self.heartbeat(pairs)?),
            Rule::test => Declaration::Test(self.test(pairs)?),
            Rule::prove => Declaration::Prove(self.prove(pairs)?),
            _ => {
                self.take(Rule::k_mapping, pairs);
                Declaration::Mapping(self.mapping(pairs)?)
            }
        };
        self.finish(pairs);
        Some(declared)
    }

    /// The next `allow`s; `cover` sets later what they cover.
    pub(super) fn allows(&mut self, pairs: &mut RulePairs<'_>) -> Vec<AllowDirective> {
        let mut allows = Vec::new();
        while let Some(pair) = self.take(Rule::allow, pairs) {
            let start = self.span(&pair);
            let mut parts = pair.into_inner();
            let read = self.next_name(&mut parts).zip(self.next_text(&mut parts));
            let span = self.until_here(start);
            allows.extend(read.map(|(code, because)| AllowDirective { code, because, covers: span, span }));
        }
        allows
    }

    /// Records the `allow`s that stand before `span`.
    pub(super) fn cover(&mut self, allows: Vec<AllowDirective>, span: Span) {
        self.built.allows.extend(allows.into_iter().map(|allow| AllowDirective { covers: span, ..allow }));
    }

    fn table(&mut self, pairs: &mut RulePairs<'_>) -> Option<Table> {
        let name = self.next_name(pairs)?;
        self.lower_case(&name, "table");
        let list = self.next(pairs)?;
        let parameters = self.all(&mut list.into_inner(), Self::next_name)?;
        let ignore_case = self.ignore_case(pairs);
        let body = self.next(pairs)?;
        let start = self.span(&body);
        let rows = body.as_rule() == Rule::rows;
        let mut parts = body.into_inner();
        let body = if rows {
            let arms = self.arms(&mut parts);
            TableBody::Arms(arms, self.until_here(start))
        } else {
            let column = self.next_name(&mut parts)?;
            let constants = self.take(Rule::word, &mut parts).map(|word| self.name(&word));
            TableBody::Csv { column, constants, file: self.next_text(&mut parts)? }
        };
        Some(Table { name, parameters, ignore_case, body })
    }

    fn define(&mut self, pairs: &mut RulePairs<'_>) -> Option<Define> {
        let name = self.next_name(pairs)?;
        self.lower_case(&name, "define");
        Some(Define { name, value: self.value(pairs)? })
    }

    fn schedule(&mut self, pairs: &mut RulePairs<'_>) -> Option<Schedule> {
        let name = self.next_name(pairs)?;
        let zone = self.next_text(pairs)?;
        let mut lines: Vec<ScheduleLine> = Vec::new();
        while let Some(text) = pairs.peek().map(|pair| pair.get_input()) {
            let before = self.end;
            let Some(_) = self.peek(pairs) else { break };
            let line = self.schedule_line(pairs)?;
            if let Some(previous) = lines.last() {
                self.own_line(text, (previous, before), &line);
            }
            lines.push(line);
        }
        Some(Schedule { name, zone, lines })
    }

    /// Times behind a window and without days look as if they were of its days, and would be of every day.
    fn own_line(&mut self, text: &str, (previous, end): (&ScheduleLine, u32), line: &ScheduleLine) {
        let LineWindows::OnDays { days, times } = &line.windows else { return };
        if !days.is_empty() || line.kind != ScheduleLineKind::Window || self.is_broken(text, end, line.span.start) {
            return;
        }
        let finding = Diagnostic::new(&codes::SCHEDULE_LINE, line.span, "these times have no days");
        let finding = finding.label("not of the days before them");
        let times = times.first().map_or(String::new(), |range| format!("{}..{}", range.first.text, range.last.text));
        self.diagnostics.push(match &previous.windows {
            LineWindows::OnDays { times: known, .. } if !known.is_empty() => {
                let after = Span { start: end, end, ..line.span };
                finding.suggest("for several windows of the same days, write a comma", after, ",")
            }
            LineWindows::OnDays { .. } | LineWindows::Spans(_) => finding
                .help("a window over several days takes no more times: write another, as in `fri 22:00..mon 06:00, tue 08:00..tue 09:00`")
                .help(format!("for times of every day, write `mon..sun {times}`")),
        });
    }

    /// Whether a line break stands between two places of the file.
    fn is_broken(&self, text: &str, from: u32, to: u32) -> bool {
        let at = |place: u32| usize::try_from(place).unwrap_or(usize::MAX).saturating_sub(self.base);
        text.get(at(from)..at(to)).is_none_or(|between| between.contains('\n'))
    }

    fn schedule_line(&mut self, pairs: &mut RulePairs<'_>) -> Option<ScheduleLine> {
        let pair = self.next(pairs)?;
        let start = self.span(&pair);
        let text = pair.get_input();
        let mut parts = pair.into_inner();
        let kind = match self.peek(&mut parts)? {
            Rule::k_except => ScheduleLineKind::Except,
            Rule::k_also => ScheduleLineKind::Also,
            _ => ScheduleLineKind::Window,
        };
        if kind != ScheduleLineKind::Window {
            let word = self.next(&mut parts)?;
            self.leaf(&word);
        }
        let windows = match self.take(Rule::spans, &mut parts) {
            Some(pair) => LineWindows::Spans(self.all(&mut pair.into_inner(), Self::span_range)?),
            None => self.days_and_times(text, &mut parts)?,
        };
        Some(ScheduleLine { kind, windows, span: self.until_here(start) })
    }

    fn span_range(&mut self, pairs: &mut RulePairs<'_>) -> Option<SpanRange> {
        let mut ends = self.next(pairs)?.into_inner();
        Some(SpanRange {
            first_day: self.next_name(&mut ends)?,
            first: self.next_name(&mut ends)?,
            last_day: self.next_name(&mut ends)?,
            last: self.next_name(&mut ends)?,
        })
    }

    fn days_and_times(&mut self, text: &str, parts: &mut RulePairs<'_>) -> Option<LineWindows> {
        let mut days = Vec::new();
        if let Some(pair) = self.take(Rule::days, parts) {
            for range in pair.into_inner() {
                let mut ends = range.into_inner();
                let first = self.next_name(&mut ends)?;
                let last = self.next(&mut ends).map(|day| self.name(&day));
                days.push(DayRange { first, last });
            }
        }
        let times = match self.take(Rule::times, parts) {
            Some(times) => {
                self.same_line(text, &days, self.span(&times));
                self.times(times)?
            }
            None => Vec::new(),
        };
        Some(LineWindows::OnDays { days, times })
    }

    fn times(&mut self, pair: RulePair<'_>) -> Option<Vec<TimeRange>> {
        let mut times = Vec::new();
        for range in pair.into_inner() {
            let mut ends = range.into_inner();
            times.push(TimeRange { first: self.next_name(&mut ends)?, last: self.next_name(&mut ends)? });
        }
        Some(times)
    }

    /// Times on a line of their own could mean those of the days above, or of every day.
    fn same_line(&mut self, text: &str, days: &[DayRange], times: Span) {
        if days.is_empty() || !self.is_broken(text, self.end, times.start) {
            return;
        }
        let finding = Diagnostic::new(&codes::SCHEDULE_LINE, times.before(), "the times of a day stand on its line")
            .help("put the times behind the days; for times of every day, write `mon..sun` before them");
        self.diagnostics.push(finding);
    }

    fn channel(&mut self, pairs: &mut RulePairs<'_>) -> Option<Channel> {
        self.take(Rule::k_channel, pairs);
        let (name, family) = match self.take(Rule::family, pairs) {
            Some(pair) => self.family(pair)?,
            None => (self.next_name(pairs)?, None),
        };
        self.lower_case(&name, "channel");
        let kind = self.next_name(pairs)?;
        let settings = self.next(pairs)?;
        let start = self.span(&settings);
        let parameters = self.all(&mut settings.into_inner(), |builder, settings| {
            let setting = builder.next(settings)?;
            builder.parameter(setting)
        })?;
        Some(Channel { name, family, kind, parameters, arguments: self.until_here(start) })
    }

    /// The name of a family, its column and its members.
    fn family(&mut self, pair: RulePair<'_>) -> Option<(Identifier, Option<ChannelFamily>)> {
        let mut parts = pair.into_inner();
        let mut names = self.next(&mut parts)?.into_inner();
        let (name, column) = (self.next_name(&mut names)?, self.next_name(&mut names)?);
        let is_file = parts.clone().any(|part| part.as_rule() == Rule::k_from);
        let source = if is_file {
            FamilySource::Csv(self.next_text(&mut parts)?)
        } else {
            FamilySource::List(self.all(&mut parts, Self::next_text)?)
        };
        self.finish(&mut parts);
        Some((name, Some(ChannelFamily { column, source })))
    }

    fn parameter(&mut self, pair: RulePair<'_>) -> Option<NamedArgument> {
        let written = pair.as_str();
        let mut parts = pair.into_inner();
        let name = self.next_name(&mut parts)?;
        let findings = self.diagnostics.len();
        let value = self.value(&mut parts)?;
        if &*name.text == "body" && self.diagnostics.len() > findings {
            self.body_in_quotes(written, value.span, findings);
        }
        Some(NamedArgument { name, value })
    }

    /// Reports JSON in quotes as one mistake, in the place of what was found in the string.
    fn body_in_quotes(&mut self, written: &str, place: Span, findings: usize) {
        let value = written.split_once('=').map_or("", |(_, value)| value.trim());
        let inside = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map_or("", str::trim);
        if !inside.starts_with('{') {
            return;
        }
        self.diagnostics.truncate(findings);
        let finding = Diagnostic::new(&codes::UNEXPECTED, place, "a body is JSON, not a string");
        let json = inside.replace("\\\"", "\"");
        let is_json = serde_json::from_str::<serde_json::Value>(&json).is_ok();
        self.diagnostics.push(if is_json {
            finding.suggest("write it without quotes around it", place, json)
        } else {
            finding.help("write it without quotes around it: `body = { \"text\": title }`")
        });
    }

    fn integration(&mut self, pairs: &mut RulePairs<'_>) -> Option<Integration> {
        let name = self.next_name(pairs)?;
        let mut parameters = Vec::new();
        let routes = self.readable_with_allows(pairs, |builder, pair| {
            if pair.as_rule() == Rule::setting {
                parameters.extend(builder.parameter(pair));
                return None;
            }
            builder.reading(pair)
        });
        Some(Integration { name, parameters, routes })
    }

    fn reading(&mut self, pair: RulePair<'_>) -> Option<IntegrationRoute> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let mut mappings = Vec::new();
        // The arrow is skipped as a sign, so the names before it are those that come next without one.
        while parts.peek().is_some_and(|pair| pair.as_rule() == Rule::name) {
            mappings.push(self.next_name(&mut parts)?);
        }
        let destinations = self.destinations(&mut parts)?;
        Some(IntegrationRoute { mappings, destinations, span: self.until_here(start) })
    }
}

/// The `##` lines directly above a declaration, or above the `allow` that stands before it.
fn documentation(declaration: &RulePair<'_>, first: &RulePair<'_>) -> Vec<Box<str>> {
    let above = |pair: &RulePair<'_>| {
        let text = pair.get_input().get(..pair.as_span().start()).unwrap_or_default();
        let mut lines = text.lines().rev();
        if !text.ends_with('\n') && lines.next().is_some_and(|indent| !indent.trim().is_empty()) {
            return Vec::new();
        }
        let docs = lines.map_while(|line| line.trim_start().strip_prefix("##"));
        let mut docs: Vec<Box<str>> =
            docs.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().into()).collect();
        docs.reverse();
        docs
    };
    let docs = above(declaration);
    if docs.is_empty() { above(first) } else { docs }
}
