//! Hostile rules, payloads and folders: each gives an error or an outcome, without a panic, a hang or unlimited memory.
//!
//! In a release build, each case takes under a second and 100 MB. Bounds that can be counted are asserted: the budget of a
//! path, the notes of an event, the number of findings. Time is not asserted, because other programs share the machine. If
//! a case hangs, a watchdog with a long timeout ends the process.

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

/// Ten times the duration of the slowest case in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs a case, and ends the process if it hangs.
fn watched<R: Send + 'static>(name: &str, case: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, wait) = mpsc::channel();
    // The same stack as the main thread of a program, so recursion must be bounded to fit it.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || {
        let result = case();
        let _ = done.send(());
        result
    });
    let thread = thread.unwrap();
    if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
        // The test harness would capture the output of a macro such as `eprintln!`.
        let _ = writeln!(std::io::stderr(), "`{name}` takes more than {PATIENCE:?}");
        std::process::exit(101);
    }
    thread.join().unwrap_or_else(|_| panic!("`{name}` panicked"))
}

/// Loads a text as the only file of a rule set, and checks that every finding is within it and can be rendered.
fn load(text: &str) -> LoadedRules {
    use pointsman::diagnostic::{DiagnosticFormat, render};
    let mut sources = Sources::default();
    sources.add("case.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("there are no files".to_owned()), None);
    for finding in &loaded.diagnostics {
        assert!(text.get(finding.span.range()).is_some(), "{finding:?}");
    }
    let first: Vec<_> = loaded.diagnostics.iter().take(20).cloned().collect();
    for format in [DiagnosticFormat::Human, DiagnosticFormat::Short, DiagnosticFormat::Json, DiagnosticFormat::Sarif] {
        let rendered = render(format, &first, &loaded.sources);
        let hidden = rendered.chars().find(|character| character.is_control() && !"\n\t".contains(*character));
        assert_eq!(hidden, None, "{rendered}");
    }
    loaded
}

/// The outcomes of a payload as JSON, by a mapping `m`, with only the parts read that the mapping uses.
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
