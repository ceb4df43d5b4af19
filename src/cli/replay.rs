//! `pointsman replay`: pushes once more, and the loop that all replays share.

use super::backend::{GatewayArguments, OperationsBackend, RecordArguments};
use super::exit::Exit;
use super::listing::{self, failed};
use super::terminal::Terminal;
use crate::gateway::operations::{
    ListingPage, MOST_AT_ONCE, RecordSelection, ReplayCandidate, ReplayRequest, ReplayResult,
};
use clap::Args;
use std::path::PathBuf;

/// How many pushes a plan may hold: their ids are in memory.
const MAX_PUSHES: usize = 1_000_000;
/// How long a part of a replay may take, in seconds, within the patience of the client.
const PART_SECONDS: u32 = 10;

/// Replays pushes: decides their payloads by today's rules, or delivers the stored bodies again
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Deliver the bodies of that time to the channels of that time, whatever the rules say today
    #[arg(long)]
    stored: bool,
    #[command(flatten)]
    pace: ReplayArguments,
    #[command(flatten)]
    choice: RecordArguments,
    #[command(flatten)]
    place: GatewayArguments,
}

/// How a replay goes on.
#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// All that the journal holds, where nothing else is said
    #[arg(long)]
    all: bool,
    /// Rule files and folders that decide where no gateway runs, with their secrets as the gateway has them
    #[arg(long, value_name = "PATH", num_args = 1..)]
    rules: Vec<PathBuf>,
    /// So many a second
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Show what would be replayed, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  pointsman replay --since 2h --integration arms_prod --dry-run
  pointsman replay --since 2h --integration arms_prod
  pointsman replay --stored --id 01KADZ3V9G0000000000000000-0 --channel oncall

The oldest goes first. By today's rules, a whole push is decided anew, even where only some of its events
are selected: by the gateway that runs, or by `--rules` where none does; then what comes of it is delivered
once one runs. Every receiver may get an alert once more. Stored bodies keep
their idempotency keys and carry the header `Pointsman-Replay: true`: a receiver that knows the key may drop them.

Exit codes:
  0  replayed
  1  something was refused by today's rules
  2  the command line is wrong, or does not say which are meant
  3  the journal could not be reached";

/// Plans and replays.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    let selection = match arguments.choice.selection(terminal) {
        Ok(selection) => selection,
        Err(exit) => return exit,
    };
    let task = ReplayTask {
        plan: OperationsBackend::plan,
        replay_part: OperationsBackend::replay,
        needs_rules: !arguments.stored,
        advice: "`--stored` delivers the bodies of that time without one",
        request: ReplayRequest {
            stored: arguments.stored,
            channel: selection.channel.clone(),
            key: selection.key.clone(),
            ..ReplayRequest::default()
        },
    };
    task.run(&selection, &arguments.pace, &arguments.place, terminal)
}

/// A replay of some kind.
pub(super) struct ReplayTask {
    pub(super) plan: fn(&OperationsBackend, &RecordSelection) -> Result<ListingPage<ReplayCandidate>, String>,
    pub(super) replay_part:
        fn(&OperationsBackend, &ReplayRequest) -> Result<ListingPage<ReplayResult>, String>,
    /// Whether rules have to decide.
    pub(super) needs_rules: bool,
    /// What can be done where no gateway runs.
    pub(super) advice: &'static str,
    /// What all parts have in common.
    pub(super) request: ReplayRequest,
}

impl ReplayTask {
    pub(super) fn run(
        self,
        selection: &RecordSelection,
        pace: &ReplayArguments,
        whose: &GatewayArguments,
        terminal: &mut Terminal,
    ) -> Exit {
        if selection.is_empty() && !pace.all {
            terminal.error("nothing says what is to be replayed");
            terminal.help("select some: `--since 2h`, `--integration NAME`, `--id ID`; or say that all is meant: `--all`");
            return Exit::Usage;
        }
        let mut desk = match OperationsBackend::open(whose, terminal) {
            Ok(desk) => desk,
            Err(exit) => return exit,
        };
        if self.needs_rules && !pace.rules.is_empty() {
            if let Err(exit) = desk.use_rules(&pace.rules, terminal) {
                return exit;
            }
        } else if self.needs_rules && !desk.is_live() && !pace.dry_run {
            terminal.error("no gateway runs whose rules could decide");
            terminal.help("start it with `pointsman serve`, or name the rules: `--rules PATH`");
            terminal.help(self.advice);
            return Exit::Failed;
        }
        match pages(selection, |selection| (self.plan)(&desk, selection)) {
            Ok(plan) if pace.dry_run => show(&plan, pace, terminal),
            Ok(plan) => self.replay(&desk, &plan, pace, terminal),
            Err(error) => failed(&error, terminal),
        }
    }

