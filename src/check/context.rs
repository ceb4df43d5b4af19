//! What every part of `check` shares: the declared names, the types of tables and defines, and the findings.

use crate::check::family_columns::FamilyColumns;
use crate::check::names::{DeclaredNames, Namespace, is_nowhere};
use crate::check::{CheckEnvironment, code};
use crate::diagnostic::{Diagnostic, DiagnosticCode, DiagnosticLevel, Findings, nearest};
use crate::model::{ChannelFamily, ChannelId, DefineId, FamilyId};
use crate::path::CompiledPath;
use crate::pattern::Case;
use crate::pattern::{MAX_MEASURED, RegexPattern};
use crate::source::Span;
use crate::syntax::tree::Identifier;
use crate::time::ScheduleError;
use crate::value::ValueType;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many unknown names are compared with all known ones; more of them likely have one common cause.
const NEAREST_LIMIT: usize = 100;

/// A table as its callers see it.
#[derive(Debug, Clone)]
pub(super) struct TableSignature {
    /// What each parameter takes.
    pub(super) parameters: Vec<ValueType>,
    /// What it results in.
    pub(super) result: ValueType,
    /// The place of its name.
    pub(super) place: Span,
}

/// What a declared channel is in the model.
#[derive(Debug, Clone, Copy)]
pub(super) enum DeclaredChannel {
    /// A channel.
    Single(ChannelId),
    /// A family of channels.
    Family(FamilyId),
}

/// The state of one run of `check`.
pub(super) struct LoweringContext<'c> {
    pub(super) environment: &'c CheckEnvironment<'c>,
    pub(super) names: DeclaredNames<'c>,
    /// By position of the table.
    pub(super) tables: Vec<TableSignature>,
    /// By position of the declaration: the channel, or the family.
    pub(super) channels: Vec<DeclaredChannel>,
    /// The families so far.
    pub(super) families: Vec<ChannelFamily>,
    /// What the parameters of a family see of its rows, while they are read.
    pub(super) columns: Option<FamilyColumns>,
    /// The parameter of a channel whose expression is read.
    pub(super) channel_parameter: Option<&'static str>,
    /// By position of the declaration: where the define stands in the model, and its type.
    pub(super) defines: Vec<Option<(DefineId, ValueType)>>,
    /// The defines whose value is the same for every event.
    pub(super) constant_defines: HashSet<DefineId>,
    /// Whether a condition is read that stands alone, without the names of rules.
    pub(super) stands_alone: bool,
    pub(super) diagnostics: Findings,
    /// Paths by their text: a rule set repeats the same ones.
    pub(super) paths: HashMap<Box<str>, Arc<CompiledPath>>,
    /// Regexes by pattern, flags and case, for the same reason.
    pub(super) regexes: HashMap<(Box<str>, Box<str>, Case), Arc<RegexPattern>>,
    /// How many large regexes may still be measured.
    pub(super) measurements_left: usize,
    /// The places of the parser's errors, in order. What a warning is about was read as it stands.
    parse_error_spans: Vec<Span>,
    compared: usize,
}

impl<'c> LoweringContext<'c> {
    /// A context with the declared names.
    pub(super) fn new(environment: &'c CheckEnvironment<'c>, names: DeclaredNames<'c>, diagnostics: Findings) -> Self {
        let errors = diagnostics.kept().iter().filter(|finding| finding.level() == DiagnosticLevel::Error);
        let mut parse_error_spans: Vec<Span> = errors.map(|finding| finding.span).collect();
        parse_error_spans.sort_unstable();
        Self {
            environment,
            names,
            tables: Vec::new(),
            channels: Vec::new(),
            families: Vec::new(),
            columns: None,
            channel_parameter: None,
            defines: Vec::new(),
            constant_defines: HashSet::new(),
            stands_alone: false,
            diagnostics,
            paths: HashMap::new(),
            regexes: HashMap::new(),
            measurements_left: MAX_MEASURED,
            parse_error_spans,
            compared: 0,
        }
    }

    /// Adds a finding.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds a finding about a zone, a day, a time or a form of times.
    pub(super) fn report_invalid(&mut self, code: &'static DiagnosticCode, place: Span, invalid: ScheduleError) {
        let diagnostic = Diagnostic::new(code, place, invalid.message);
        self.report(match (invalid.help, invalid.replacement) {
            (Some(help), Some(corrected)) => diagnostic.suggest(help, place, corrected),
            (Some(help), None) => diagnostic.help(help),
            (None, _) => diagnostic,
        });
    }

    /// How many findings there are. If the number has grown, something in between was broken.
    pub(super) fn finding_count(&self) -> usize {
        self.diagnostics.count()
    }

    /// Whether the parser has reported an error within a place.
    pub(super) fn is_reported(&self, place: Span) -> bool {
        let first = self.parse_error_spans.partition_point(|reported| *reported < place.before());
        self.parse_error_spans.get(first).is_some_and(|reported| place.covers(*reported))
    }

    /// The user's own words at a place, cut to what a message can hold.
    pub(super) fn excerpt(&self, place: Span) -> String {
        const LONGEST: usize = 60;
        let text = self.environment.sources.text(place);
        let line = text.lines().next().unwrap_or_default();
        if line.len() == text.len() && line.chars().count() <= LONGEST {
            return line.to_owned();
        }
        let start: String = line.chars().take(LONGEST).collect();
        format!("{}…", start.trim_end())
    }

