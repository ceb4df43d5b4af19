//! The place where commands of operators run: in the running gateway, or directly on the journal if no gateway runs.

mod noise_reduction;
mod told;

use super::clock;
use super::exit::Exit;
use super::serve::given_token;
use super::serve::options::STATE;
use super::terminal::Terminal;
use crate::channel::StateFile;
use crate::diagnostic;
use crate::event::channel_name;
use crate::gateway::admin_client::{AdminClient, AdminClientError, AdminConnection};
use crate::gateway::journal::{DeadLetterRecord, DirectoryOwner, Journal, JournalConfig};
use crate::gateway::operations::{
    self, AffectedCount, BulkRequest, DecisionRecord, EventDetail, EventSummary, ListingPage, OfflineReplayer,
    OperationError, QuarantineDetail, QuarantineSummary, RecordCount, RecordSelection, ReplayCandidate, ReplayRequest,
    ReplayResult, ReplaySource,
};
use crate::reload::{LoadRejection, RuleAccess};
use crate::ruleset::SystemClock;
use crate::time::Timestamp;
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The arguments that choose a gateway or a journal.
#[derive(Debug, Args)]
pub(super) struct GatewayArguments {
    /// The state directory of the gateway. If a gateway runs there, it is asked; otherwise its journal is read
    #[arg(long, env = "POINTSMAN_STATE", value_name = "DIR", default_value = STATE)]
    state: PathBuf,
    /// Ask the gateway with this admin listener, such as `http://127.0.0.1:8481`
    #[arg(long, value_name = "URL")]
    admin: Option<String>,
    /// The file with its admin token, if that is not in the state directory or in `POINTSMAN_ADMIN_TOKEN`
    #[arg(long, env = "POINTSMAN_ADMIN_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A proxy for requests to `--admin`; the proxy variables of the environment are ignored
    #[arg(long, value_name = "URL", requires = "admin")]
    proxy: Option<String>,
    /// Certificates in PEM to trust besides those of the system, for requests to `--admin`
    #[arg(long, value_name = "FILE", requires = "admin")]
    ca_file: Option<PathBuf>,
}

/// The arguments that choose records.
#[derive(Debug, Args)]
pub(super) struct RecordArguments {
    /// From this time on: `2026-03-07T02:00:00+08:00`, or an age such as `2h` or `7d`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// Before this time, written like `--since`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
    /// Only of this integration
    #[arg(long, value_name = "NAME")]
    integration: Option<String>,
    /// Only to this channel
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Only with this alert key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only of this push or event
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

/// The argument that bounds what a command changes.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct LimitArguments {
    /// At most this many, the newest
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: Option<u32>,
}

impl RecordArguments {
    /// The selection, if its times can be read, of at most as many records as the limit says.
    ///
    /// # Errors
    /// If they cannot; the error is printed.
    pub(super) fn selection(&self, limit: Option<u32>, terminal: &mut Terminal) -> Result<RecordSelection, Exit> {
        let selection = RecordSelection {
            since: self.since.clone(),
            until: self.until.clone(),
            integration: self.integration.clone(),
            channel: self.channel.as_deref().map(channel_name),
            key: self.key.clone(),
            id: self.id.clone(),
            before: None,
            limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        };
        selection.filter(now()).map_err(|error| {
            terminal.error(&error.to_string());
            Exit::Usage
        })?;
        Ok(selection)
    }
}

fn now() -> Timestamp {
    clock::at(None)
}

impl GatewayArguments {
    /// The state directory.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// The running gateway; nothing if no gateway runs.
    ///
    /// # Errors
    /// If the address or the token is wrong; the error is printed.
    fn client(&self, terminal: &mut Terminal) -> Result<Option<AdminClient>, Exit> {
        let connection = AdminConnection { proxy: self.proxy.clone(), ca_file: self.ca_file.clone() };
        let found = match (&self.admin, given_token(self.token_file.clone(), terminal)?) {
            (None, token) => AdminClient::find(&self.state, token, &connection),
            (Some(url), Some(token)) => AdminClient::at(url, token, &connection).map(Some),
            (Some(_), None) => {
                terminal.error("the admin listener requires its token");
                terminal.help("name its file, `--token-file FILE`, or set `POINTSMAN_ADMIN_TOKEN`");
                return Err(Exit::Usage);
            }
        };
        found.map_err(|message| terminal.fail(&message))
    }

