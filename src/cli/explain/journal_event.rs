//! Why an event of the journal went where it went: what came is evaluated once more, with the rules, the time and the
//! open firings of that time. It must come to what was stored; where it does not, that is said first.

use super::alert::Explainer;
use crate::cli::backend::{GatewayArguments, OperationsBackend};
use crate::cli::exit::Exit;
use crate::cli::input_reader::InputReader;
use crate::cli::terminal::Terminal;
use crate::evaluate::EvaluationContext;
use crate::gateway::operations::{self, DecisionRecord};
use crate::json;
use crate::reload::Snapshot;
use crate::ruleset::{EntryPoint, RuleSet, is_route};
use crate::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Explains an event, or all events of a push.
pub(super) fn explain(
    id: &str,
    place: &GatewayArguments,
    why_not: &[String],
    terminal: &mut Terminal,
) -> Exit {
    let decision = match OperationsBackend::open(place, terminal) {
        Ok(desk) => desk.decision(id),
        Err(exit) => return exit,
    };
    let told = decision.and_then(|decision| {
        let archive = STANDARD.decode(&decision.archive).map_err(|error| error.to_string())?;
        let snapshot = Snapshot::from_archive(&archive)
            .map_err(|error| format!("the rules of that time cannot be read: {error}"))?;
        let rules = rules(&snapshot)?;
        Ok((rules, decision))
    });
    let (rules, decision) = match told {
        Ok(told) => told,
        Err(error) => {
            terminal.error(&error);
            return Exit::Failed;
        }
    };
    if let Err(unknown) = why_not.iter().try_for_each(|path| is_route(&rules, path)) {
        terminal.error(&unknown.to_string());
        return Exit::Usage;
    }
    match explain_decision(&rules, &decision, why_not, terminal.out.color()) {
        Ok(told) => {
            terminal.out.print(&told.text);
            if !told.agrees {
                terminal.error(
                    "what is stored was decided otherwise than these rules decide: above is what they say now, not what happened",
                );
                terminal.help(&format!(
                    "`pointsman events {}` shows what was stored; was it another version of pointsman?",
                    operations::decision_id(&decision)
                ));
            }
            if told.agrees && told.accepted { Exit::Success } else { Exit::Findings }
        }
        Err(error) => {
            terminal.error(&error);
            Exit::Failed
        }
    }
}

/// The rules of an archive.
fn rules(snapshot: &Snapshot) -> Result<RuleSet, String> {
    let loaded = RuleSet::from_sources(snapshot.sources().clone(), &|path| snapshot.read(path), None);
    loaded.rules.ok_or_else(|| {
        let first =
            loaded.diagnostics.first().map(|found| format!(": {}", found.message)).unwrap_or_default();
        format!("this version of pointsman refuses the rules of that time{first}")
    })
}

/// What is told of a decision.
struct DecisionExplanation {
    text: String,
    /// Whether it comes to what was stored.
    agrees: bool,
    accepted: bool,
}

fn explain_decision(
    rules: &RuleSet,
    decision: &DecisionRecord,
    why_not: &[String],
    color: bool,
) -> Result<DecisionExplanation, String> {
    let payload = STANDARD.decode(&decision.payload).map_err(|error| error.to_string())?;
    let arena = json::Arena::new();
    let document = json::parse(&payload, &arena).map_err(|invalid| invalid.message)?;
    let received = u64::try_from(decision.received).ok().and_then(Timestamp::from_whole_epoch);
    let now = received.ok_or("the journal does not say when the event came")?;
    let open = |key: &str| {
        let firing = decision.open.iter().find(|(open, _)| open == key);
        firing.map(|(_, channels)| channels.clone()).unwrap_or_default()
    };
    let explainer = Explainer {
        rules,
        reader: InputReader::Payloads(EntryPoint::Integration(&decision.integration)),
        context: EvaluationContext { now, open: &open },
        why_not,
        color,
    };
    let found = explainer.document(&document, &operations::decision_id(decision))?;
    let mut text =
        format!("decided at {now} by generation {} of the rules, {}\n", decision.generation, decision.rules);
    for (position, story) in found.texts.iter().enumerate() {
        if decision.index.is_none_or(|index| usize::try_from(index) == Ok(position)) {
            text.push_str(story);
            text.push('\n');
        }
    }
    Ok(DecisionExplanation { text, agrees: found.outcomes == decision.outcomes, accepted: found.accepted })
}

