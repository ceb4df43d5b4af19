//! Rules, payloads and folders that mean harm: each gives an error or an outcome, and nothing panics, hangs or grows.
//!
//! What a case does in release is under a second and 100 MB. What bounds the work is asserted where it can be counted: the
//! budget of a path, the notes of an event, the number of findings. How long a case takes is asserted nowhere, as other
//! programs share the machine; a watchdog that is far too patient ends the process where a case hangs.

mod payloads;
mod rules;
mod surroundings;

use crate::arena;
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::json::ToJson;
use pointsman::ruleset::{EntryPoint, LoadedRules, RuleSet};
use pointsman::source::Sources;
use pointsman::time::Timestamp;
use std::io::Write as _;
use std::sync::mpsc;
use std::time::Duration;

/// Ten times what the slowest case takes in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs a case; the process ends where it does not come back.
fn watched<R: Send + 'static>(name: &str, case: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, wait) = mpsc::channel();
    // As the main thread of a program has: what recurses has to be bounded to fit.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || {
        let result = case();
        let _ = done.send(());
        result
    });
    let thread = thread.unwrap();
    if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
        // Not by a macro, whose output the harness would keep to itself.
        let _ = writeln!(std::io::stderr(), "`{name}` takes more than {PATIENCE:?}");
        std::process::exit(101);
    }
    thread.join().unwrap_or_else(|_| panic!("`{name}` panicked"))
}

/// Loads a text as the one file of a rule set; every finding stands within it and can be rendered.
fn load(text: &str) -> LoadedRules {
    use pointsman::diagnostic::{DiagnosticFormat, Styling, render};
    let mut sources = Sources::default();
    sources.add("case.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("there are no files".to_owned()), None);
    for finding in &loaded.diagnostics {
        assert!(text.get(finding.span.range()).is_some(), "{finding:?}");
    }
    let first: Vec<_> = loaded.diagnostics.iter().take(20).cloned().collect();
    for format in
        [DiagnosticFormat::Human, DiagnosticFormat::Short, DiagnosticFormat::Json, DiagnosticFormat::Sarif]
    {
        let rendered = render(format, Styling::Plain, &first, &loaded.sources);
        let hidden =
            rendered.chars().find(|character| character.is_control() && !"\n\t".contains(*character));
        assert_eq!(hidden, None, "{rendered}");
    }
    loaded
}

/// The outcomes of a payload by a mapping `m`, of which what it looks at is read, as JSON.
fn outcomes(rules: &RuleSet, payload: &[u8]) -> Vec<String> {
    let subject = EntryPoint::Mapping("m", None);
    let document = match rules.read(subject, payload, arena()) {
        Ok(document) => document,
        Err(invalid) => {
            return vec![format!("invalid {}:{} {}", invalid.line, invalid.column, invalid.message)];
        }
    };
    let context = EvaluationContext::at(Timestamp::read("2026-03-07T12:00:00Z").unwrap());
    let outcomes = rules.evaluate(subject, &document, &context, &mut SilentObserver).unwrap();
    outcomes.iter().map(ToJson::to_json).collect()
}
