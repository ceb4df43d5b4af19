//! Blocks through as many threads as there are cores, and their outcomes out again in order.
//!
//! Each thread reads a block, evaluates it and shows it, so that one thread alone does everything and nothing is done beside
//! it. Where a block is ready before an earlier one, its thread leaves it to the one that shows and goes on with another. At
//! most two blocks for each thread are under way, in room that is used again, so an input of any size takes little memory,
//! and a slow reader of the output slows the reading of the input.

use super::blocks::BlockReader;
use super::evaluator::{BlockEvaluator, EvaluatedBlock};
use super::source::{InputGuard, InputSource};
use crate::json::Arena;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Bytes of a document that goes on, up to which it is tried again with every block that follows.
const RETRY_EVERY_BLOCK_BYTES: usize = 64 << 10;

/// The most bytes of a document, on one line or on many: what never ends must not take all memory before anybody is told.
const MAX_DOCUMENT_BYTES: usize = 1 << 30;

/// Evaluates an input, and shows what its blocks came to, in order, until `show` says that nobody is interested any more.
///
/// # Errors
/// Where the input cannot be read or holds a document of more than 1 GiB; what came before was shown.
pub(super) fn run(
    evaluator: &BlockEvaluator<'_>,
    (source, interest): (InputSource, InputGuard),
    threads: usize,
    show: impl FnMut(&EvaluatedBlock) -> ControlFlow<()> + Send,
) -> io::Result<()> {
    let input =
        BlockInput { blocks: BlockReader::new(source, MAX_DOCUMENT_BYTES), next_number: 0, ended: None };
    let mut free = Vec::new();
    free.resize_with(2 * threads, EvaluatedBlock::default);
    let queue = BlockQueue {
        free,
        out_of_order: Vec::new(),
        next_to_show: 0,
        is_showing: false,
        input_guard: Some(interest),
    };
    let pipeline = BlockPipeline {
        evaluator,
        input: Mutex::new(input),
        queue: Mutex::new(queue),
        changed: Condvar::new(),
        sequencer: Mutex::new(OutputSequencer {
            evaluator,
            show,
            passed: (0, 0),
            open_document: Vec::new(),
            tried_bytes: 0,
            max_document_bytes: MAX_DOCUMENT_BYTES,
            is_too_long: false,
        }),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where the system gives no more threads, those that there are do the work.
            let _ = thread::Builder::new().spawn_scoped(scope, || pipeline.work());
        }
        pipeline.work();
    });
    pipeline.end()
}

/// What the threads share. Nobody holds one of its locks while waiting for another.
struct BlockPipeline<'e, 'r, S> {
    evaluator: &'e BlockEvaluator<'r>,
    input: Mutex<BlockInput>,
    queue: Mutex<BlockQueue>,
    /// Something became free, or nobody is interested any more.
    changed: Condvar,
    /// Locked by the thread that shows.
    sequencer: Mutex<OutputSequencer<'e, 'r, S>>,
}

/// What is read.
struct BlockInput {
    blocks: BlockReader<InputSource>,
    /// The number of the next block.
    next_number: usize,
    ended: Option<io::Result<()>>,
}

/// Where blocks wait.
struct BlockQueue {
    /// Room for further blocks.
    free: Vec<EvaluatedBlock>,
    /// What was evaluated before its turn.
    out_of_order: Vec<(usize, EvaluatedBlock)>,
    /// The number of the next block to show.
    next_to_show: usize,
    /// Whether a thread is at it.
    is_showing: bool,
    /// Whether anybody wants more.
    input_guard: Option<InputGuard>,
}

impl<S: FnMut(&EvaluatedBlock) -> ControlFlow<()>> BlockPipeline<'_, '_, S> {
    /// What each thread does until there is nothing more.
    fn work(&self) {
        let mut arena = Arena::new();
        while let Some(mut evaluated) = self.wait_for_buffer() {
            let Some(number) = self.read(&mut evaluated) else { return };
            // Where in the input it stands is not known yet, and matters only where something is wrong.
            self.evaluator.block(&mut evaluated, (0, 0), &mut arena);
            self.show(number, evaluated, &mut arena);
        }
    }

