//! One change of the rules, and how it is said.

use crate::ruleset::TextEdit;
use crate::source::{Sources, Span};
use crate::text::one_line;

macro_rules! change_kinds {
    ($($name:ident $word:literal $documentation:literal;)*) => {
        /// What a change does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ChangeKind {
            $(#[doc = $documentation] $name,)*
        }

        impl ChangeKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in JSON.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

change_kinds! {
    Constant "constant" "Another constant.";
    Target "target" "Another target.";
    Equality "equality" "`==` and `!=`.";
    Order "order" "`<` and `<=`, `>` and `>=`.";
    Connective "connective" "`and` and `or`.";
    Negated "negated" "A condition is negated, or no longer.";
    ConditionRemoved "condition removed" "A condition is gone.";
    PartRemoved "part removed" "A part of `and` or `or` is gone.";
    CaseCounts "case counts" "`ignore case` is gone.";
    LineKind "line kind" "Another kind of line.";
    Swapped "swapped" "Two neighbours change places.";
    ArmRemoved "arm removed" "An arm is gone.";
    LineRemoved "line removed" "A line of a routing is gone.";
    FieldRemoved "field removed" "A field of a mapping is gone.";
    LabelRemoved "label removed" "A label is gone.";
    DropRemoved "drop removed" "A `drop` is gone.";
    WiderWindow "wider window" "A window of a schedule is one hour wider.";
    AlternativeRemoved "alternative removed" "An operand of `??` is gone.";
}

/// A change of the rules.
#[derive(Debug, Clone)]
pub(super) struct RuleChange {
    pub(super) kind: ChangeKind,
    /// What is changed.
    pub(super) owner: ChangeOwner,
    /// The place that is shown.
    pub(super) place: Span,
    pub(super) edits: Vec<TextEdit>,
}

/// The part of the rules that a change is in: what decides which tests reach it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChangeOwner {
    Mapping(Box<str>),
    Table(Box<str>),
    Define(Box<str>),
    Schedule(Box<str>),
    /// Lines of a routing, by their paths: one, or two that change places.
    Lines(Vec<Box<str>>),
    Integration(Box<str>),
}

impl ChangeOwner {
    /// Its name, as messages show it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Mapping(name)
            | Self::Table(name)
            | Self::Define(name)
            | Self::Schedule(name)
            | Self::Integration(name) => name,
            Self::Lines(paths) => paths.first().map_or("", |path| path),
        }
    }
}

/// A change in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeText {
    /// A text becomes another.
    Becomes {
        /// The old text.
        old: String,
        /// The new text.
        new: String,
    },
    /// A text is gone.
    Removed {
        /// The text.
        old: String,
    },
    /// Two texts change places.
    Swapped {
        /// The text that was first.
        first: String,
        /// The other one.
        second: String,
    },
}

impl ChangeText {
    /// Says a change.
    pub(super) fn of(change: &RuleChange, sources: &Sources) -> Self {
        let old = one_line(sources.text(change.place));
        if change.kind == ChangeKind::Swapped {
            let text =
                |edit: Option<&TextEdit>| edit.map(|edit| one_line(sources.text(edit.place))).unwrap_or_default();
            return Self::Swapped { first: text(change.edits.first()), second: text(change.edits.last()) };
        }
        let new = one_line(&edited(sources, change.place, &change.edits));
        if new.is_empty() { Self::Removed { old } } else { Self::Becomes { old, new } }
    }
}

/// The text of a place after edits.
pub(super) fn edited(sources: &Sources, place: Span, edits: &[TextEdit]) -> String {
    let mut text = sources.text(place).to_owned();
    for edit in edits.iter().rev().filter(|edit| place.covers(edit.place)) {
        let (start, end) = ((edit.place.start - place.start) as usize, (edit.place.end - place.start) as usize);
        text.replace_range(start..end, &edit.text);
    }
    text
}

/// As many line ends as a text has, so that the lines behind it keep their numbers.
pub(super) fn line_ends(text: &str) -> String {
    "\n".repeat(text.matches('\n').count())
}
