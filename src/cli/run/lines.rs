//! What becomes of a block of lines: outcomes as text, in the order of the documents, and what was wrong.

use super::Style;
use super::blocks::Block;
use super::tally::Tally;
use crate::cli::event;
use crate::cli::subject::Reader;
use crate::diagnostic::escape_hidden;
use crate::evaluate::{self, Context, Pipeline, Silent};
use crate::event::Outcome;
use crate::json::{self, Arena, Document, Invalid, Json, Reach};
use crate::ruleset::{RuleSet, Unknown};
use crate::time::Instant;
use std::borrow::Cow;

/// When so many bytes are to be written, they are, before more is judged.
const FULL: usize = 1 << 20;

/// What stays the same for all inputs.
pub(super) struct Evaluator<'r> {
    rules: &'r RuleSet,
    reader: Reader<'r>,
    way: Way<'r>,
    /// What is looked at of a document.
    reach: Cow<'r, Reach>,
    now: Instant,
    style: Style,
}

/// Where documents go, its names looked up once.
enum Way<'r> {
    Payloads(Pipeline<'r>),
    Events(&'r str),
}

/// A block and what it came to, in room that is used for one block after the other.
#[derive(Default)]
pub(super) struct Evaluated {
    /// The block.
    pub(super) block: Block,
    /// How much of it was judged; the rest belongs to a document that may go on.
    pub(super) judged: usize,
    /// How many lines end in what was judged, and how many characters of the line behind them it holds.
    pub(super) lines: usize,
    pub(super) lead: usize,
    /// Whether there was so much to say that the rest was not judged yet.
    pub(super) is_full: bool,
    /// The text of all outcomes.
    pub(super) output: Vec<u8>,
    /// What could not be read, each at its line of the input.
    pub(super) invalid: Vec<Invalid>,
    /// What was counted.
    pub(super) tally: Tally,
}

impl Evaluated {
    /// Whether it holds far more memory than the next block is likely to need.
    pub(super) fn is_large(&self) -> bool {
        const LARGE: usize = 1 << 20;
        self.block.is_large() || self.output.capacity() > LARGE
    }
}

impl<'r> Evaluator<'r> {
    pub(super) fn new(
        rules: &'r RuleSet,
        reader: Reader<'r>,
        now: Instant,
        style: Style,
    ) -> Result<Self, Unknown> {
        let (way, reach) = match reader {
            Reader::Payloads(subject) => (Way::Payloads(rules.pipeline(subject)?), rules.reach(subject)),
            Reader::Events(routing) => (Way::Events(routing), Cow::Owned(Reach::whole())),
        };
        Ok(Self { rules, reader, way, reach, now, style })
    }

    /// Reads the documents of a block that begins after so many lines of its input, and so many characters of the next. The
    /// arena is for what is made of one document after the other.
    pub(super) fn block(
        &self,
        evaluated: &mut Evaluated,
        (lines_before, lead_before): (usize, usize),
        arena: &mut Arena,
    ) {
        let Evaluated { block, judged, lines, lead, is_full, output, invalid, tally } = evaluated;
        *is_full = false;
        output.clear();
        invalid.clear();
        *tally = Tally::default();
        let bytes = block.bytes();
        let read = if block.first { json::Part::first } else { json::Part::new };
        let mut part = read(bytes, block.more, &self.reach).behind(lead_before);
        // Behind a byte order mark, which is no character of the first line.
        let start = part.judged();
        let line = lines_before + 1;
        let mut places = Places { bytes, start, before: lead_before, offset: start, line, line_start: start };
        loop {
            arena.clear();
            let Some((offset, document)) = part.next(arena) else { break };
            tally.payload();
            let read = match document {
                Ok(document) => self.document(&document, tally, output).map_err(|message| {
                    let (line, column) = places.of(offset);
                    Invalid { line, column, message }
                }),
                Err(wrong) => Err(Invalid { line: wrong.line + lines_before, ..wrong }),
            };
            if let Err(wrong) = read {
                self.refuse(&wrong, tally, output);
                invalid.push(wrong);
            }
            if output.len() > FULL {
                *is_full = true;
                break;
            }
        }
        (*judged, *lines, *lead) = (part.judged(), part.lines(), part.lead());
        escape_hidden(output);
    }

    /// Writes the outcomes of a document; the error says why it is no event.
    fn document(
        &self,
        document: &Document<'_>,
        tally: &mut Tally,
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        let context = Context::at(self.now);
        match self.way {
            Way::Payloads(pipeline) => {
                let program = &self.rules.program;
                for outcome in evaluate::evaluate(program, pipeline, document, &context, &mut Silent) {
                    self.write(&outcome, tally, output);
                }
            }
            Way::Events(routing) => {
                let event = event::read(document)?;
                let routed = self.rules.route(routing, event, &context, document.arena, &mut Silent);
                self.write(&routed.map_err(|unknown| unknown.to_string())?, tally, output);
            }
        }
        Ok(())
    }

    /// An outcome says where in its input it went wrong; which input that was stands on the standard error.
    fn refuse(&self, wrong: &Invalid, tally: &mut Tally, output: &mut Vec<u8>) {
        let (integration, mapping) = self.reader.names();
        let Invalid { line, column, message } = wrong.clone();
        let result = crate::event::Result::Invalid { line, column, message };
        self.write(&Outcome { integration, mapping, index: None, result }, tally, output);
    }

    fn write(&self, outcome: &Outcome<'_>, tally: &mut Tally, output: &mut Vec<u8>) {
        tally.outcome(outcome);
        match self.style {
            Style::Ndjson => outcome.write(output),
            // A value always serializes, and a vector takes what it is given.
            Style::Pretty => drop(serde_json::to_writer_pretty(&mut *output, &outcome.to_value())),
        }
        output.push(b'\n');
    }
}

/// Lines and columns of rising offsets, so that any number of them costs one pass.
struct Places<'b> {
    bytes: &'b [u8],
    /// Where the first line begins, and how many of its characters stand before.
    start: usize,
    before: usize,
    offset: usize,
    line: usize,
    line_start: usize,
}

impl Places<'_> {
    fn of(&mut self, offset: usize) -> (usize, usize) {
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
