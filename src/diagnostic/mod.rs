//! Diagnostics: what is wrong with a rule set, and how to fix it. All stages use the one public type [`Diagnostic`].
//!
//! A message is in lower case, without a full stop, with the user's words in backticks. It says what was expected and what
//! was found. Advice is a [`Suggestion`] of its own, with text that can be pasted. [`render`] turns diagnostics into text.
//! Nothing here depends on the meaning of rules.

mod excerpt;
mod findings;
mod human;
mod json;
mod locate;
mod nearest;
mod sarif;
mod short;
mod visible;

pub use findings::{FindingCounts, FindingLimit, Findings, MAX_FINDINGS};
pub use human::MAX_SHOWN;
pub use nearest::nearest;
#[cfg_attr(target_family = "wasm", expect(unused_imports, reason = "the command line uses most of them"))]
pub(crate) use visible::{escape_hidden, is_hidden, visible_json, visible_line, visible_text};

use crate::source::{SourceFile, Sources, Span};

/// A kind of finding: a stable name (`E0014`, `W0003`), a title, and the page that `pointsman explain` prints.
#[derive(Debug, PartialEq, Eq)]
pub struct DiagnosticCode {
    /// `E` or `W` and four digits; never reused for another meaning.
    pub id: &'static str,
    /// What went wrong, in a few words.
    pub title: &'static str,
    /// The page in Markdown, with a failing and a fixed example.
    pub page: &'static str,
}

/// Whether a finding stops the rule set from loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiagnosticLevel {
    /// The rule set cannot be used.
    Error,
    /// The rule set works, but probably not as its author wants.
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
    /// The level, which the first letter of the code decides.
    #[must_use]
    pub fn level(&self) -> DiagnosticLevel {
        if self.id.starts_with('W') { DiagnosticLevel::Warning } else { DiagnosticLevel::Error }
    }
}

/// Defines a code. Its page is the file in `grammar/codes/` with the code's name.
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

/// Defines the codes of a stage, and the list `CODES` of all of them.
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

/// One finding: where it is, what is wrong, why, and how to fix it.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The kind of finding.
    pub code: &'static DiagnosticCode,
    /// One line: what is wrong.
    pub message: String,
    /// The span that the carets mark.
    pub span: Span,
    /// The text beside the carets; may be empty.
    pub label: String,
    /// Other spans that matter, each with its text (`first defined here`).
    pub related: Vec<(Span, String)>,
    /// Reasons: facts that explain the finding.
    pub notes: Vec<String>,
    /// Ways to fix it.
    pub help: Vec<Suggestion>,
}

/// A way to fix a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The advice.
    pub text: String,
    /// A span and the text to replace it with, if that fixes the finding.
    pub edit: Option<(Span, String)>,
}

impl Diagnostic {
    /// A finding at `span`.
    #[must_use]
    pub fn new(code: &'static DiagnosticCode, span: Span, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message, span, label: String::new(), related: Vec::new(), notes: Vec::new(), help: Vec::new() }
    }

    /// Sets the text beside the carets.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Adds another span that matters.
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

    /// Suggests to replace `span`, with the advice `write …`.
    #[must_use]
    pub fn rewrite(self, span: Span, replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        self.suggest(format!("write `{replacement}`"), span, replacement)
    }

    /// Suggests to replace `span` by a known name, with the advice `did you mean …?`.
    #[must_use]
    pub fn did_you_mean(self, span: Span, name: impl Into<String>) -> Self {
        let name = name.into();
        self.suggest(format!("did you mean `{name}`?"), span, name)
    }

    /// Moves the ends of every span to boundaries of characters in its file. Error recovery replaces characters such as
    /// `（` by shorter ones and adds closing brackets, so a span may end within a character or past the end.
    pub fn align(&mut self, sources: &Sources) {
        let related = self.related.iter_mut().map(|(span, _)| span);
        let edits = self.help.iter_mut().filter_map(|help| help.edit.as_mut()).map(|(span, _)| span);
        for span in std::iter::once(&mut self.span).chain(related).chain(edits) {
            let text = sources.file(span.file).map_or("", SourceFile::text);
            let range = span.range();
            if text.get(range.clone()).is_none() {
                let (start, end) = (text.floor_char_boundary(range.start), text.ceil_char_boundary(range.end));
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
    /// [`DiagnosticFormat::Human`] with ANSI colours.
    HumanInColor,
    /// One line for each finding: `file:line:column: error[E0031]: message; help: …`.
    Short,
    /// One JSON object per line.
    Json,
    /// One SARIF 2.1.0 document, for code scanning.
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

/// The diagnostics as text, in their order.
#[must_use]
pub fn render(format: DiagnosticFormat, diagnostics: &[Diagnostic], sources: &Sources) -> String {
    match format {
        DiagnosticFormat::Human => human::plain(diagnostics, sources),
        DiagnosticFormat::HumanInColor => human::colored(diagnostics, sources),
        DiagnosticFormat::Short => short::render(diagnostics, sources),
        DiagnosticFormat::Json => json::render(diagnostics, sources),
        DiagnosticFormat::Sarif => sarif::render(diagnostics, sources),
    }
}

/// How many findings of each level there are: `2 errors, 1 warning`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    FindingCounts::of(diagnostics).to_string()
}
