//! Explains events of the journal. The stored payload is evaluated again, with the rules, the time and the open firings
//! that decided it. If the outcome differs from the stored one, an error says so.

use super::alert::{Explainer, check_routes};
use crate::cli::archived_rules;
use crate::cli::backend::{GatewayArguments, OperationsBackend};
use crate::cli::exit::Exit;
use crate::cli::input_reader::InputReader;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Styling;
use crate::evaluate::EvaluationContext;
use crate::gateway::journal::PushOrigin;
use crate::gateway::operations::{self, DecisionRecord};
use crate::json;
use crate::program::Destination;
use crate::ruleset::{EntryPoint, RuleSet};
use crate::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Explains an event, or all events of a push.
pub(super) fn explain(
    id: &str,
    place: &GatewayArguments,
    why_not: &[String],
    terminal: &mut Terminal,
) -> Result<Exit, Exit> {
    let decision = OperationsBackend::open(place, terminal)?.decision(id);
    let decision = decision.map_err(|error| error.report(terminal))?;
    let rules = archived_rules::read(&decision.archive, "the rules that decided the event");
    let rules = rules.map_err(|error| terminal.fail(&error))?;
    check_routes(&rules, why_not, terminal)?;
    let explanation = explain_decision(&rules, &decision, why_not, terminal.out.color());
    let explanation = explanation.map_err(|error| terminal.fail(&error))?;
    terminal.out.print(&explanation.text);
    if !explanation.agrees {
        terminal.error("the stored outcome differs from what these rules decide now; the explanation shows the latter");
        terminal.help(&format!(
            "`pointsman events {}` shows the stored outcome; another version of pointsman may have decided it",
            operations::decision_id(&decision)
        ));
    }
    Ok(if explanation.agrees && explanation.accepted { Exit::Success } else { Exit::Findings })
}

/// The explanation of a stored decision.
struct DecisionExplanation {
    text: String,
    /// Whether the outcome is the stored one.
    agrees: bool,
    accepted: bool,
}

fn explain_decision(
    rules: &RuleSet,
    decision: &DecisionRecord,
    why_not: &[String],
    styling: Styling,
) -> Result<DecisionExplanation, String> {
    if decision.origin == PushOrigin::Clock {
        return explain_own(rules, decision, why_not, styling);
    }
    let payload = STANDARD.decode(&decision.payload).map_err(|error| error.to_string())?;
    let arena = json::Arena::new();
    let document = json::parse(&payload, &arena).map_err(|invalid| invalid.message)?;
    let received = u64::try_from(decision.received).ok().and_then(Timestamp::from_whole_epoch);
    let now = received.ok_or("the journal has no time for the event")?;
    let open = |key: &str| {
        let firing = decision.open.iter().find(|(open, _)| open == key);
        firing.map(|(_, channels)| channels.clone()).unwrap_or_default()
    };
    let explainer = Explainer {
        rules,
        reader: InputReader::Payloads(EntryPoint::Integration(&decision.integration)),
        context: EvaluationContext { now, open: &open, request: &decision.request },
        why_not,
        styling,
    };
    let explanation = explainer.document(&document, &operations::decision_id(decision))?;
    let mut text = format!("decided at {now} by generation {} of the rules, {}\n", decision.generation, decision.rules);
    for (position, explained) in explanation.texts.iter().enumerate() {
        if decision.index.is_none_or(|index| usize::try_from(index) == Ok(position)) {
            text.push_str(explained);
            text.push('\n');
        }
    }
    add_fates(&mut text, decision);
    let agrees = explanation.outcomes == decision.outcomes;
    Ok(DecisionExplanation { text, agrees, accepted: explanation.accepted })
}

fn add_fates(text: &mut String, decision: &DecisionRecord) {
    for fate in &decision.fates {
        let told = fate.text(&|at| at.to_string());
        text.extend([fate.channel.as_str(), ": ", &told, "\n"]);
    }
}

/// Explains events that the gateway made itself: nothing was received that could be read again, so only their way is explained.
fn explain_own(
    rules: &RuleSet,
    decision: &DecisionRecord,
    why_not: &[String],
    styling: Styling,
) -> Result<DecisionExplanation, String> {
    let received = u64::try_from(decision.received).ok().and_then(Timestamp::from_whole_epoch);
    let now = received.ok_or("the journal has no time for the event")?;
    let open = |key: &str| {
        let firing = decision.open.iter().find(|(open, _)| open == key);
        firing.map(|(_, channels)| channels.clone()).unwrap_or_default()
    };
    let routing = own_routing(rules, &decision.integration);
    let mut text = format!("decided at {now} by generation {} of the rules, {}\n", decision.generation, decision.rules);
    text.push_str(match decision.integration.strip_prefix("heartbeat ") {
        Some(_) => "the gateway made this event, of what it heard of the senders of a heartbeat\n",
        None => "the gateway made this event, as nothing more was heard of the alert\n",
    });
    for (position, outcome) in decision.outcomes.iter().enumerate() {
        if decision.index.is_some_and(|index| usize::try_from(index) != Ok(position)) {
            continue;
        }
        let arena = json::Arena::new();
        let stored: serde_json::Value = serde_json::from_str(outcome).map_err(|error| error.to_string())?;
        let (Some(routing), Some(event)) = (routing, stored.get("event")) else {
            text.push_str(outcome);
            text.push('\n');
            continue;
        };
        let event = event.to_string();
        let document = json::parse(event.as_bytes(), &arena).map_err(|invalid| invalid.message)?;
        let explainer = Explainer {
            rules,
            reader: InputReader::Events(routing),
            context: EvaluationContext { open: &open, ..EvaluationContext::at(now) },
            why_not,
            styling,
        };
        for explained in explainer.document(&document, &operations::decision_id(decision))?.texts {
            text.extend([explained.as_str(), "\n"]);
        }
    }
    add_fates(&mut text, decision);
    Ok(DecisionExplanation { text, agrees: true, accepted: true })
}

