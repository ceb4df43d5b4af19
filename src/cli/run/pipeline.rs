//! Evaluates blocks in as many threads as there are cores, and shows their outcomes in order.
//!
//! Each thread reads a block, evaluates it and shows it. If a block is ready before an earlier one, its thread leaves it to
//! the thread that shows, and goes on with another block. At most two blocks for each thread are in memory, in buffers that
//! are reused. An input of any size takes little memory, and a slow reader of the output slows the reading of the input.

use super::blocks::BlockReader;
use super::evaluator::{BlockEvaluator, EvaluatedBlock, PassedInput};
use super::source::{InputGuard, InputSource};
use crate::json::Arena;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The size up to which an incomplete document is tried again with every further block.
const RETRY_EVERY_BLOCK_BYTES: usize = 64 << 10;

/// The maximum size of a document, so that one that never ends does not fill the memory.
const MAX_DOCUMENT_BYTES: usize = 1 << 30;

/// Evaluates an input, and shows the outcomes of its blocks in order, until `show` breaks.
///
/// # Errors
/// If the input cannot be read or contains a document of more than 1 GiB; everything before it was shown.
pub(super) fn run(
    evaluator: &BlockEvaluator<'_>,
    source: InputSource,
    guard: InputGuard,
    threads: usize,
    show: impl FnMut(&EvaluatedBlock) -> ControlFlow<()> + Send,
) -> io::Result<()> {
    let input = BlockInput { blocks: BlockReader::new(source, MAX_DOCUMENT_BYTES), next_number: 0, ended: None };
    let mut free = Vec::new();
    free.resize_with(2 * threads, EvaluatedBlock::default);
    let queue =
        BlockQueue { free, out_of_order: Vec::new(), next_to_show: 0, is_showing: false, input_guard: Some(guard) };
    let pipeline = BlockPipeline {
        evaluator,
        input: Mutex::new(input),
        queue: Mutex::new(queue),
        changed: Condvar::new(),
        sequencer: Mutex::new(OutputSequencer {
            evaluator,
            show,
            passed: PassedInput::default(),
            open_document: Vec::new(),
            tried_bytes: 0,
            max_document_bytes: MAX_DOCUMENT_BYTES,
            is_too_long: false,
        }),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // If the system gives no more threads, the others do the work.
            let _ = thread::Builder::new().spawn_scoped(scope, || pipeline.work());
        }
        pipeline.work();
    });
    pipeline.end()
}

/// The state that the threads share. No thread waits for one of its locks while it holds another.
struct BlockPipeline<'e, 'r, S> {
    evaluator: &'e BlockEvaluator<'r>,
    input: Mutex<BlockInput>,
    queue: Mutex<BlockQueue>,
    /// Notified when a buffer becomes free, or the output is no longer wanted.
    changed: Condvar,
    /// Locked by the thread that shows.
    sequencer: Mutex<OutputSequencer<'e, 'r, S>>,
}

/// The input, as it is read.
struct BlockInput {
    blocks: BlockReader<InputSource>,
    /// The number of the next block.
    next_number: usize,
    ended: Option<io::Result<()>>,
}

/// The blocks that wait.
struct BlockQueue {
    /// Buffers for further blocks.
    free: Vec<EvaluatedBlock>,
    /// Blocks that were evaluated before their turn.
    out_of_order: Vec<(usize, EvaluatedBlock)>,
    /// The number of the next block to show.
    next_to_show: usize,
    /// Whether a thread shows blocks.
    is_showing: bool,
    /// Absent once the output is no longer wanted.
    input_guard: Option<InputGuard>,
}

impl<S: FnMut(&EvaluatedBlock) -> ControlFlow<()>> BlockPipeline<'_, '_, S> {
    /// The loop of each thread, until the input ends.
    fn work(&self) {
        let mut arena = Arena::new();
        while let Some(mut evaluated) = self.wait_for_buffer() {
            let Some(number) = self.read(&mut evaluated) else { return };
            // Its position in the input is not known yet; it matters only if something is invalid.
            self.evaluator.block(&mut evaluated, PassedInput::default(), &mut arena);
            self.show(number, evaluated, &mut arena);
        }
    }

    /// Waits for a buffer; nothing if the output is no longer wanted.
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

    /// Reads the next block and returns its number; nothing at the end of the input.
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

    /// Shows a block, and the ready blocks after it; or leaves it to the thread that shows an earlier one.
    fn show(&self, number: usize, evaluated: EvaluatedBlock, arena: &mut Arena) {
        let mut queue = lock(&self.queue);
        queue.out_of_order.push((number, evaluated));
        if queue.is_showing {
            return;
        }
        queue.is_showing = true;
        while let Some(mut evaluated) = queue.next() {
            drop(queue);
            let flow = lock(&self.sequencer).next(&mut evaluated, arena);
            queue = lock(&self.queue);
            queue.recycle(evaluated, flow);
            self.changed.notify_all();
        }
        queue.is_showing = false;
    }

