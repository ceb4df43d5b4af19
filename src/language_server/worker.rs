//! The thread that computes: checks of rule sets, and answers that run tests.
//!
//! Of the checks of a set that wait, only the newest is made. Checks come before answers.

use super::features::{AnswerContext, RequestError};
use super::rule_sets::SetRoots;
use super::snapshot::{CheckedState, RuleSetSnapshot};
use crate::ruleset::{Proofs, SystemClock};
use crate::time::Clock as _;
use lsp_server::RequestId;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// The stack of the threads, in bytes: that of a main thread, for which the limits of nesting are made.
pub(super) const STACK_BYTES: usize = 8 << 20;

/// What is to be computed.
pub(super) enum WorkerJob {
    /// Check a rule set.
    Check(CheckedState),
    /// Answer a request.
    Answer(Box<PendingAnswer>),
    /// Nobody waits for the answer to a request any more.
    Abandon(RequestId),
    /// The set is no longer open.
    Forget(SetRoots),
}

/// A request whose answer takes long.
pub(super) struct PendingAnswer {
    pub(super) id: RequestId,
    pub(super) context: AnswerContext,
    pub(super) parameters: Value,
    pub(super) answer: fn(&AnswerContext, Value) -> Result<Value, RequestError>,
}

/// Whether anybody waits for results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkerState {
    Needed,
    Unneeded,
}

/// What was computed.
pub(super) enum WorkerResult {
    /// A rule set was checked.
    Checked(Arc<RuleSetSnapshot>),
    /// A request has an answer.
    Answered { id: RequestId, context: Box<AnswerContext>, result: Result<Value, RequestError> },
}

/// Starts the thread. It ends once the sender of its jobs is dropped.
///
/// # Errors
/// If a thread cannot be started.
pub(super) fn start(report: impl FnMut(WorkerResult) -> WorkerState + Send + 'static) -> io::Result<Sender<WorkerJob>> {
    let (jobs, received) = mpsc::channel();
    let worker = Worker {
        received,
        report: Box::new(report),
        checks: BTreeMap::new(),
        answers: VecDeque::new(),
        proofs: BTreeMap::new(),
    };
    thread::Builder::new().name("lsp-compute".to_owned()).stack_size(STACK_BYTES).spawn(move || worker.run())?;
    Ok(jobs)
}

struct Worker {
    received: Receiver<WorkerJob>,
    /// Hands a result on.
    report: Box<dyn FnMut(WorkerResult) -> WorkerState + Send>,
    checks: BTreeMap<SetRoots, CheckedState>,
    answers: VecDeque<PendingAnswer>,
    /// What the last check of each set knew.
    proofs: BTreeMap<SetRoots, Proofs>,
}

impl Worker {
    fn run(mut self) {
        while self.receive() {
            let result = if let Some((_, state)) = self.checks.pop_first() {
                self.check(state)
            } else if let Some(pending) = self.answers.pop_front() {
                answer(pending)
            } else {
                continue;
            };
            if (self.report)(result) == WorkerState::Unneeded {
                return;
            }
        }
    }

    /// Sorts the jobs that came in. Waits for one if there is nothing to do. Returns whether to go on.
    fn receive(&mut self) -> bool {
        if self.checks.is_empty() && self.answers.is_empty() {
            match self.received.recv() {
                Ok(job) => self.add(job),
                Err(_) => return false,
            }
        }
        while let Ok(job) = self.received.try_recv() {
            self.add(job);
        }
        true
    }

    fn add(&mut self, job: WorkerJob) {
        match job {
            WorkerJob::Check(state) => _ = self.checks.insert(state.roots.clone(), state),
            WorkerJob::Answer(pending) => self.answers.push_back(*pending),
            WorkerJob::Abandon(id) => self.answers.retain(|pending| pending.id != id),
            WorkerJob::Forget(roots) => {
                self.checks.remove(&roots);
                self.proofs.remove(&roots);
            }
        }
    }

    fn check(&mut self, state: CheckedState) -> WorkerResult {
        let (roots, revision) = (state.roots.clone(), state.revision);
        let mut proofs = self.proofs.remove(&roots).unwrap_or_default();
        let check = AssertUnwindSafe(|| RuleSetSnapshot::check(state, &mut proofs, SystemClock.now()));
        let checked = panic::catch_unwind(check);
        if checked.is_ok() {
            self.proofs.insert(roots.clone(), proofs);
        }
        let reason = || RequestError::panicked().message;
        let snapshot = checked.unwrap_or_else(|_| RuleSetSnapshot::unreadable(roots, revision, reason()));
        WorkerResult::Checked(Arc::new(snapshot))
    }
}

fn answer(pending: PendingAnswer) -> WorkerResult {
    let PendingAnswer { id, context, parameters, answer } = pending;
    let result = guarded(|| answer(&context, parameters));
    WorkerResult::Answered { id, context: Box::new(context), result }
}

/// The answer, or an error if it panicked.
pub(super) fn guarded(answer: impl FnOnce() -> Result<Value, RequestError>) -> Result<Value, RequestError> {
    panic::catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| Err(RequestError::panicked()))
}