/// The routing that events of a heartbeat, or of an integration, go to.
fn own_routing<'r>(rules: &'r RuleSet, integration: &str) -> Option<&'r str> {
    let program = &rules.program;
    let heartbeat = program.heartbeats.iter().find(|heartbeat| *heartbeat.source == *integration);
    let position = match heartbeat {
        Some(heartbeat) => heartbeat.routing,
        None => match program.integrations.iter().find(|one| *one.name == *integration)?.destination {
            Destination::Routing(position) => position,
            Destination::Channel(_) | Destination::Member { .. } => return None,
        },
    };
    program.routings.get(position).map(|routing| &*routing.name)
}

#[cfg(test)]
mod tests {
    use super::{DecisionExplanation, explain_decision};
    use crate::diagnostic::Styling;
    use crate::evaluate::{EvaluationContext, RequestMetadata, SilentObserver};
    use crate::gateway::journal::PushOrigin;
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

    /// A push as the journal stores it, decided by these rules.
    fn decided(rules: &RuleSet, payload: &str, open: &[(String, Vec<String>)]) -> DecisionRecord {
        let arena = json::Arena::new();
        let document = json::parse(payload.as_bytes(), &arena).unwrap();
        let now = Timestamp::from_whole_epoch(NIGHT.unsigned_abs()).unwrap();
        let channels = |_: &str| open.first().map(|(_, channels)| channels.clone()).unwrap_or_default();
        let context = EvaluationContext { open: &channels, ..EvaluationContext::at(now) };
        let outcomes =
            rules.evaluate(EntryPoint::Integration("arms_prod"), &document, &context, &mut SilentObserver).unwrap();
        DecisionRecord {
            push: "01KADZ3V9G0000000000000000".into(),
            index: None,
            integration: "arms_prod".into(),
            origin: PushOrigin::Push,
            received: NIGHT,
            generation: 7,
            rules: "ab".into(),
            payload: STANDARD.encode(payload),
            outcomes: outcomes.iter().map(json::ToJson::to_json).collect(),
            open: open.to_vec(),
            request: RequestMetadata::default(),
            archive: String::new(),
            fates: Vec::new(),
        }
    }

    const TWO: &str = r#"{"alerts":[{"status":"firing"},{"status":"resolved"}]}"#;

    fn explained(rules: &RuleSet, decision: &DecisionRecord, why_not: &[&str]) -> DecisionExplanation {
        let why_not: Vec<String> = why_not.iter().map(|path| (*path).to_owned()).collect();
        explain_decision(rules, decision, &why_not, Styling::Plain).unwrap()
    }

    #[test]
    fn an_event_is_explained_by_the_rules_the_time_and_the_firings_that_decided_it() {
        let rules = rules(RULES);
        let decision = decided(&rules, TWO, &[("disk".into(), vec!["page".into()])]);
        let explained = explained(&rules, &decision, &[]);
        assert!(explained.agrees && explained.accepted, "{}", explained.text);
        assert!(explained.text.contains("HIT: route asleep"), "{}", explained.text);
        assert!(explained.text.contains("a recovery follows its firing: page"), "{}", explained.text);
        assert!(explained.text.contains("2026-03-06T18:00:00Z"), "{}", explained.text);
    }

    #[test]
    fn one_event_of_a_push_is_explained_alone() {
        let rules = rules(RULES);
        let decision = DecisionRecord { index: Some(1), ..decided(&rules, TWO, &[]) };
        let explained = explained(&rules, &decision, &["main.else"]);
        assert!(explained.agrees, "{}", explained.text);
        assert!(explained.text.contains("alert 1") && !explained.text.contains("alert 0"), "{}", explained.text);
        assert!(explained.text.contains("why not `main.else`?"), "{}", explained.text);
    }

    #[test]
    fn another_outcome_than_the_stored_one_is_noticed() {
        let then = rules(RULES);
        let now = rules(&RULES.replace("\"disk full\"", "\"disk is full\""));
        assert!(!explained(&now, &decided(&then, TWO, &[]), &[]).agrees);
    }
}