    /// The running gateway.
    ///
    /// # Errors
    /// If there is none; the error is printed.
    pub(super) fn running_gateway(&self, terminal: &mut Terminal) -> Result<AdminClient, Exit> {
        self.client(terminal)?.ok_or_else(|| {
            terminal.error(&format!("no gateway runs with the state directory `{}`", self.state.display()));
            terminal.help("name the state directory of your gateway: `--state DIR`");
            Exit::Failed
        })
    }
}

/// Why a command was not carried out.
#[derive(Debug)]
pub(super) enum BackendError {
    /// It asks for something that is not there, cannot be read, or is refused.
    Usage(String),
    /// Its gateway or journal failed.
    Failed(String),
}

impl BackendError {
    /// Prints it.
    pub(super) fn report(&self, terminal: &mut Terminal) -> Exit {
        match self {
            Self::Usage(message) => {
                terminal.error(message);
                Exit::Usage
            }
            Self::Failed(message) => terminal.fail(message),
        }
    }
}

impl From<AdminClientError> for BackendError {
    fn from(error: AdminClientError) -> Self {
        match error {
            AdminClientError::Rejected(message) => Self::Usage(message),
            AdminClientError::Failed(message) => Self::Failed(message),
        }
    }
}

impl From<OperationError> for BackendError {
    fn from(error: OperationError) -> Self {
        let message = error.to_string();
        match error {
            OperationError::InvalidRequest(_) | OperationError::Refused(_) => Self::Usage(message),
            OperationError::NotFound(_) | OperationError::Journal(_) => Self::Failed(message),
        }
    }
}

/// What a command asks for, or why it did not get it.
pub(super) type BackendResult<T> = Result<T, BackendError>;

/// What carries out a command.
pub(super) enum OperationsBackend {
    /// A running gateway.
    Gateway(Box<AdminClient>),
    /// The journal, locked by this process, and the rules that decide replayed pushes, if some are named.
    Journal(Journal, Option<Arc<OfflineReplayer>>),
}

impl OperationsBackend {
    /// Finds the gateway, or opens the journal.
    ///
    /// # Errors
    /// If there is neither; the error is printed.
    pub(super) fn open(place: &GatewayArguments, terminal: &mut Terminal) -> Result<Self, Exit> {
        match place.client(terminal)? {
            Some(client) => Ok(Self::Gateway(Box::new(client))),
            None => journal(&place.state, terminal).map(|journal| Self::Journal(journal, None)),
        }
    }

    /// Whether a gateway runs.
    pub(super) fn is_live(&self) -> bool {
        match self {
            Self::Gateway(_) => true,
            Self::Journal(..) => false,
        }
    }

    /// Asks the gateway, or the journal.
    fn ask<T>(
        &self,
        gateway: impl FnOnce(&AdminClient) -> BackendResult<T>,
        journal: impl FnOnce(&Journal) -> Result<T, OperationError>,
    ) -> BackendResult<T> {
        match self {
            Self::Gateway(client) => gateway(client),
            Self::Journal(opened, _) => Ok(journal(opened)?),
        }
    }

    /// Asks for the selected records, such as a page of them.
    fn select<T: DeserializeOwned>(
        &self,
        resource: &str,
        selection: &RecordSelection,
        operation: fn(&Journal, &RecordSelection, Timestamp) -> Result<T, OperationError>,
    ) -> BackendResult<T> {
        let path = || format!("/api/v1/{resource}?{}", selection.query());
        self.ask(
            |client| read(client.get(&path())?),
            |journal| {
                operations::check_names(journal, None, selection)?;
                operation(journal, selection, now())
            },
        )
    }