    /// Waits for room for another block; nothing: nobody is interested any more.
    fn wait_for_buffer(&self) -> Option<EvaluatedBlock> {
        let mut queue = lock(&self.queue);
        while queue.input_guard.is_some() {
            if let Some(free) = queue.free.pop() {
                return Some(free);
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Reads the next block: its number; nothing at the end of the input.
    fn read(&self, into: &mut EvaluatedBlock) -> Option<usize> {
        let mut input = lock(&self.input);
        if input.ended.is_some() {
            return None;
        }
        match input.blocks.next(&mut into.block) {
            Ok(true) => {
                into.block.first = input.next_number == 0;
                input.next_number += 1;
                return Some(input.next_number - 1);
            }
            Ok(false) => input.ended = Some(Ok(())),
            Err(error) => input.ended = Some(Err(error)),
        }
        None
    }

    /// Shows a block, and those behind it that are ready; or leaves it to the thread that shows what is before it.
    fn show(&self, number: usize, evaluated: EvaluatedBlock, arena: &mut Arena) {
        let mut queue = lock(&self.queue);
        queue.out_of_order.push((number, evaluated));
        if queue.is_showing {
            return;
        }
        queue.is_showing = true;
        while let Some(mut evaluated) = queue.next() {
            drop(queue);
            let interest = lock(&self.sequencer).next(&mut evaluated, arena);
            queue = lock(&self.queue);
            queue.recycle(evaluated, interest);
            self.changed.notify_all();
        }
        queue.is_showing = false;
    }

    /// Shows what waited for an end that never came.
    fn end(self) -> io::Result<()> {
        let queue = self.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        let input = self.input.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut order = self.sequencer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ended = input.ended.unwrap_or(Ok(()));
        if order.is_too_long || matches!(&ended, Err(error) if error.kind() == ErrorKind::FileTooLarge) {
            return Err(order.too_long());
        }
        if queue.input_guard.is_none() {
            return Ok(());
        }
        if !order.open_document.is_empty() {
            order.last();
        }
        ended
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl BlockQueue {
    /// What is shown next, if it is ready and anybody is interested.
    fn next(&mut self) -> Option<EvaluatedBlock> {
        self.input_guard.as_ref()?;
        let place = self.out_of_order.iter().position(|(number, _)| *number == self.next_to_show)?;
        self.next_to_show += 1;
        Some(self.out_of_order.swap_remove(place).1)
    }

    /// Takes back the room of what was shown.
    fn recycle(&mut self, evaluated: EvaluatedBlock, interest: ControlFlow<()>) {
        // A long document does not leave its room to short ones.
        self.free.push(if evaluated.is_large() { EvaluatedBlock::default() } else { evaluated });
        if interest.is_break() {
            self.input_guard = None;
        }
    }
}

/// Puts what was evaluated into the order of the input.
struct OutputSequencer<'e, 'r, S> {
    evaluator: &'e BlockEvaluator<'r>,
    show: S,
    /// Whole lines before what is shown next, and how many characters of its line.
    passed: (usize, usize),
    /// Lines of a document that may go on, and with how many bytes it was last tried.
    open_document: Vec<u8>,
    tried_bytes: usize,
    /// The most bytes that a document may have, and whether one has more.
    max_document_bytes: usize,
    is_too_long: bool,
}

impl<S: FnMut(&EvaluatedBlock) -> ControlFlow<()>> OutputSequencer<'_, '_, S> {
    /// Shows the next block, joined to what was left open before it.
    fn next(&mut self, evaluated: &mut EvaluatedBlock, arena: &mut Arena) -> ControlFlow<()> {
        if !self.open_document.is_empty() || (self.passed.0 > 0 && !evaluated.invalid.is_empty()) {
            let block = &mut evaluated.block;
            self.open_document.extend_from_slice(block.bytes());
            // A document of many blocks is tried when it has doubled, so that it costs what its length is.
            if block.more && self.open_document.len() > self.max_document_bytes {
                self.is_too_long = true;
                return ControlFlow::Break(());
            }
            if block.more
                && self.open_document.len() > RETRY_EVERY_BLOCK_BYTES
                && self.open_document.len() < 2 * self.tried_bytes
            {
                return ControlFlow::Continue(());
            }
            self.tried_bytes = self.open_document.len();
            block.replace(&mut self.open_document);
            self.evaluator.block(evaluated, self.passed, arena);
        }
        self.show_full(evaluated, arena)?;
        self.open_document.clear();
        self.open_document
            .extend_from_slice(evaluated.block.bytes().get(evaluated.consumed..).unwrap_or_default());
        if self.open_document.is_empty() {
            self.tried_bytes = 0;
        }
        (self.show)(evaluated)
    }

    /// Says which document is too long.
    fn too_long(&self) -> io::Error {
        let line = self.passed.0 + 1;
        let message =
            format!("the document on line {line} is longer than 1 GiB; split it into several, one a line");
        io::Error::new(ErrorKind::FileTooLarge, message)
    }

    /// Shows what was left open.
    fn last(&mut self) {
        let mut last = EvaluatedBlock::default();
        last.block.replace(&mut self.open_document);
        last.block.more = false;
        let mut arena = Arena::new();
        self.evaluator.block(&mut last, self.passed, &mut arena);
        if self.show_full(&mut last, &mut arena).is_continue() {
            let _ = (self.show)(&last);
        }
    }

    /// Shows what was judged of a block as long as there is so much to say that the rest was not, and judges that.
    fn show_full(&mut self, evaluated: &mut EvaluatedBlock, arena: &mut Arena) -> ControlFlow<()> {
        loop {
            self.passed = (self.passed.0 + evaluated.lines, evaluated.lead);
            if !evaluated.is_full {
                return ControlFlow::Continue(());
            }
            (self.show)(evaluated)?;
            evaluated.block.pass(evaluated.consumed);
            self.evaluator.block(evaluated, self.passed, arena);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BlockEvaluator, EvaluatedBlock, OutputSequencer};
    use crate::cli::input_reader::InputReader;
    use crate::cli::run::RunFormat;
    use crate::json::Arena;
    use crate::ruleset::{EntryPoint, RuleSet};
    use crate::source::Sources;
    use crate::time::Timestamp;
    use std::ops::ControlFlow;

    const RULES: &str =
        "edition 1\nmapping m {\nseverity = Info\nstatus = Firing\ntitle = \"t\"\nkey = \"k\"\n}\n";

    #[test]
    fn a_document_that_never_ends_is_given_up() {
        let mut sources = Sources::default();
        sources.add("m.rules", RULES);
        let rules = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules.unwrap();
        let (reader, now) = (InputReader::Payloads(EntryPoint::Mapping("m", None)), Timestamp::default());
        let evaluator = BlockEvaluator::new(&rules, reader, now, RunFormat::Ndjson).unwrap();
        let (mut shown, mut given) = (0, 0);
        let show = |evaluated: &EvaluatedBlock| {
            shown += memchr::memchr_iter(b'\n', &evaluated.output).count();
            ControlFlow::Continue(())
        };
        let open = Vec::new();
        let longest = 1_000_000;
        let mut order = OutputSequencer {
            evaluator: &evaluator,
            show,
            passed: (0, 0),
            open_document: open,
            tried_bytes: 0,
            max_document_bytes: longest,
            is_too_long: false,
        };
        let mut arena = Arena::new();
        loop {
            let mut evaluated = EvaluatedBlock::default();
            let begin = if given == 0 { "{}\n{}\n[\n" } else { "" };
            evaluated.block.replace(&mut (begin.to_owned() + &"1,\n".repeat(10_000)).into_bytes());
            evaluated.block.more = true;
            given += evaluated.block.bytes().len();
            evaluator.block(&mut evaluated, (0, 0), &mut arena);
            if order.next(&mut evaluated, &mut arena).is_break() {
                break;
            }
            assert!(given < 2 * longest, "it is still read");
        }
        let said = order.too_long().to_string();
        assert_eq!(said, "the document on line 3 is longer than 1 GiB; split it into several, one a line");
        assert_eq!(shown, 2);
    }
}
