//! The loop that answers: messages of the client, and results of the thread that computes, in the order in which they come.

#![expect(clippy::disallowed_methods, reason = "the clock tells when nobody types")]

use super::client::ClientSupport;
use super::features::{ClientEffect, FEATURES, Feature, FeatureNeeds, RequestError};
use super::rule_sets::{SetRoots, Workspace};
use super::settings::EditorSettings;
use super::state::{Readiness, SessionState};
use super::uri;
use super::worker::{self, PendingAnswer, STACK_BYTES, WorkerJob, WorkerResult, WorkerState, guarded};
use lsp_server::{Connection, Message, Notification, Request, RequestId, Response, ResponseError};
use lsp_types::notification::{Notification as _, PublishDiagnostics, ShowMessage};
use lsp_types::request::{ApplyWorkspaceEdit, RegisterCapability, Request as _, WorkspaceConfiguration};
use lsp_types::{
    ApplyWorkspaceEditParams, MessageType, PositionEncodingKind, PublishDiagnosticsParams, ServerCapabilities,
    ShowMessageParams, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerExit {
    /// The client said so: `shutdown`, then `exit`.
    Asked,
    /// The client said `exit` without `shutdown`, or was gone.
    Abrupt,
}

/// What the loop waits for.
enum ServerEvent {
    /// The client sent a message.
    Received(Message),
    /// Something was computed.
    Computed(WorkerResult),
    /// The client is gone.
    Closed,
}

/// Serves a client until it says `exit` or is gone.
///
/// # Errors
/// If a thread cannot be started.
pub fn serve(connection: Connection) -> io::Result<ServerExit> {
    let (events, received) = mpsc::channel();
    let computed = events.clone();
    let jobs = worker::start(move |result| match computed.send(ServerEvent::Computed(result)) {
        Ok(()) => WorkerState::Needed,
        Err(_) => WorkerState::Unneeded,
    })?;
    let Connection { sender, receiver } = connection;
    let forward = move || {
        for message in receiver {
            if events.send(ServerEvent::Received(message)).is_err() {
                return;
            }
        }
        // The loop may have ended already.
        let _ = events.send(ServerEvent::Closed);
    };
    thread::Builder::new().name("lsp-receive".to_owned()).spawn(forward)?;
    let send = Box::new(move |message| _ = sender.send(message));
    let server = Server {
        send,
        jobs,
        phase: SessionPhase::New,
        waiting: BTreeMap::new(),
        failures: BTreeMap::new(),
        requests: 0,
    };
    let answer = thread::Builder::new().name("lsp-answer".to_owned()).stack_size(STACK_BYTES);
    let answer = answer.spawn(move || server.run(&received))?;
    answer.join().map_err(|_| io::Error::other("the language server has panicked"))
}

/// Where a session stands.
enum SessionPhase {
    /// `initialize` has not come.
    New,
    Open(Box<SessionState>),
    /// After `shutdown`.
    ShutDown,
}

struct Server {
    /// A client that is gone hears nothing.
    send: Box<dyn FnMut(Message) + Send>,
    jobs: Sender<WorkerJob>,
    phase: SessionPhase,
    /// Requests that wait for a check or an answer of the other thread.
    waiting: BTreeMap<RequestId, WaitingRequest>,
    /// Why sets could not be checked, as the client was told.
    failures: BTreeMap<SetRoots, String>,
    /// How many requests the server has sent.
    requests: u32,
}

/// A request that is not answered yet.
struct WaitingRequest {
    feature: &'static Feature,
    parameters: Value,
    /// The text that it names, and which state of the text it meant.
    document: Option<(Uri, u64)>,
    /// Whether the other thread has it.
    is_computed: bool,
}

impl Server {
    fn run(mut self, events: &Receiver<ServerEvent>) -> ServerExit {
        loop {
            let event = match self.state().and_then(|state| state.next_due()) {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => events.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            let exit = match event {
                Ok(ServerEvent::Received(message)) => self.guarded(|server| server.receive(message)).flatten(),
                Ok(ServerEvent::Computed(result)) => {
                    self.guarded(|server| server.computed(result));
                    None
                }
                Err(RecvTimeoutError::Timeout) => None,
                Ok(ServerEvent::Closed) | Err(RecvTimeoutError::Disconnected) => Some(ServerExit::Abrupt),
            };
            if let Some(exit) = exit {
                return exit;
            }
            self.guarded(Self::proceed);
        }
    }

    /// Does something. If it panics, the client is told, and the session goes on.
    fn guarded<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let result = panic::catch_unwind(AssertUnwindSafe(|| act(self)));
        if result.is_err() {
            self.show(MessageType::ERROR, RequestError::panicked().message);
        }
        result.ok()
    }

    fn state(&mut self) -> Option<&mut SessionState> {
        match &mut self.phase {
            SessionPhase::Open(state) => Some(state),
            SessionPhase::New | SessionPhase::ShutDown => None,
        }
    }

    /// Takes a message. Returns how the session ends, if it does.
    fn receive(&mut self, message: Message) -> Option<ServerExit> {
        match message {
            Message::Request(mut request) => {
                uri::repair(&mut request.params);
                self.request(request);
            }
            Message::Notification(mut notification) => {
                if notification.method == "exit" {
                    let is_asked = matches!(self.phase, SessionPhase::ShutDown);
                    return Some(if is_asked { ServerExit::Asked } else { ServerExit::Abrupt });
                }
                uri::repair(&mut notification.params);
                self.notification(notification);
            }
            Message::Response(response) => self.response(response),
        }
        None
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        match (&self.phase, &*method) {
            (SessionPhase::New, "initialize") => self.initialize(id, &params),
            (SessionPhase::New, _) => self.answer(id, Err(RequestError::early())),
            (SessionPhase::Open(_), "initialize") => {
                self.answer(id, Err(RequestError::late("it is initialised already")));
            }
            (SessionPhase::Open(_), "shutdown") => self.shut_down(id),
            (SessionPhase::ShutDown, _) => self.answer(id, Err(RequestError::late("the server is shutting down"))),
            (SessionPhase::Open(state), method) => {
                let Some(feature) = FEATURES.iter().find(|feature| feature.method == method) else {
                    return self.answer(id, Err(RequestError::unknown(method)));
                };
                let uri = document_uri(&params);
                let document = uri.map(|uri| {
                    let revision = state.documents().get(&uri).map_or(0, |document| document.revision);
                    (uri, revision)
                });
                let request = WaitingRequest { feature, parameters: params, document, is_computed: false };
                if let Some(other) = self.waiting.insert(id.clone(), request) {
                    // Two requests with one id: the first is lost to the client anyway.
                    drop(other);
                }
                self.answer_if_ready(&id);
            }
        }
    }

    fn initialize(&mut self, id: RequestId, parameters: &Value) {
        let client = ClientSupport::read(parameters);
        let options = parameters.get("initializationOptions").unwrap_or(&Value::Null);
        let workspace = Workspace {
            folders: workspace_folders(parameters),
            settings: EditorSettings::read(options).unwrap_or_default(),
        };
        let mut capabilities = ServerCapabilities {
            position_encoding: Some(match client.unit {
                crate::source::ColumnUnit::Utf8 => PositionEncodingKind::UTF8,
                crate::source::ColumnUnit::Utf16 => PositionEncodingKind::UTF16,
            }),
            text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::INCREMENTAL),
                save: Some(true.into()),
                ..TextDocumentSyncOptions::default()
            })),
            ..ServerCapabilities::default()
        };
        for feature in FEATURES {
            (feature.announce)(&mut capabilities, &client);
        }
        let folders = json!({"workspaceFolders": {"supported": true, "changeNotifications": true}});
        let mut capabilities = serde_json::to_value(capabilities).unwrap_or_default();
        if let Some(members) = capabilities.as_object_mut() {
            members.insert("workspace".to_owned(), folders);
        }
        let server = json!({"name": "pointsman", "version": env!("CARGO_PKG_VERSION")});
        self.phase = SessionPhase::Open(Box::new(SessionState::new(client, workspace)));
        self.answer(id, Ok(json!({"capabilities": capabilities, "serverInfo": server})));
    }

    fn shut_down(&mut self, id: RequestId) {
        for waiting in std::mem::take(&mut self.waiting).into_keys() {
            self.answer(waiting, Err(RequestError::canceled()));
        }
        self.phase = SessionPhase::ShutDown;
        self.answer(id, Ok(Value::Null));
    }

    /// Answers a request if what it needs is there. One that takes long goes to the other thread.
    fn answer_if_ready(&mut self, id: &RequestId) {
        let SessionPhase::Open(state) = &self.phase else { return };
        let Some(waiting) = self.waiting.get_mut(id) else { return };
        if is_outdated(waiting, state) {
            return self.give_up(id, RequestError::outdated());
        }
        if waiting.is_computed {
            return;
        }
        let feature = waiting.feature;
        let uri = waiting.document.as_ref().map(|(uri, _)| uri);
        let context = match state.readiness(uri, feature.needs) {
            Readiness::Wait => return,
            Readiness::Foreign => {
                self.waiting.remove(id);
                return self.answer(id.clone(), Ok(Value::Null));
            }
            Readiness::Ready(context) => context,
        };
        let parameters = std::mem::take(&mut waiting.parameters);
        if feature.needs == FeatureNeeds::Tests {
            waiting.is_computed = true;
            let pending = PendingAnswer { id: id.clone(), context: *context, parameters, answer: feature.answer };
            self.submit(WorkerJob::Answer(Box::new(pending)));
            return;
        }
        self.waiting.remove(id);
        let result = guarded(|| (feature.answer)(&context, parameters));
        self.effects(context.effects.into_inner());
        self.answer(id.clone(), result);
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        let now = Instant::now();
        if method == "$/cancelRequest" {
            return self.cancel(&params);
        }
        if method == "initialized" {
            return self.initialized();
        }
        let Some(state) = self.state() else { return };
        let understood = match &*method {
            "textDocument/didOpen" => read(params).map(|parameters| super::sync::open(state, parameters, now)),
            "textDocument/didChange" => read(params).map(|parameters| super::sync::change(state, parameters, now)),
            "textDocument/didClose" => read(params).map(|parameters| super::sync::close(state, &parameters)),
            "workspace/didChangeWorkspaceFolders" => {
                read(params).map(|parameters| super::sync::folders(state, parameters))
            }
            "workspace/didChangeConfiguration" => {
                super::sync::configuration(state, params.get("settings").unwrap_or(&Value::Null));
                self.ask_for_settings();
                Ok(())
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => Ok(()),
            _ => return,
        };
        match understood {
            Ok(()) if method != "textDocument/didChange" => self.regroup(now),
            Ok(()) => {}
            Err(error) => self.show(MessageType::WARNING, format!("`{method}` is not understood: {error}")),
        }
    }

    /// Finds the sets of all texts again.
    fn regroup(&mut self, now: Instant) {
        let Some(state) = self.state() else { return };
        let closed = state.regroup(now);
        for roots in closed {
            let Some(state) = self.state() else { return };
            let publications = state.forget(&roots);
            self.publish(publications);
            self.submit(WorkerJob::Forget(roots));
        }
    }

    fn cancel(&mut self, parameters: &Value) {
        let id = parameters.get("id").and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok());
        if let Some(id) = id {
            self.give_up(&id, RequestError::canceled());
        }
    }

    /// Answers a request that waits with an error. The other thread does not begin it.
    fn give_up(&mut self, id: &RequestId, reason: RequestError) {
        let Some(waiting) = self.waiting.remove(id) else { return };
        if waiting.is_computed {
            self.submit(WorkerJob::Abandon(id.clone()));
        }
        self.answer(id.clone(), Err(reason));
    }

    /// Asks for settings, and to be told of changed files.
    fn initialized(&mut self) {
        let Some(client) = self.state().map(|state| state.client) else { return };
        if client.watches_files {
            let watchers = json!([{"globPattern": "**/*.{rules,csv,json,ndjson}"}]);
            let registration = json!({
                "id": "files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": {"watchers": watchers},
            });
            self.ask(RegisterCapability::METHOD, json!({"registrations": [registration]}));
        }
        self.ask_for_settings();
    }

    fn ask_for_settings(&mut self) {
        if self.state().is_some_and(|state| state.client.configuration) {
            self.requests += 1;
            let id = RequestId::from(format!("settings-{}", self.requests));
            let parameters = json!({"items": [{"section": "pointsman"}]});
            (self.send)(Request::new(id, WorkspaceConfiguration::METHOD.to_owned(), parameters).into());
        }
    }

    fn response(&mut self, response: Response) {
        let is_settings = response.id.to_string().starts_with("\"settings-");
        let settings = response.response_result.ok().filter(|_| is_settings);
        let settings = settings.as_ref().and_then(|settings| settings.get(0)).and_then(EditorSettings::read);
        let Some(state) = self.state() else { return };
        if let Some(settings) = settings.filter(|settings| *settings != state.workspace.settings) {
            state.workspace.settings = settings;
            self.regroup(Instant::now());
        }
    }

    fn computed(&mut self, result: WorkerResult) {
        match result {
            WorkerResult::Checked(snapshot) => {
                let (roots, unreadable) = (snapshot.roots.clone(), snapshot.unreadable.clone());
                let Some(state) = self.state() else { return };
                if state.is_newest(&roots, snapshot.revision) {
                    let publications = state.checked(&snapshot);
                    self.publish(publications);
                    self.report_failure(roots, unreadable);
                }
            }
            WorkerResult::Answered { id, context, result } => {
                if let Some(waiting) = self.waiting.remove(&id) {
                    let is_outdated = self.state().is_none_or(|state| is_outdated(&waiting, state));
                    let result = if is_outdated { Err(RequestError::outdated()) } else { result };
                    self.effects(context.effects.into_inner());
                    self.answer(id, result);
                }
            }
        }
    }

    /// Says why a set could not be checked, once for each reason.
    fn report_failure(&mut self, roots: SetRoots, unreadable: Option<String>) {
        let Some(reason) = unreadable else {
            self.failures.remove(&roots);
            return;
        };
        if self.failures.insert(roots, reason.clone()).as_ref() != Some(&reason) {
            self.show(MessageType::ERROR, format!("the rule set is not checked: {reason}"));
        }
    }

    /// Begins the checks that are due, and answers the requests that can be answered.
    fn proceed(&mut self) {
        if let Some(state) = self.state() {
            for due in state.take_due(Instant::now()) {
                self.submit(WorkerJob::Check(due));
            }
        }
        for id in self.waiting.keys().cloned().collect::<Vec<_>>() {
            self.answer_if_ready(&id);
        }
    }

    fn submit(&mut self, job: WorkerJob) {
        if self.jobs.send(job).is_err() {
            self.show(MessageType::ERROR, RequestError::panicked().message);
        }
    }

    fn answer(&mut self, id: RequestId, result: Result<Value, RequestError>) {
        let error = |error: RequestError| ResponseError { code: error.code, message: error.message, data: None };
        (self.send)(Response { id, response_result: result.map_err(error) }.into());
    }

    fn effects(&mut self, effects: Vec<ClientEffect>) {
        for effect in effects {
            match effect {
                ClientEffect::Apply { label, edit } => {
                    self.ask(ApplyWorkspaceEdit::METHOD, ApplyWorkspaceEditParams { label: Some(label), edit });
                }
                ClientEffect::Show { kind, text } => self.show(kind, text),
            }
        }
    }

    fn ask(&mut self, method: &str, parameters: impl Serialize) {
        self.requests += 1;
        let id = RequestId::from(format!("server-{}", self.requests));
        let params = serde_json::to_value(parameters).unwrap_or_default();
        (self.send)(Request { id, method: method.to_owned(), params }.into());
    }

    fn publish(&mut self, publications: Vec<PublishDiagnosticsParams>) {
        for each in publications {
            self.notify(PublishDiagnostics::METHOD, each);
        }
    }

    fn show(&mut self, typ: MessageType, message: String) {
        self.notify(ShowMessage::METHOD, ShowMessageParams { typ, message });
    }

    fn notify(&mut self, method: &str, parameters: impl Serialize) {
        let params = serde_json::to_value(parameters).unwrap_or_default();
        (self.send)(Notification { method: method.to_owned(), params }.into());
    }
}

/// Whether the text of a request has changed, or was closed, since it came.
fn is_outdated(request: &WaitingRequest, state: &SessionState) -> bool {
    request.document.as_ref().is_some_and(|(uri, revision)| {
        let now = state.documents().get(uri).map_or(0, |document| document.revision);
        now != *revision
    })
}

/// The text that a request names. A command names one in its first argument.
fn document_uri(parameters: &Value) -> Option<Uri> {
    let uri = parameters.pointer("/textDocument/uri").or_else(|| parameters.pointer("/arguments/0/uri"))?;
    serde_json::from_value(uri.clone()).ok()
}

fn workspace_folders(parameters: &Value) -> Vec<PathBuf> {
    let path = |uri: &Value| uri::to_path(&serde_json::from_value(uri.clone()).ok()?);
    let folders = parameters.get("workspaceFolders").and_then(Value::as_array);
    let folders: Vec<PathBuf> = folders.into_iter().flatten().filter_map(|each| path(each.get("uri")?)).collect();
    let root = parameters.get("rootUri").and_then(path);
    if folders.is_empty() { root.into_iter().collect() } else { folders }
}

fn read<T: DeserializeOwned>(parameters: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(parameters)
}