    /// Asks for a change of the selected dead letters.
    fn change(
        &self,
        resource: &str,
        bulk: &BulkRequest,
        operation: fn(&Journal, &BulkRequest, Timestamp) -> Result<AffectedCount, OperationError>,
    ) -> BackendResult<AffectedCount> {
        self.ask(
            |client| post(client, resource, bulk),
            |journal| {
                operations::check_names(journal, None, &bulk.selection)?;
                operation(journal, bulk, now())
            },
        )
    }

    pub(super) fn events(&self, selection: &RecordSelection) -> BackendResult<ListingPage<EventSummary>> {
        self.select("events", selection, operations::events)
    }

    pub(super) fn count_events(&self, selection: &RecordSelection) -> BackendResult<RecordCount> {
        self.select("events/count", selection, operations::count_events)
    }

    pub(super) fn event(&self, id: &str) -> BackendResult<EventDetail> {
        self.ask(
            |client| get(client, &["events", id]),
            |journal| operations::event(journal, id, operations::stored_holds(journal, now())?),
        )
    }

    pub(super) fn decision(&self, id: &str) -> BackendResult<DecisionRecord> {
        self.ask(|client| get(client, &["events", id, "decision"]), |journal| operations::decision(journal, id))
    }

    pub(super) fn dead(&self, selection: &RecordSelection) -> BackendResult<ListingPage<DeadLetterRecord>> {
        self.select("dead", selection, operations::dead)
    }

    pub(super) fn count_dead(&self, selection: &RecordSelection) -> BackendResult<RecordCount> {
        self.select("dead/count", selection, operations::count_dead)
    }

    pub(super) fn retry_dead(&self, bulk: &BulkRequest) -> BackendResult<AffectedCount> {
        self.change("dead/retry", bulk, operations::retry_dead)
    }

    pub(super) fn drop_dead(&self, bulk: &BulkRequest) -> BackendResult<AffectedCount> {
        self.change("dead/drop", bulk, operations::drop_dead)
    }

    pub(super) fn quarantine(&self, selection: &RecordSelection) -> BackendResult<ListingPage<QuarantineSummary>> {
        self.select("quarantine", selection, operations::quarantined)
    }

    pub(super) fn count_quarantined(&self, selection: &RecordSelection) -> BackendResult<RecordCount> {
        self.select("quarantine/count", selection, operations::count_quarantined)
    }

    pub(super) fn quarantined(&self, id: &str) -> BackendResult<QuarantineDetail> {
        self.ask(|client| get(client, &["quarantine", id]), |journal| operations::quarantined_one(journal, id))
    }

    /// A page of the pushes that a replay would decide.
    pub(super) fn plan(&self, selection: &RecordSelection) -> BackendResult<ListingPage<ReplayCandidate>> {
        self.select("replay", selection, operations::plan)
    }

    /// A page of the refused bodies that a replay would decide.
    pub(super) fn plan_quarantine(&self, selection: &RecordSelection) -> BackendResult<ListingPage<ReplayCandidate>> {
        self.select("quarantine/plan", selection, operations::plan_quarantine)
    }

    /// Carries out a part of a replay.
    pub(super) fn replay(&self, part: &ReplayRequest) -> BackendResult<ListingPage<ReplayResult>> {
        // Nothing is sent until a gateway runs, so no pause is needed.
        let wait = |_: Duration| ();
        match self {
            Self::Gateway(client) => post(client, "replay", part),
            Self::Journal(journal, _) if part.stored => Ok(operations::replay_stored(journal, part, now(), &wait)?),
            Self::Journal(_, Some(offline)) => Ok(offline.replay(ReplaySource::Pushes, part)?),
            Self::Journal(_, None) => Err(BackendError::Failed(NO_RULES.to_owned())),
        }
    }

