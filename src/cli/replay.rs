//! `pointsman replay`: replays pushes; also the loop that all replays share.

use super::backend::{BackendResult, GatewayArguments, LimitArguments, OperationsBackend, RecordArguments};
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat, ListingPrinter};
use super::secrets::SecretArguments;
use super::terminal::Terminal;
use crate::gateway::operations::{
    ListingPage, MAX_AT_ONCE, RecordSelection, ReplayCandidate, ReplayRequest, ReplayResult,
};
use clap::Args;
use std::path::PathBuf;

/// The maximum number of pushes in a plan, whose ids are in memory.
const MAX_PUSHES: usize = 1_000_000;
/// The seconds that a part of a replay may take, well below the timeout of the client.
const PART_SECONDS: u32 = 10;

/// Replay pushes: decide their payloads by the current rules, or deliver the stored bodies again
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Deliver the stored bodies to their channels again, whatever the current rules say
    #[arg(long)]
    stored: bool,
    #[command(flatten)]
    pace: ReplayArguments,
    #[command(flatten)]
    choice: RecordArguments,
    #[command(flatten)]
    place: GatewayArguments,
}

/// The arguments that all replays share.
#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// Replay everything in the journal, if nothing else selects some
    #[arg(long)]
    all: bool,
    /// Rule files and folders that decide if no gateway runs; their secrets must be available as in the gateway
    #[arg(long, value_name = "PATH", num_args = 1..)]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    secrets: SecretArguments,
    /// How many per second
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Show what would be replayed, without replaying it
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    most: LimitArguments,
    #[command(flatten)]
    output: FormatArguments,
}

impl ReplayArguments {
    /// How many are replayed at most, if that is limited.
    pub(super) fn limit(&self) -> Option<u32> {
        self.most.limit
    }
}

const EXAMPLES: &str = "\
Examples:
  pointsman replay --since 2h --integration arms_prod --dry-run
  pointsman replay --since 2h --integration arms_prod
  pointsman replay --stored --id 01KADZ3V9G0000000000000000-0 --channel oncall

The oldest push is replayed first. A push is decided again as a whole, even if only some of its events are selected: \
by the running gateway, or by `--rules` if none runs; then its events are delivered once a gateway runs. \
Receivers may get an alert again. Stored bodies keep their idempotency keys and carry the header \
`Pointsman-Replay: true`: a receiver that knows the key may drop them.

Exit codes:
  0  replayed
  1  the current rules refused a push
  2  the command line is wrong, or does not say which are meant
  3  there is no push with that id, or the journal could not be reached";

/// Plans and replays.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = arguments.choice.selection(arguments.pace.limit(), terminal)?;
    let task = ReplayTask {
        plan: OperationsBackend::plan,
        replay_part: OperationsBackend::replay,
        needs_rules: !arguments.stored,
        none: "no push",
        advice: "`--stored` delivers the stored bodies without rules",
        request: ReplayRequest {
            stored: arguments.stored,
            channel: selection.channel.clone(),
            key: selection.key.clone(),
            ..ReplayRequest::default()
        },
    };
    task.run(&selection, &arguments.pace, &arguments.place, terminal)
}

/// A replay of pushes or of refused bodies.
pub(super) struct ReplayTask {
    pub(super) plan: fn(&OperationsBackend, &RecordSelection) -> BackendResult<ListingPage<ReplayCandidate>>,
    pub(super) replay_part: fn(&OperationsBackend, &ReplayRequest) -> BackendResult<ListingPage<ReplayResult>>,
    /// Whether rules decide.
    pub(super) needs_rules: bool,
    /// How to say that none is selected.
    pub(super) none: &'static str,
    /// What a user can do if no gateway runs.
    pub(super) advice: &'static str,
    /// The request that all parts share.
    pub(super) request: ReplayRequest,
}

