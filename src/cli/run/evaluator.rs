//! Evaluates a block of lines: the outcomes as text, in the order of the documents, and the documents that are invalid.

use super::RunFormat;
use super::blocks::InputBlock;
use super::tally::OutcomeTally;
use crate::cli::event;
use crate::cli::input::{InputPosition, PositionCursor};
use crate::cli::input_reader::{InputReader, PreparedEvaluation};
use crate::diagnostic::escape_hidden;
use crate::evaluate::{self, EvaluationContext, EvaluationPlan, RequestMetadata, SilentObserver};
use crate::event::Outcome;
use crate::json::{self, Arena, Document, JsonError, Projection, ToJson};
use crate::ruleset::{RuleSet, UnknownName};
use crate::time::Timestamp;
use std::borrow::Cow;

/// The size of the output at which it is written before evaluation goes on.
const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// Evaluates the blocks of all inputs.
pub(super) struct BlockEvaluator<'r> {
    rules: &'r RuleSet,
    reader: InputReader<'r>,
    resolved_reader: ResolvedInputReader<'r>,
    /// The parts of a document that are read.
    reach: Cow<'r, Projection>,
    now: Timestamp,
    request: &'r RequestMetadata,
    format: RunFormat,
}

/// The reader of the documents, with its names resolved.
enum ResolvedInputReader<'r> {
    Payloads(EvaluationPlan<'r>),
    Events(&'r str),
}

/// A block and its outcomes, in a buffer that is reused.
#[derive(Default)]
pub(super) struct EvaluatedBlock {
    /// The block.
    pub(super) block: InputBlock,
    /// How many bytes were evaluated; the rest belongs to a document that may be incomplete.
    pub(super) consumed: usize,
    /// The evaluated part, in lines and characters.
    pub(super) passed: PassedInput,
    /// Whether the output filled its buffer before the whole block was evaluated.
    pub(super) is_full: bool,
    /// The text of all outcomes.
    pub(super) output: Vec<u8>,
    /// Documents that could not be read, each with its line in the input.
    pub(super) invalid: Vec<JsonError>,
    /// The counts.
    pub(super) tally: OutcomeTally,
}

/// A part of an input that was passed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PassedInput {
    /// The number of line ends.
    pub(super) lines: usize,
    /// The number of characters after the last line end.
    pub(super) characters: usize,
}

impl EvaluatedBlock {
    /// Whether its buffers are far larger than the next block is likely to need.
    pub(super) fn is_large(&self) -> bool {
        const LARGE: usize = 1 << 20;
        self.block.is_large() || self.output.capacity() > LARGE
    }
}

impl<'r> BlockEvaluator<'r> {
    pub(super) fn new(
        prepared: &'r PreparedEvaluation,
        reader: InputReader<'r>,
        request: &'r RequestMetadata,
        format: RunFormat,
    ) -> Result<Self, UnknownName> {
        let PreparedEvaluation { rules, now } = prepared;
        let (resolved_reader, reach) = match reader {
            InputReader::Payloads(subject) => {
                (ResolvedInputReader::Payloads(rules.pipeline(subject)?), rules.reach(subject))
            }
            InputReader::Events(routing) => (ResolvedInputReader::Events(routing), Cow::Owned(Projection::whole())),
        };
        Ok(Self { rules, reader, resolved_reader, reach, now: *now, request, format })
    }

    /// Evaluates the documents of a block that begins after this part of the input. The arena is reused for every document.
    pub(super) fn block(&self, evaluated: &mut EvaluatedBlock, before: PassedInput, arena: &mut Arena) {
        let EvaluatedBlock { block, consumed, passed, is_full, output, invalid, tally } = evaluated;
        *is_full = false;
        output.clear();
        invalid.clear();
        *tally = OutcomeTally::default();
        let bytes = block.bytes();
        let read = if block.first { json::DocumentChunk::first } else { json::DocumentChunk::new };
        let remaining = if block.more { json::Remaining::More } else { json::Remaining::Last };
        let mut part = read(bytes, remaining, &self.reach).with_line_prefix(before.characters);
        // Behind a byte order mark, which is no character of the first line.
        let start = InputPosition { line: before.lines + 1, column: before.characters + 1 };
        let mut cursor = PositionCursor::new(part.consumed(), start);
        loop {
            arena.clear();
            let Some(json::LocatedDocument { offset, document }) = part.next(arena) else { break };
            tally.payload();
            let read = match document {
                Ok(document) => self.document(&document, tally, output).map_err(|message| {
                    let InputPosition { line, column } = cursor.position(bytes, offset);
                    JsonError { line, column, message }
                }),
                Err(error) => Err(JsonError { line: error.line + before.lines, ..error }),
            };
            if let Err(error) = read {
                self.write_invalid(&error, tally, output);
                invalid.push(error);
            }
            if output.len() > MAX_OUTPUT_BYTES {
                *is_full = true;
                break;
            }
        }
        *consumed = part.consumed();
        *passed = PassedInput { lines: part.lines(), characters: part.line_prefix() };
        escape_hidden(output);
    }

    /// Writes the outcomes of a document; the error says why it is not an event.
    fn document(&self, document: &Document<'_>, tally: &mut OutcomeTally, output: &mut Vec<u8>) -> Result<(), String> {
        let context = EvaluationContext { request: self.request, ..EvaluationContext::at(self.now) };
        match self.resolved_reader {
            ResolvedInputReader::Payloads(pipeline) => {
                let program = &self.rules.program;
                for outcome in evaluate::evaluate(program, pipeline, document, &context, &mut SilentObserver) {
                    self.write(&outcome, tally, output);
                }
            }
            ResolvedInputReader::Events(routing) => {
                let event = event::read(document)?;
                let routed = self.rules.route(routing, event, &context, document.arena, &mut SilentObserver);
                self.write(&routed.map_err(|unknown| unknown.to_string())?, tally, output);
            }
        }
        Ok(())
    }

    /// The outcome contains the position in the input; the standard error names the input.
    fn write_invalid(&self, error: &JsonError, tally: &mut OutcomeTally, output: &mut Vec<u8>) {
        let (integration, mapping) = self.reader.names();
        let JsonError { line, column, message } = error.clone();
        let result = crate::event::OutcomeKind::Invalid { line, column, message };
        self.write(&Outcome { integration, mapping, index: None, kind: result }, tally, output);
    }

    fn write(&self, outcome: &Outcome<'_>, tally: &mut OutcomeTally, output: &mut Vec<u8>) {
        tally.outcome(outcome);
        match self.format {
            RunFormat::Ndjson => outcome.write(output),
            // A value always serializes, and a vector takes what it is given.
            RunFormat::Pretty => drop(serde_json::to_writer_pretty(&mut *output, &outcome.to_value())),
        }
        output.push(b'\n');
    }
}