    /// Carries out a part of a replay of refused bodies.
    pub(super) fn replay_quarantined(&self, part: &ReplayRequest) -> BackendResult<ListingPage<ReplayResult>> {
        match self {
            Self::Gateway(client) => post(client, "quarantine/replay", part),
            Self::Journal(_, Some(offline)) => Ok(offline.replay(ReplaySource::Quarantine, part)?),
            Self::Journal(_, None) => Err(BackendError::Failed(NO_RULES.to_owned())),
        }
    }

    /// Lets these rules decide what is replayed. No gateway may run.
    ///
    /// # Errors
    /// If a gateway runs, or the rules cannot be served; the error is printed.
    pub(super) fn use_rules(
        &mut self,
        rules: &[PathBuf],
        access: &RuleAccess,
        terminal: &mut Terminal,
    ) -> Result<(), Exit> {
        let Self::Journal(journal, offline) = self else {
            terminal.error("a gateway runs on this journal, so its rules decide");
            terminal.help("omit `--rules`");
            return Err(Exit::Usage);
        };
        let replayer =
            OfflineReplayer::new(journal.clone(), rules, access, Arc::new(SystemClock)).map_err(|rejection| {
                let LoadRejection { message, diagnostics, sources, .. } = *rejection;
                let text = diagnostic::render(terminal.err.human_format(), &diagnostics, &sources);
                terminal.err.print(&text);
                terminal.fail(&format!("the rules cannot be used: {message}"))
            })?;
        *offline = Some(Arc::new(replayer));
        Ok(())
    }
}

/// Why a replay fails without a gateway and without rules.
const NO_RULES: &str = "no gateway runs, so no rules can decide: name rules with `--rules`";

fn get<T: DeserializeOwned>(client: &AdminClient, path: &[&str]) -> BackendResult<T> {
    let path: Vec<String> = path.iter().map(|segment| escaped(segment)).collect();
    read(client.get(&format!("/api/v1/{}", path.join("/")))?)
}

/// A text as a segment of a path.
fn escaped(segment: &str) -> String {
    url::form_urlencoded::byte_serialize(segment.as_bytes()).collect()
}

fn post<T: DeserializeOwned>(client: &AdminClient, resource: &str, body: &impl Serialize) -> BackendResult<T> {
    let body = serde_json::to_value(body).map_err(|error| BackendError::Failed(error.to_string()))?;
    read(client.post(&format!("/api/v1/{resource}"), &body)?)
}

fn read<T: DeserializeOwned>(response: serde_json::Value) -> BackendResult<T> {
    serde_json::from_value(response).map_err(|error| {
        BackendError::Failed(format!("the gateway is of another version: its response cannot be read ({error})"))
    })
}

/// Opens the journal of a state directory. It is not created, and nothing is removed from it.
fn journal(state: &Path, terminal: &mut Terminal) -> Result<Journal, Exit> {
    let is_there = state.is_dir();
    if !is_there || !StateFile::Journal.path(state).exists() {
        let missing = if is_there { "journal in" } else { "state directory" };
        terminal.error(&format!("there is no {missing} `{}`", state.display()));
        terminal.help("name the state directory of your gateway: `--state DIR`");
        return Err(Exit::Failed);
    }
    // This process does not know how long the gateway keeps records.
    let forever = i64::MAX.unsigned_abs();
    let options = JournalConfig {
        directory: state.to_owned(),
        keep_for: Duration::from_hours(24 * 365 * 100),
        keep_bytes: forever,
        most_pending: forever,
        most_pending_bytes: forever,
        keep_dead_for: Duration::from_hours(24 * 365 * 100),
        most_quarantined: forever,
        least_free: Some(0),
        owner: DirectoryOwner::AnybodyForRoot,
    };
    Journal::open(&options, Arc::new(SystemClock), Arc::default(), Arc::new(|_| ())).map_err(|fault| {
        terminal.error(&format!("the journal in `{}` could not be opened: {fault}", state.display()));
        terminal.help(
            "if a gateway runs there, its admin listener does not respond: see its log, or name the listener with `--admin URL --token-file FILE`",
        );
        Exit::Failed
    })
}