impl ReplayTask {
    pub(super) fn run(
        self,
        selection: &RecordSelection,
        pace: &ReplayArguments,
        gateway: &GatewayArguments,
        terminal: &mut Terminal,
    ) -> Result<Exit, Exit> {
        if selection.is_empty() && !pace.all {
            terminal.error("no pushes are selected");
            terminal.help("select some with `--since 2h`, `--integration NAME` or `--id ID`, or all with `--all`");
            return Err(Exit::Usage);
        }
        let mut backend = OperationsBackend::open(gateway, terminal)?;
        if self.needs_rules && !pace.rules.is_empty() {
            let access = pace.secrets.access(gateway.state());
            backend.use_rules(&pace.rules, &access, terminal)?;
        } else if self.needs_rules && !backend.is_live() && !pace.dry_run {
            terminal.error("no gateway runs, so no rules can decide");
            terminal.help("start it with `pointsman serve`, or name the rules: `--rules PATH`");
            terminal.help(self.advice);
            return Err(Exit::Failed);
        }
        let plan = pages(selection, |selection| (self.plan)(&backend, selection));
        let plan = plan.map_err(|error| error.report(terminal))?;
        if let Some(id) = selection.id.as_deref().filter(|_| plan.is_empty()) {
            return Err(terminal.fail(&format!("{} with the id `{id}` is selected", self.none)));
        }
        if pace.dry_run {
            show(&plan, pace, terminal);
            return Ok(Exit::Success);
        }
        self.replay(&backend, &plan, pace, terminal)
    }

    fn replay(
        self,
        backend: &OperationsBackend,
        plan: &[ReplayCandidate],
        pace: &ReplayArguments,
        terminal: &mut Terminal,
    ) -> Result<Exit, Exit> {
        let ids = ids(plan, self.request.stored);
        let size = usize::try_from(pace.rate.saturating_mul(PART_SECONDS)).unwrap_or(MAX_AT_ONCE).min(MAX_AT_ONCE);
        let mut exit = Exit::Success;
        let mut printer = ListingPrinter::new(pace.output.format());
        for part in ids.chunks(size) {
            let request = ReplayRequest { ids: part.to_vec(), rate: Some(pace.rate), ..self.request.clone() };
            let replayed = (self.replay_part)(backend, &request).map_err(|error| {
                let exit = error.report(terminal);
                let first = part.first().map(String::as_str).unwrap_or_default();
                terminal.help(&format!("everything before `{first}` is replayed; the rest may not be"));
                exit
            })?;
            printer.print(&replayed.items, terminal);
            if replayed.items.iter().any(|item| item.refused.is_some()) {
                exit = exit.max(Exit::Findings);
            }
        }
        if ids.is_empty() {
            terminal.help("nothing is selected");
        } else if !backend.is_live() {
            terminal.help("no gateway runs: they are sent once `pointsman serve` runs");
        }
        Ok(exit)
    }
}

/// Every id of a plan: those of pushes, or those of the selected events for stored bodies.
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

fn show(plan: &[ReplayCandidate], pace: &ReplayArguments, terminal: &mut Terminal) {
    let format = pace.output.format();
    ListingPrinter::new(format).print(plan, terminal);
    if format == ListingFormat::Text {
        let seconds = plan.len().div_ceil(usize::try_from(pace.rate).unwrap_or(1).max(1));
        terminal
            .help(&format!("{} would be replayed, in about {seconds} s; omit `--dry-run` to replay them", plan.len()));
    }
}

/// The whole plan, the oldest first.
fn pages(
    selection: &RecordSelection,
    page: impl FnMut(&RecordSelection) -> BackendResult<ListingPage<ReplayCandidate>>,
) -> BackendResult<Vec<ReplayCandidate>> {
    let limit = selection.limit.unwrap_or(MAX_PUSHES);
    let mut plan = listing::all_pages(RecordSelection { limit: Some(1_000), ..selection.clone() }, limit, page)?;
    plan.reverse();
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::{ids, pages};
    use crate::gateway::operations::{ListingPage, RecordSelection, ReplayCandidate};

    fn planned(id: u32) -> ReplayCandidate {
        ReplayCandidate { id: id.to_string(), integration: String::new(), received: String::new(), events: vec![0, 2] }
    }

    #[test]
    fn a_plan_of_several_pages_begins_with_the_oldest() {
        let mut all: Vec<ReplayCandidate> = (0..2_500).map(planned).collect();
        all.reverse();
        let page = |selection: &RecordSelection| {
            let before = selection.before.as_deref().map_or(2_500, |id| id.parse().unwrap());
            // The first page is empty, as in a search for a rare key.
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