#[cfg(test)]
mod tests {
    use super::{DecisionExplanation, explain_decision};
    use crate::evaluate::{EvaluationContext, SilentObserver};
    use crate::gateway::operations::DecisionRecord;
    use crate::json;
    use crate::ruleset::{EntryPoint, RuleSet};
    use crate::source::Sources;
    use crate::time::Timestamp;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    const RULES: &str = r#"edition 1
mapping arms {
  each $.alerts[*]
  severity = Critical
  status   = match @.status { "resolved" => Resolved  else => Firing }
  title    = "disk full"
  key      = "disk"
}
channel page = stdout()
channel chat = stdout()
schedule night in "Asia/Shanghai" { 22:00..07:00 }
routing main {
  route asleep when during night => chat
  else => page
}
integration arms_prod { keys = [env("ARMS_KEY")]  arms => routing main }
"#;
    const NIGHT: i64 = 1_772_820_000_000;

    fn rules(text: &str) -> RuleSet {
        let mut sources = Sources::default();
        sources.add("arms.rules", text);
        let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
        loaded.rules.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    /// A push as the journal would hand it out, decided by these rules.
    fn decided(rules: &RuleSet, payload: &str, open: &[(String, Vec<String>)]) -> DecisionRecord {
        let arena = json::Arena::new();
        let document = json::parse(payload.as_bytes(), &arena).unwrap();
        let now = Timestamp::from_whole_epoch(NIGHT.unsigned_abs()).unwrap();
        let channels = |_: &str| open.first().map(|(_, channels)| channels.clone()).unwrap_or_default();
        let context = EvaluationContext { now, open: &channels };
        let outcomes = rules
            .evaluate(EntryPoint::Integration("arms_prod"), &document, &context, &mut SilentObserver)
            .unwrap();
        DecisionRecord {
            push: "01KADZ3V9G0000000000000000".into(),
            index: None,
            integration: "arms_prod".into(),
            received: NIGHT,
            generation: 7,
            rules: "ab".into(),
            payload: STANDARD.encode(payload),
            outcomes: outcomes.iter().map(json::ToJson::to_json).collect(),
            open: open.to_vec(),
            archive: String::new(),
        }
    }

    const TWO: &str = r#"{"alerts":[{"status":"firing"},{"status":"resolved"}]}"#;

    fn told(rules: &RuleSet, decision: &DecisionRecord, why_not: &[&str]) -> DecisionExplanation {
        let why_not: Vec<String> = why_not.iter().map(|path| (*path).to_owned()).collect();
        explain_decision(rules, decision, &why_not, false).unwrap()
    }

    #[test]
    fn it_is_explained_by_the_rules_the_time_and_the_firings_of_then() {
        let rules = rules(RULES);
        let decision = decided(&rules, TWO, &[("disk".into(), vec!["page".into()])]);
        let told = told(&rules, &decision, &[]);
        assert!(told.agrees && told.accepted, "{}", told.text);
        assert!(told.text.contains("HIT: route asleep"), "{}", told.text);
        assert!(told.text.contains("a recovery follows its firing: page"), "{}", told.text);
        assert!(told.text.contains("2026-03-06T18:00:00Z"), "{}", told.text);
    }

    #[test]
    fn one_event_of_a_push_is_told_alone() {
        let rules = rules(RULES);
        let decision = DecisionRecord { index: Some(1), ..decided(&rules, TWO, &[]) };
        let told = told(&rules, &decision, &["main.else"]);
        assert!(told.agrees, "{}", told.text);
        assert!(told.text.contains("alert 1") && !told.text.contains("alert 0"), "{}", told.text);
        assert!(told.text.contains("why not `main.else`?"), "{}", told.text);
    }

    #[test]
    fn another_outcome_than_the_stored_one_is_noticed() {
        let then = rules(RULES);
        let now = rules(&RULES.replace("\"disk full\"", "\"disk is full\""));
        assert!(!told(&now, &decided(&then, TWO, &[]), &[]).agrees);
    }
}
