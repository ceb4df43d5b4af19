//! Problems of rules: files that are not in force, and what the rules in force, or their files, should be like.

use super::StatusProblemLevel::{Failing, Warning};
use super::{StatusProblem, duration};
use crate::gateway::status::{RulesLoadFailure, RulesSummary};

/// From this age on, an old version of the rules should no longer be in use.
const OLD_RULES_SECONDS: u64 = 60;

/// Files on the disk that are not in force.
pub(super) fn reload(rules: &RulesSummary, roots: &str) -> Option<StatusProblem> {
    let failure = rules.failure.as_ref()?;
    let kept = format!("the files on the disk are not in force, generation {} stays", rules.generation);
    let fix = match &*failure.stage {
        "tests" => format!("`pointsman test {roots}` shows what fails; fix the rules or the test, and save"),
        "channels" => "fix what the finding names; the rules are loaded again once a file changes".to_owned(),
        // `check` has other limits and other rights, and may find nothing wrong.
        "read" if failure.findings.is_empty() => {
            "fix what is named; the rules are loaded again once a file changes".to_owned()
        }
        _ => format!("fix the file and save it, and it is loaded; `pointsman check {roots}` shows all findings"),
    };
    Some(
        StatusProblem::new(Failing, "rules", "rules")
            .since(rules.failing_since.as_ref().or(Some(&rules.attempted)))
            .says(format!("{kept}: {}", first_finding(failure)), fix),
    )
}

/// The first finding, which has its place, and how many more there are; without findings, why the load failed.
fn first_finding(failure: &RulesLoadFailure) -> String {
    match failure.findings.as_slice() {
        [] => failure.message.clone(),
        [only] => only.clone(),
        [first, others @ ..] => format!("{first} (and {} more)", others.len()),
    }
}

/// What the rules in force, or their files, should be like.
pub(super) fn warnings(rules: &RulesSummary) -> Vec<StatusProblem> {
    let warning = |kind: &str| StatusProblem::new(Warning, kind, "rules");
    let not_kept = rules.not_kept.iter().map(|why| {
        warning("last_good").says(
            format!("the last good rules cannot be saved, so `--start-with-last-good` would start older ones: {why}"),
            "make room in the state directory, or give the gateway the right to write there",
        )
    });
    let warnings = rules.warnings.iter().map(|text| warning("warning").says(text, "fix it and save the rules"));
    let old = rules.oldest_seconds.filter(|age| *age >= OLD_RULES_SECONDS).map(|age| {
        warning("versions").says(
            format!(
                "rules that were replaced {} ago are still in use",
                duration(i64::try_from(age).unwrap_or(i64::MAX))
            ),
            "a push has not ended since: if that lasts, restart the gateway and report a bug",
        )
    });
    not_kept.chain(warnings).chain(old).collect()
}