    /// The whole text of a place, for edits.
    pub(super) fn text(&self, place: Span) -> &'c str {
        self.environment.sources.text(place)
    }

    /// What stands before and after a place in its file.
    pub(super) fn surrounding_text(&self, place: Span) -> (&'c str, &'c str) {
        let text = self.environment.sources.file(place.file).map_or("", |file| file.text());
        let range = place.range();
        (text.get(..range.start).unwrap_or_default(), text.get(range.end..).unwrap_or_default())
    }

    /// The nearest of a few names.
    pub(super) fn nearest<'n>(&mut self, word: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
        self.may_compare().then(|| nearest(word, names)).flatten().map(str::to_owned)
    }

    /// The nearest of many names. They are collected only while the limit of comparisons is not reached.
    pub(super) fn nearest_of<'n>(
        &mut self,
        word: &str,
        names: impl FnOnce(&DeclaredNames<'c>) -> Vec<&'n str>,
    ) -> Option<String> {
        self.may_compare().then(|| nearest(word, names(&self.names))).flatten().map(str::to_owned)
    }

    fn may_compare(&mut self) -> bool {
        self.compared += 1;
        self.compared <= NEAREST_LIMIT
    }

    /// The position of a declaration; an undeclared name is reported, with the nearest one of its kind.
    fn declared(
        &mut self,
        code: &'static DiagnosticCode,
        kind: &str,
        name: &Identifier,
        space: for<'n> fn(&'n DeclaredNames<'c>) -> &'n Namespace<'c>,
    ) -> Option<usize> {
        let position = space(&self.names).find(&name.text);
        if position.is_some() || self.names.unparsed_names.contains(&*name.text) {
            return position;
        }
        let near = self.nearest_of(&name.text, |names| space(names).names().collect());
        let diagnostic = Diagnostic::new(code, name.span, format!("there is no {kind} named `{}`", name.text));
        let form = match kind {
            "channel" => " = stdout()",
            "routing" => " { else => … }",
            "schedule" => " in \"Asia/Shanghai\" { mon..fri 09:00..18:00 }",
            _ => " { … }",
        };
        let in_another_file = *code == code::UNKNOWN_MAPPING;
        self.report(match near {
            Some(near) => diagnostic.did_you_mean(name.span, near),
            None if in_another_file => diagnostic.help("if it stands in another folder, name that folder as well"),
            None => {
                diagnostic.help(format!("declare it, as in `{kind} {}{form}`, or name one that there is", name.text))
            }
        });
        None
    }

    /// The channel or the family of a name; an unknown one is reported.
    pub(super) fn declared_channel(&mut self, name: &Identifier) -> Option<DeclaredChannel> {
        if self.names.routings.find(&name.text).is_some() && self.names.channels.find(&name.text).is_none() {
            let message = format!("`{}` is a routing, not a channel", name.text);
            let diagnostic = Diagnostic::new(&code::UNKNOWN_CHANNEL, name.span, message);
            self.report(diagnostic.suggest("call it with the word `routing`", name.span.before(), "routing "));
            return None;
        }
        if self.names.channels.find(&name.text).is_none() && is_nowhere(&name.text) {
            let (before, after) = self.surrounding_text(name.span);
            let alone = before.trim_end().ends_with("=>") && !after.trim_start().starts_with(',');
            let message = format!("there is no channel named `{}`", name.text);
            let diagnostic = Diagnostic::new(&code::UNKNOWN_CHANNEL, name.span, message)
                .note("a line that sends nothing says so, with the reason");
            self.report(if alone {
                diagnostic.rewrite(name.span, "nothing because \"…\"")
            } else {
                diagnostic.help("write a line of its own: `route NAME when … => nothing because \"…\"`")
            });
            return None;
        }
        let position = self.declared(&code::UNKNOWN_CHANNEL, "channel", name, |names| &names.channels)?;
        self.channels.get(position).copied()
    }

    /// The position of a routing; an unknown one is reported.
    pub(super) fn routing(&mut self, name: &Identifier, call: Span) -> Option<usize> {
        if self.names.channels.find(&name.text).is_some() && self.names.routings.find(&name.text).is_none() {
            let message = format!("`{}` is a channel, not a routing", name.text);
            let diagnostic = Diagnostic::new(&code::UNKNOWN_ROUTING, name.span, message);
            self.report(diagnostic.suggest("name it without the word `routing`", call, &*name.text));
            return None;
        }
        self.declared(&code::UNKNOWN_ROUTING, "routing", name, |names| &names.routings)
    }

    /// The position of a mapping; an unknown one is reported.
    pub(super) fn mapping(&mut self, name: &Identifier) -> Option<usize> {
        self.declared(&code::UNKNOWN_MAPPING, "mapping", name, |names| &names.mappings)
    }

    /// The position of a schedule; an unknown one is reported.
    pub(super) fn schedule(&mut self, name: &Identifier) -> Option<usize> {
        self.declared(&code::UNKNOWN_SCHEDULE, "schedule", name, |names| &names.schedules)
    }
}

/// Offers the nearest name, where there is one.
pub(super) fn with_nearest(diagnostic: Diagnostic, name: &Identifier, near: Option<String>) -> Diagnostic {
    match near {
        Some(near) => diagnostic.did_you_mean(name.span, near),
        None => diagnostic,
    }
}
