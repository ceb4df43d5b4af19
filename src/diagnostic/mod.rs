//! What is wrong with a rule set, and how to mend it: one public type for every stage's findings.
//!
//! A message has a grammar: lower case, no full stop, the user's own words in backticks, what was expected and what was
//! found. Advice stands apart, as [`Suggestion`], with text that can be pasted. Stages make diagnostics; [`render`] and its
//! sisters turn them into text; nothing here knows what a mapping or a routing is.

mod excerpt;
mod human;
mod json;
mod locate;
mod nearest;
mod sarif;
mod short;
mod visible;

pub use nearest::nearest;
#[cfg_attr(
    target_family = "wasm",
    expect(unused_imports, reason = "the command line uses most of them")
)]
pub(crate) use visible::{escape_hidden, push_visible, visible_json, visible_line};

use crate::source::{SourceFile, Sources, Span};
use crate::text::plural;

/// A kind of finding: a stable name (`E0014`, `W0003`), a title, and the page that `pointsman explain` prints.
#[derive(Debug, PartialEq, Eq)]
pub struct DiagnosticCode {
    /// `E` or `W` and four digits; never reused for another meaning.
    pub id: &'static str,
    /// What went wrong, in a few words.
    pub title: &'static str,
    /// The page in Markdown, with a failing and a mended example.
    pub page: &'static str,
}

/// Whether a finding stops the rule set from loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiagnosticLevel {
    /// The rule set cannot be used.
    Error,
    /// The rule set works, but likely not as its author wants.
    Warning,
}

impl DiagnosticLevel {
    /// `error` or `warning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl DiagnosticCode {
    /// The level, which the first letter of the code says.
    #[must_use]
    pub fn level(&self) -> DiagnosticLevel {
        if self.id.starts_with('W') { DiagnosticLevel::Warning } else { DiagnosticLevel::Error }
    }
}

/// Makes the constant of a code: its page is the file of its name in `grammar/codes/`.
#[macro_export]
#[doc(hidden)]
macro_rules! code {
    ($id:literal, $title:literal) => {
        $crate::diagnostic::DiagnosticCode {
            id: $id,
            title: $title,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/grammar/codes/", $id, ".md")),
        }
    };
}

/// Makes the codes of a stage, and the list `CODES` of them all, so that none can be forgotten in it.
#[macro_export]
#[doc(hidden)]
macro_rules! codes {
    ($($name:ident = $id:literal, $title:literal;)*) => {
        $(
            #[doc = $title]
            pub(crate) static $name: $crate::diagnostic::DiagnosticCode = $crate::code!($id, $title);
        )*

        /// Every code of this stage, in the order of their numbers.
        pub(crate) static CODES: &[&$crate::diagnostic::DiagnosticCode] = &[$(&$name),*];
    };
}

/// One finding: where, what, why, and how to mend it.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The kind of finding.
    pub code: &'static DiagnosticCode,
    /// One line: what is wrong.
    pub message: String,
    /// The place that gets the carets.
    pub span: Span,
    /// What is said beside the carets; may be empty.
    pub label: String,
    /// Other places that matter, each with its words (`first defined here`).
    pub related: Vec<(Span, String)>,
    /// Reasons: facts that explain the finding.
    pub notes: Vec<String>,
    /// Ways to mend it.
    pub help: Vec<Suggestion>,
}

/// A way to mend a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The advice.
    pub text: String,
    /// The text to put in the place of a span, where the mending is that simple.
    pub edit: Option<(Span, String)>,
}

impl Diagnostic {
    /// A finding at `span`.
    #[must_use]
    pub fn new(code: &'static DiagnosticCode, span: Span, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            message,
            span,
            label: String::new(),
            related: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Says something beside the carets.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Shows another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds advice without an edit.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(Suggestion { text: text.into(), edit: None });
        self
    }

    /// Adds advice whose edit replaces `span` by `replacement` (an empty span inserts).
    #[must_use]
    pub fn suggest(mut self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        self.help.push(Suggestion { text: text.into(), edit: Some((span, replacement.into())) });
        self
    }

    /// Suggests to write something in the place of `span`.
    #[must_use]
    pub fn rewrite(self, span: Span, replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        self.suggest(format!("write `{replacement}`"), span, replacement)
    }

    /// Suggests the nearest name that is known.
    #[must_use]
    pub fn did_you_mean(self, span: Span, name: impl Into<String>) -> Self {
        let name = name.into();
        self.suggest(format!("did you mean `{name}`?"), span, name)
    }

    /// Moves every place to whole characters of its file. Where a text was mended to be read on, a character such as `（` became
    /// a shorter one, and a closing bracket may stand past the end.
    pub fn align(&mut self, sources: &Sources) {
        let related = self.related.iter_mut().map(|(span, _)| span);
        let edits = self.help.iter_mut().filter_map(|help| help.edit.as_mut()).map(|(span, _)| span);
        for span in std::iter::once(&mut self.span).chain(related).chain(edits) {
            let text = sources.file(span.file).map_or("", SourceFile::text);
            let range = span.range();
            if text.get(range.clone()).is_none() {
                let (start, end) =
                    (text.floor_char_boundary(range.start), text.ceil_char_boundary(range.end));
                *span = Span::new(span.file, start, end);
            }
        }
    }

    /// The level of its code.
    #[must_use]
    pub fn level(&self) -> DiagnosticLevel {
        self.code.level()
    }
}

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiagnosticFormat {
    /// For people: source lines with carets, reasons, help.
    Human,
    /// One line each: `file:line:column: error[E0031]: message; help: …`.
    Short,
    /// One JSON object a line.
    Json,
    /// One SARIF 2.1.0 document, as code scanning takes it.
    Sarif,
}

/// Whether text for people is in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Styling {
    /// Without escape sequences.
    Plain,
    /// With ANSI escape sequences.
    Colored,
}

impl Styling {
    /// The text in an ANSI style, such as `1;32`.
    #[must_use]
    pub fn styled(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colored => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The diagnostics as text, in their order; only the format for people is styled.
#[must_use]
pub fn render(
    format: DiagnosticFormat,
    styling: Styling,
    diagnostics: &[Diagnostic],
    sources: &Sources,
) -> String {
    match format {
        DiagnosticFormat::Human => human::render(styling, diagnostics, sources),
        DiagnosticFormat::Short => short::render(diagnostics, sources),
        DiagnosticFormat::Json => json::render(diagnostics, sources),
        DiagnosticFormat::Sarif => sarif::render(diagnostics, sources),
    }
}

/// How many findings of each level there are: `2 errors, 1 warning`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level() == DiagnosticLevel::Error).count();
    let warnings = diagnostics.len() - errors;
    match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (0, _) => plural(warnings, "warning"),
        (_, 0) => plural(errors, "error"),
        (_, _) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}
