//! What is known about the events of a mapping, or of a heartbeat.

use crate::channel::integration::LONGEST_RESOLVE_TIMEOUT;
use crate::event::{AlertStatus, Severity};
use crate::model::{
    EventField, Expression, Heartbeat, Integration, LabelEntry, Literal, Mapping, MappingId, heartbeat_source,
};
use crate::prove::formula::{FormulaBuilder, Term, literal_text};
use std::collections::{BTreeMap, BTreeSet};

/// How many texts of a label or a source are followed.
const MAX_TEXTS: usize = 1_000;

/// What the events of a mapping, or of a heartbeat, may be.
#[derive(Debug, Clone)]
pub(super) struct Producer {
    /// As a message names it.
    pub(super) name: String,
    pub(super) severities: BTreeSet<Severity>,
    pub(super) resolves: bool,
    pub(super) fires: bool,
    pub(super) source: Texts,
    pub(super) integration: Box<str>,
    /// The labels that are set and may be known; others are missing, unless data decides.
    pub(super) labels: BTreeMap<Box<str>, Texts>,
    /// Whether data decides about other labels.
    pub(super) is_open: bool,
}

/// The texts that something may be.
#[derive(Debug, Clone)]
pub(super) enum Texts {
    Any,
    Known { texts: BTreeSet<String>, may_be_missing: bool },
}

impl Texts {
    pub(super) fn one(text: String) -> Self {
        Self::Known { texts: BTreeSet::from([text]), may_be_missing: false }
    }
}

impl Producer {
    /// What a mapping produces, behind any integration.
    pub(super) fn of_mapping<'m>(builder: &mut FormulaBuilder<'m>, id: MappingId, mapping: &'m Mapping) -> Self {
        builder.enter(id, mapping);
        let field =
            |wanted: EventField| mapping.fields.iter().find(|(field, _)| *field == wanted).map(|(_, value)| value);
        let severities = field(EventField::Severity).and_then(|value| severities(builder, value));
        let statuses = field(EventField::Status).and_then(|value| statuses(builder, value));
        let source = source(builder, mapping, field(EventField::Source));
        let is_open = mapping.labels.iter().any(|entry| matches!(entry, LabelEntry::Spread(..)));
        let names: BTreeSet<&Box<str>> = mapping
            .labels
            .iter()
            .filter_map(|entry| if let LabelEntry::Set(name, _) = entry { Some(name) } else { None })
            .collect();
        let labels = names.into_iter().map(|name| (name.clone(), label(builder, mapping, name))).collect();
        builder.leave();
        let statuses = statuses.unwrap_or_else(|| AlertStatus::ALL.to_vec());
        Self {
            name: format!("the mapping `{}`", mapping.name),
            severities: severities.unwrap_or_else(|| Severity::ALL.into_iter().collect()),
            fires: statuses.contains(&AlertStatus::Firing),
            resolves: statuses.contains(&AlertStatus::Resolved),
            source,
            integration: Box::default(),
            labels,
            is_open,
        }
    }

    /// The same behind an integration, which ends alerts of which nothing more is heard.
    pub(super) fn through(mut self, integration: &Integration) -> Self {
        self.integration = integration.name.clone();
        self.resolves |= integration.resolve_timeout < LONGEST_RESOLVE_TIMEOUT;
        self
    }

    /// What the absence of signs of life produces.
    pub(super) fn of_absence(heartbeat: &Heartbeat) -> Self {
        let source = heartbeat_source(&heartbeat.name);
        let by = heartbeat.by.iter().map(|value| &value.name);
        let names = by.chain(heartbeat.labels.iter().map(|(name, _)| name));
        Self {
            name: format!("the heartbeat `{}`", heartbeat.name),
            severities: BTreeSet::from([heartbeat.severity]),
            fires: true,
            resolves: true,
            source: Texts::one(source.clone()),
            integration: source.into(),
            labels: names.map(|name| (name.clone(), Texts::Any)).collect(),
            is_open: false,
        }
    }
}

/// The texts of a source: where it is missing, the name of the mapping.
fn source<'m>(builder: &mut FormulaBuilder<'m>, mapping: &Mapping, value: Option<&'m Expression>) -> Texts {
    let name = mapping.name.to_string();
    let Some(value) = value else { return Texts::one(name) };
    let Some((mut texts, may_be_missing)) = texts(builder, value) else { return Texts::Any };
    texts.extend(may_be_missing.then_some(name));
    Texts::Known { texts, may_be_missing: false }
}

/// The severities that a value may have. None if it is not known.
fn severities<'m>(builder: &mut FormulaBuilder<'m>, value: &'m Expression) -> Option<BTreeSet<Severity>> {
    let mut all = BTreeSet::new();
    for case in builder.value(value) {
        let Term::Constant(literal) = case.term else { return None };
        // What is no severity becomes a Warning.
        all.insert(if let Literal::Severity(severity) = literal { severity } else { Severity::Warning });
    }
    Some(all)
}

fn statuses<'m>(builder: &mut FormulaBuilder<'m>, value: &'m Expression) -> Option<Vec<AlertStatus>> {
    let mut all = Vec::new();
    for case in builder.value(value) {
        let Term::Constant(literal) = case.term else { return None };
        all.push(if let Literal::Status(status) = literal { status } else { AlertStatus::Firing });
    }
    Some(all)
}

/// The texts that a value may have, and whether it may be missing. None if that is not known.
fn texts<'m>(builder: &mut FormulaBuilder<'m>, value: &'m Expression) -> Option<(BTreeSet<String>, bool)> {
    let (mut all, mut may_be_missing) = (BTreeSet::new(), false);
    for case in builder.value(value) {
        let Term::Constant(literal) = &case.term else { return None };
        match literal_text(literal) {
            Some(text) => _ = all.insert(text),
            None => may_be_missing = true,
        }
    }
    (all.len() <= MAX_TEXTS).then_some((all, may_be_missing))
}

/// The texts of a label: those of the last entry that sets it, and where that is missing, those of the entries before.
fn label<'m>(builder: &mut FormulaBuilder<'m>, mapping: &'m Mapping, name: &str) -> Texts {
    let mut all = BTreeSet::new();
    for entry in mapping.labels.iter().rev() {
        match entry {
            LabelEntry::Set(set, value) if **set == *name => {
                let Some((texts, may_be_missing)) = texts(builder, value) else { return Texts::Any };
                all.extend(texts);
                if !may_be_missing {
                    return Texts::Known { texts: all, may_be_missing: false };
                }
            }
            LabelEntry::Spread(_, except) if !except.iter().any(|glob| glob.fits(name)) => return Texts::Any,
            LabelEntry::Set(..) | LabelEntry::Spread(..) => {}
        }
    }
    Texts::Known { texts: all, may_be_missing: true }
}
