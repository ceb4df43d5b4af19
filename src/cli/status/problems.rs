//! The problems of a status for people: what is wrong, since when, and what to do.

use crate::cli::layout::TextLayout;
use crate::cli::local_time::LocalTime;
use crate::cli::table::RowMark;
use crate::diagnostic::visible_line;
use crate::gateway::status::{StatusProblem, StatusProblemLevel};

/// The column at which the text of a problem begins.
const INDENT: usize = 9;

/// The problems, the worst first, and how many there are.
pub(super) fn render(problems: &[StatusProblem], time: &LocalTime, layout: TextLayout) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str(&block(problem, time, layout));
        text.push('\n');
    }
    text.push_str(&summary(problems));
    text.push('\n');
    text
}

fn block(problem: &StatusProblem, time: &LocalTime, layout: TextLayout) -> String {
    let (word, code) = match problem.level {
        StatusProblemLevel::Failing => ("FAILING", RowMark::Failing.ansi_code()),
        StatusProblemLevel::Warning => ("WARNING", RowMark::Warning.ansi_code()),
    };
    let since = problem.since.as_ref().map(|since| format!(", since {}", time.moment(since)));
    let latest = problem.latest.as_ref().map(|latest| format!(", last at {}", time.moment(latest)));
    let mut text = format!("{}  ", layout.styling.styled(code, word));
    let subject = layout.paragraph(&visible_line(&problem.subject), INDENT);
    text.push_str(&layout.styling.styled("1", subject.trim_end()));
    text.push_str(&since.or(latest).unwrap_or_default());
    text.push('\n');
    let until = if problem.kind == "held" { "held until" } else { "next attempt" };
    let next = problem.next.as_ref().map(|next| format!("{until}: {}", time.moment(next)));
    let lines = [Some(visible_line(&problem.summary)), next, Some(format!("to do: {}", visible_line(&problem.fix)))];
    for line in lines.iter().flatten() {
        text.extend(std::iter::repeat_n(' ', INDENT));
        text.push_str(&layout.paragraph(line, INDENT));
    }
    text
}

/// `2 failing, 1 warning`
fn summary(problems: &[StatusProblem]) -> String {
    let failing = problems.iter().filter(|problem| problem.level == StatusProblemLevel::Failing).count();
    let warnings = match problems.len() - failing {
        1 => "1 warning".to_owned(),
        count => format!("{count} warnings"),
    };
    match (failing, problems.len()) {
        (0, 0) => "nothing needs a look".to_owned(),
        (0, _) => warnings,
        (_, all) if all == failing => format!("{failing} failing"),
        (_, _) => format!("{failing} failing, {warnings}"),
    }
}

/// One line on how many problems there are.
pub(super) fn headline(problems: &[StatusProblem], layout: TextLayout) -> String {
    let worst = problems.iter().map(|problem| row_mark(problem.level)).min().unwrap_or(RowMark::None);
    let count = layout.styling.styled(worst.ansi_code(), &summary(problems));
    let how = if problems.is_empty() { "" } else { ": `pointsman status --problems` says what to do" };
    format!("{count}{how}\n")
}

/// The worst mark of a subject, such as the channel `page`.
pub(super) fn mark(problems: &[StatusProblem], what: &str, name: &str) -> RowMark {
    let subject = format!("{what} {name}");
    let own = problems.iter().filter(|problem| problem.subject == subject);
    own.map(|problem| row_mark(problem.level)).min().unwrap_or(RowMark::None)
}

fn row_mark(level: StatusProblemLevel) -> RowMark {
    match level {
        StatusProblemLevel::Failing => RowMark::Failing,
        StatusProblemLevel::Warning => RowMark::Warning,
    }
}