    fn replay(
        self,
        desk: &OperationsBackend,
        plan: &[ReplayCandidate],
        pace: &ReplayArguments,
        terminal: &mut Terminal,
    ) -> Exit {
        let ids = ids(plan, self.request.stored);
        let size =
            usize::try_from(pace.rate.saturating_mul(PART_SECONDS)).unwrap_or(MOST_AT_ONCE).min(MOST_AT_ONCE);
        let mut exit = Exit::Success;
        for part in ids.chunks(size) {
            let request = ReplayRequest { ids: part.to_vec(), rate: Some(pace.rate), ..self.request.clone() };
            match (self.replay_part)(desk, &request) {
                Ok(done) => {
                    listing::print(&done.items, pace.json, terminal);
                    if done.items.iter().any(|item| item.refused.is_some()) {
                        exit = exit.max(Exit::Findings);
                    }
                }
                Err(error) => {
                    failed(&error, terminal);
                    let first = part.first().map(String::as_str).unwrap_or_default();
                    terminal.help(&format!("what stands before `{first}` is replayed; the rest may not be"));
                    return Exit::Failed;
                }
            }
        }
        if ids.is_empty() {
            terminal.help("nothing is selected");
        } else if !desk.is_live() {
            terminal.help("no gateway runs: they go out once `pointsman serve` does");
        }
        exit
    }
}

/// Every id of a plan: of pushes, or of the selected events where stored bodies are meant.
fn ids(plan: &[ReplayCandidate], stored: bool) -> Vec<String> {
    let of = |item: &ReplayCandidate| -> Vec<String> {
        if stored && !item.events.is_empty() {
            item.events.iter().map(|index| format!("{}-{index}", item.id)).collect()
        } else {
            vec![item.id.clone()]
        }
    };
    plan.iter().flat_map(of).collect()
}

fn show(plan: &[ReplayCandidate], pace: &ReplayArguments, terminal: &mut Terminal) -> Exit {
    listing::print(plan, pace.json, terminal);
    if !pace.json {
        let seconds = plan.len().div_ceil(usize::try_from(pace.rate).unwrap_or(1).max(1));
        terminal.help(&format!(
            "{} would be replayed, in about {seconds} s; leave `--dry-run` out to do it",
            plan.len()
        ));
    }
    Exit::Success
}

/// The whole plan, the oldest first.
fn pages(
    selection: &RecordSelection,
    mut page: impl FnMut(&RecordSelection) -> Result<ListingPage<ReplayCandidate>, String>,
) -> Result<Vec<ReplayCandidate>, String> {
    let most = selection.limit.unwrap_or(MAX_PUSHES);
    let mut plan: Vec<ReplayCandidate> = Vec::new();
    let mut next = RecordSelection { limit: Some(1_000), ..selection.clone() };
    while plan.len() < most {
        let found = page(&next)?;
        plan.extend(found.items);
        if found.next.is_none() {
            break;
        }
        next.before = found.next;
    }
    plan.truncate(most);
    plan.reverse();
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::{ids, pages};
    use crate::gateway::operations::{ListingPage, RecordSelection, ReplayCandidate};

    fn planned(id: u32) -> ReplayCandidate {
        ReplayCandidate {
            id: id.to_string(),
            integration: String::new(),
            received: String::new(),
            events: vec![0, 2],
        }
    }

    #[test]
    fn a_plan_of_several_pages_begins_with_the_oldest() {
        let mut all: Vec<ReplayCandidate> = (0..2_500).map(planned).collect();
        all.reverse();
        let page = |selection: &RecordSelection| {
            let before = selection.before.as_deref().map_or(2_500, |id| id.parse().unwrap());
            // As where a rare key is looked for: the first page of it is empty.
            let first = selection.before.is_none();
            let items = all.iter().filter(|item| item.id.parse::<u32>().unwrap() < before);
            let items: Vec<_> = items.take(if first { 0 } else { 1_000 }).cloned().collect();
            let next = if first { Some("2500".to_owned()) } else { items.last().map(|last| last.id.clone()) };
            Ok(ListingPage { items, next })
        };
        let plan = pages(&RecordSelection::default(), page).unwrap();
        assert!(plan.iter().map(|item| item.id.parse::<u32>().unwrap()).eq(0..2_500));
        let newest = pages(&RecordSelection { limit: Some(2), ..RecordSelection::default() }, page).unwrap();
        assert_eq!(newest, [planned(2_498), planned(2_499)]);
    }

    #[test]
    fn stored_bodies_are_named_by_event_and_payloads_by_push() {
        assert_eq!(ids(&[planned(1)], true), ["1-0", "1-2"]);
        assert_eq!(ids(&[planned(1)], false), ["1"]);
    }
}