    /// Shows an incomplete document at the end of the input.
    fn end(self) -> io::Result<()> {
        let queue = self.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        let input = self.input.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut sequencer = self.sequencer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ended = input.ended.unwrap_or(Ok(()));
        if sequencer.is_too_long || matches!(&ended, Err(error) if error.kind() == ErrorKind::FileTooLarge) {
            return Err(sequencer.too_long());
        }
        if queue.input_guard.is_none() {
            return Ok(());
        }
        if !sequencer.open_document.is_empty() {
            sequencer.last();
        }
        ended
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl BlockQueue {
    /// The next block to show, if it is ready and the output is still wanted.
    fn next(&mut self) -> Option<EvaluatedBlock> {
        self.input_guard.as_ref()?;
        let place = self.out_of_order.iter().position(|(number, _)| *number == self.next_to_show)?;
        self.next_to_show += 1;
        Some(self.out_of_order.swap_remove(place).1)
    }

    /// Takes back the buffer of a block that was shown.
    fn recycle(&mut self, evaluated: EvaluatedBlock, flow: ControlFlow<()>) {
        // The large buffer of a long document is not kept.
        self.free.push(if evaluated.is_large() { EvaluatedBlock::default() } else { evaluated });
        if flow.is_break() {
            self.input_guard = None;
        }
    }
}

/// Shows evaluated blocks in the order of the input.
struct OutputSequencer<'e, 'r, S> {
    evaluator: &'e BlockEvaluator<'r>,
    show: S,
    /// The part of the input before the next block to show.
    passed: PassedInput,
    /// An incomplete document, and its size when it was last tried.
    open_document: Vec<u8>,
    tried_bytes: usize,
    /// The maximum size of a document, and whether one exceeds it.
    max_document_bytes: usize,
    is_too_long: bool,
}

impl<S: FnMut(&EvaluatedBlock) -> ControlFlow<()>> OutputSequencer<'_, '_, S> {
    /// Shows the next block, joined to the incomplete document before it.
    fn next(&mut self, evaluated: &mut EvaluatedBlock, arena: &mut Arena) -> ControlFlow<()> {
        if !self.open_document.is_empty() || (self.passed.lines > 0 && !evaluated.invalid.is_empty()) {
            let block = &mut evaluated.block;
            self.open_document.extend_from_slice(block.bytes());
            // A document of many blocks is tried each time its size has doubled, so that the cost stays linear.
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
        self.open_document.extend_from_slice(evaluated.block.bytes().get(evaluated.consumed..).unwrap_or_default());
        if self.open_document.is_empty() {
            self.tried_bytes = 0;
        }
        (self.show)(evaluated)
    }

    /// The error for a document that is too long.
    fn too_long(&self) -> io::Error {
        let line = self.passed.lines + 1;
        let message = format!("the document on line {line} is longer than 1 GiB; split it into several, one a line");
        io::Error::new(ErrorKind::FileTooLarge, message)
    }

    /// Shows the incomplete document.
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

    /// Shows the outcomes of a block, and evaluates the rest of it as long as the output filled its buffer.
    fn show_full(&mut self, evaluated: &mut EvaluatedBlock, arena: &mut Arena) -> ControlFlow<()> {
        loop {
            let PassedInput { lines, characters } = evaluated.passed;
            self.passed = PassedInput { lines: self.passed.lines + lines, characters };
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
    use super::{BlockEvaluator, EvaluatedBlock, OutputSequencer, PassedInput};
    use crate::cli::input_reader::{InputReader, PreparedEvaluation};
    use crate::cli::run::RunFormat;
    use crate::evaluate::RequestMetadata;
    use crate::json::Arena;
    use crate::ruleset::{EntryPoint, RuleSet};
    use crate::source::Sources;
    use crate::time::Timestamp;
    use std::ops::ControlFlow;

    const RULES: &str = "edition 1\nmapping m {\nseverity = Info\nstatus = Firing\ntitle = \"t\"\nkey = \"k\"\n}\n";

    #[test]
    fn a_document_that_never_ends_is_given_up() {
        let mut sources = Sources::default();
        sources.add("m.rules", RULES);
        let rules = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules.unwrap();
        let reader = InputReader::Payloads(EntryPoint::Mapping("m", None));
        let prepared = PreparedEvaluation { rules, now: Timestamp::default() };
        let evaluator = BlockEvaluator::new(&prepared, reader, RequestMetadata::none(), RunFormat::Ndjson).unwrap();
        let (mut shown, mut given) = (0, 0);
        let show = |evaluated: &EvaluatedBlock| {
            shown += memchr::memchr_iter(b'\n', &evaluated.output).count();
            ControlFlow::Continue(())
        };
        let longest = 1_000_000;
        let mut order = OutputSequencer {
            evaluator: &evaluator,
            show,
            passed: PassedInput::default(),
            open_document: Vec::new(),
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
            evaluator.block(&mut evaluated, PassedInput::default(), &mut arena);
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
