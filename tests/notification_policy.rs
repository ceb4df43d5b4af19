//! What rules say about when and how often channels tell people: the policy of each channel, and the values by which it groups
//! alerts. The rules, the alerts and what is expected are in `cases/notification`.

use crate::arena;
use expect_test::expect_file;
use pointsman::channel::{NotificationPolicy, RepeatPolicy};
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::event::{Event, OutcomeKind};
use pointsman::json;
use pointsman::ruleset::{EntryPoint, RuleSet};
use pointsman::time::{DurationText, Timestamp};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn shown(policy: NotificationPolicy) -> String {
    let repeat = match policy.repeat {
        RepeatPolicy::EveryEvent => return "every event".to_owned(),
        RepeatPolicy::Never => "never".to_owned(),
        RepeatPolicy::After(after) => DurationText(after).to_string(),
    };
    let [low, high, critical] = [policy.wait.low, policy.wait.high, policy.wait_critical].map(DurationText);
    let rate = policy.rate.map_or("none".to_owned(), |rate| rate.to_string());
    let storms =
        if policy.gathers_storms { format!("storms above {}", policy.calm_rate()) } else { "no storms".to_owned() };
    format!(
        "repeat {repeat}, wait {low}..{high}, critical {critical}, recoveries {:?}, rate {rate}, {storms}",
        policy.recoveries
    )
}

#[test]
fn channels_have_the_policies_and_the_groups_of_their_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/notification");
    let loaded = RuleSet::load(&[PathBuf::from("tests/cases/notification")], None).unwrap();
    let rules = loaded.rules.unwrap_or_else(|| {
        panic!("{}", render(DiagnosticFormat::Human, &loaded.diagnostics, &loaded.sources));
    });
    let context = EvaluationContext::at(Timestamp::read("2026-03-07T02:00:00+08:00").unwrap());
    let alerts = std::fs::read_to_string(folder.join("alerts.jsonl")).unwrap();
    let mut events: Vec<&Event<'_>> = Vec::new();
    for alert in alerts.lines() {
        let document = json::parse(alert.as_bytes(), arena()).unwrap();
        let outcomes = rules.evaluate(EntryPoint::Mapping("alarms", None), &document, &context, &mut SilentObserver);
        let OutcomeKind::Event(event) = &outcomes.unwrap()[0].kind else { panic!("{alert} gives no event") };
        events.push(event);
    }
    let mut said = String::new();
    for channel in &rules.program.channels {
        let _ = writeln!(said, "{}: {}", channel.name, shown(rules.policy(&channel.name).unwrap()));
        for event in &events {
            let values = rules.group_values(&channel.name, event, &context, &mut SilentObserver).unwrap();
            let value = |(name, text): &(&str, Option<String>)| match text {
                Some(text) => format!("{name} {text:?}"),
                None => format!("{name} is missing"),
            };
            let values: Vec<String> = values.iter().map(value).collect();
            if !values.is_empty() {
                let _ = writeln!(said, "  {}: {}", event.title, values.join(", "));
            }
        }
    }
    expect_file![folder.join("channels.txt")].assert_eq(&said);
    assert!(rules.policy("nobody").is_err());
}
