//! Diagnostics with one line each, for editors and `grep`: `file:line:column: error[E0031]: message; help: …`.

use super::Diagnostic;
use super::locate::Locator;
use super::visible::visible_line;
use crate::source::Sources;

/// All findings.
pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut locator = Locator::new(sources);
    diagnostics.iter().map(|diagnostic| line(diagnostic, sources, &mut locator)).collect()
}

fn line(diagnostic: &Diagnostic, sources: &Sources, locator: &mut Locator<'_>) -> String {
    let position = locator.position(diagnostic.span);
    let file = visible_line(sources.name(diagnostic.span));
    let (level, code) = (diagnostic.level().name(), diagnostic.code.id);
    let message = visible_line(&diagnostic.message);
    let mut text = format!("{file}:{}:{}: {level}[{code}]: {message}", position.line, position.column);
    for help in &diagnostic.help {
        text.push_str("; help: ");
        text.push_str(&visible_line(&help.text));
    }
    text + "\n"
}
