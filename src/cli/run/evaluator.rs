//! What becomes of a block of lines: outcomes as text, in the order of the documents, and what was wrong.

use super::RunFormat;
use super::blocks::InputBlock;
use super::tally::OutcomeTally;
use crate::cli::event;
use crate::cli::input_reader::InputReader;
use crate::diagnostic::escape_hidden;
use crate::evaluate::{self, EvaluationContext, EvaluationPlan, SilentObserver};
use crate::event::Outcome;
use crate::json::{self, Arena, Document, JsonError, Projection, ToJson};
use crate::ruleset::{RuleSet, UnknownName};
use crate::time::Timestamp;
use std::borrow::Cow;

/// When so many bytes are to be written, they are, before more is judged.
const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// What stays the same for all inputs.
pub(super) struct BlockEvaluator<'r> {
    rules: &'r RuleSet,
    reader: InputReader<'r>,
    resolved_reader: ResolvedInputReader<'r>,
    /// What is looked at of a document.
    reach: Cow<'r, Projection>,
    now: Timestamp,
    format: RunFormat,
}

/// Where documents go, its names looked up once.
enum ResolvedInputReader<'r> {
    Payloads(EvaluationPlan<'r>),
    Events(&'r str),
}

/// A block and what it came to, in room that is used for one block after the other.
#[derive(Default)]
pub(super) struct EvaluatedBlock {
    /// The block.
    pub(super) block: InputBlock,
    /// How much of it was judged; the rest belongs to a document that may go on.
    pub(super) consumed: usize,
    /// How many lines end in what was judged, and how many characters of the line behind them it holds.
    pub(super) lines: usize,
    pub(super) lead: usize,
    /// Whether there was so much to say that the rest was not judged yet.
    pub(super) is_full: bool,
    /// The text of all outcomes.
    pub(super) output: Vec<u8>,
    /// What could not be read, each at its line of the input.
    pub(super) invalid: Vec<JsonError>,
    /// What was counted.
    pub(super) tally: OutcomeTally,
}

impl EvaluatedBlock {
    /// Whether it holds far more memory than the next block is likely to need.
    pub(super) fn is_large(&self) -> bool {
        const LARGE: usize = 1 << 20;
        self.block.is_large() || self.output.capacity() > LARGE
    }
}

impl<'r> BlockEvaluator<'r> {
    pub(super) fn new(
        rules: &'r RuleSet,
        reader: InputReader<'r>,
        now: Timestamp,
        style: RunFormat,
    ) -> Result<Self, UnknownName> {
        let (way, reach) = match reader {
            InputReader::Payloads(subject) => {
                (ResolvedInputReader::Payloads(rules.pipeline(subject)?), rules.reach(subject))
            }
            InputReader::Events(routing) => {
                (ResolvedInputReader::Events(routing), Cow::Owned(Projection::whole()))
            }
        };
        Ok(Self { rules, reader, resolved_reader: way, reach, now, format: style })
    }

    /// Reads the documents of a block that begins after so many lines of its input, and so many characters of the next. The
    /// arena is for what is made of one document after the other.
    pub(super) fn block(
        &self,
        evaluated: &mut EvaluatedBlock,
        (lines_before, lead_before): (usize, usize),
        arena: &mut Arena,
    ) {
        let EvaluatedBlock { block, consumed: judged, lines, lead, is_full, output, invalid, tally } =
            evaluated;
        *is_full = false;
        output.clear();
        invalid.clear();
        *tally = OutcomeTally::default();
        let bytes = block.bytes();
        let read = if block.first { json::DocumentChunk::first } else { json::DocumentChunk::new };
        let remaining = if block.more { json::Remaining::More } else { json::Remaining::Last };
        let mut part = read(bytes, remaining, &self.reach).with_line_prefix(lead_before);
        // Behind a byte order mark, which is no character of the first line.
        let start = part.consumed();
        let line = lines_before + 1;
        let mut places =
            PositionTracker { bytes, start, before: lead_before, offset: start, line, line_start: start };
        loop {
            arena.clear();
            let Some(json::LocatedDocument { offset, document }) = part.next(arena) else { break };
            tally.payload();
            let read = match document {
                Ok(document) => self.document(&document, tally, output).map_err(|message| {
                    let (line, column) = places.position(offset);
                    JsonError { line, column, message }
                }),
                Err(wrong) => Err(JsonError { line: wrong.line + lines_before, ..wrong }),
            };
            if let Err(wrong) = read {
                self.write_invalid(&wrong, tally, output);
                invalid.push(wrong);
            }
            if output.len() > MAX_OUTPUT_BYTES {
                *is_full = true;
                break;
            }
        }
        (*judged, *lines, *lead) = (part.consumed(), part.lines(), part.line_prefix());
        escape_hidden(output);
    }

    /// Writes the outcomes of a document; the error says why it is no event.
    fn document(
        &self,
        document: &Document<'_>,
        tally: &mut OutcomeTally,
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        let context = EvaluationContext::at(self.now);
        match self.resolved_reader {
            ResolvedInputReader::Payloads(pipeline) => {
                let program = &self.rules.program;
                for outcome in evaluate::evaluate(program, pipeline, document, &context, &mut SilentObserver)
                {
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

    /// An outcome says where in its input it went wrong; which input that was stands on the standard error.
    fn write_invalid(&self, wrong: &JsonError, tally: &mut OutcomeTally, output: &mut Vec<u8>) {
        let (integration, mapping) = self.reader.names();
        let JsonError { line, column, message } = wrong.clone();
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

/// Lines and columns of rising offsets, so that any number of them costs one pass.
struct PositionTracker<'b> {
    bytes: &'b [u8],
    /// Where the first line begins, and how many of its characters stand before.
    start: usize,
    before: usize,
    offset: usize,
    line: usize,
    line_start: usize,
}

impl PositionTracker<'_> {
    fn position(&mut self, offset: usize) -> (usize, usize) {
        let passed = self.bytes.get(self.offset..offset).unwrap_or_default();
        for (at, _) in passed.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            (self.line, self.line_start) = (self.line + 1, self.offset + at + 1);
        }
        self.offset = offset;
        let lead = self.bytes.get(self.line_start..offset).unwrap_or_default();
        let before = if self.line_start == self.start { self.before } else { 0 };
        (self.line, before + lead.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1)
    }
}
