//! What becomes of a block of lines: outcomes as text, in the order of the documents, and what was wrong.

use super::Style;
use super::blocks::Block;
use super::tally::Tally;
use crate::cli::event;
use crate::cli::subject::Reader;
use crate::diagnostic::visible_json;
use crate::evaluate::{Context, Silent};
use crate::event::Outcome;
use crate::json::{self, Arena, Document, Invalid, Json, Reach};
use crate::ruleset::{RuleSet, Unknown};
use crate::time::Instant;
use std::borrow::Cow;

/// What stays the same for all inputs.
pub(super) struct Evaluator<'r> {
    pub(super) rules: &'r RuleSet,
    pub(super) reader: Reader<'r>,
    pub(super) now: Instant,
    pub(super) style: Style,
}

/// What a block came to.
pub(super) struct Evaluated {
    /// The block.
    pub(super) block: Block,
    /// How much of it was judged; the rest belongs to a document that may go on.
    pub(super) judged: usize,
    /// How many lines end in what was judged.
    pub(super) lines: usize,
    /// The text of all outcomes.
    pub(super) output: Vec<u8>,
    /// What could not be read, each at its line of the input.
    pub(super) invalid: Vec<Invalid>,
    /// What was counted.
    pub(super) tally: Tally,
}

impl Evaluator<'_> {
    /// Reads the documents of a block that begins after so many lines of its input.
    pub(super) fn block(&self, block: Block, lines_before: usize) -> Evaluated {
        // Outcomes are about as long as what they come from.
        let mut output = Vec::with_capacity(block.bytes.len() + block.bytes.len() / 4);
        let (mut invalid, mut tally) = (Vec::new(), Tally::default());
        let reach = match self.reader {
            Reader::Payloads(subject) => self.rules.reach(subject),
            Reader::Events(_) => Cow::Owned(Reach::whole()),
        };
        let mut part = json::Part::new(&block.bytes, block.more, &reach);
        let mut places = Places { bytes: &block.bytes, offset: 0, line: lines_before + 1, line_start: 0 };
        let mut arena = Arena::new();
        while let Some((offset, document)) = {
            arena.clear();
            part.next(&arena)
        } {
            tally.payload();
            let read = match document {
                Ok(document) => self.document(&document, &mut tally, &mut output).map_err(|message| {
                    let (line, column) = places.of(offset);
                    Invalid { line, column, message }
                }),
                Err(wrong) => Err(Invalid { line: wrong.line + lines_before, ..wrong }),
            };
            if let Err(wrong) = read {
                self.refuse(&wrong, &mut tally, &mut output);
                invalid.push(wrong);
            }
        }
        let (judged, lines) = (part.judged(), part.lines());
        Evaluated { block, judged, lines, output, invalid, tally }
    }

    /// Writes the outcomes of a document; the error says why it is no event.
    fn document(
        &self,
        document: &Document<'_>,
        tally: &mut Tally,
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        let context = Context::at(self.now);
        let outcomes = match self.reader {
            Reader::Payloads(subject) => self.rules.evaluate(subject, document, &context, &mut Silent),
            Reader::Events(routing) => {
                let event = event::read(document)?;
                let routed = self.rules.route(routing, event, &context, document.arena, &mut Silent);
                routed.map(|outcome| vec![outcome])
            }
        };
        for outcome in outcomes.map_err(|unknown: Unknown| unknown.to_string())? {
            self.write(&outcome, tally, output);
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
        let start = output.len();
        // An outcome always serializes, and a vector takes what it is given.
        match self.style {
            Style::Ndjson => outcome.write(output),
            Style::Pretty => drop(serde_json::to_writer_pretty(&mut *output, &outcome.to_value())),
        }
        let written = str::from_utf8(output.get(start..).unwrap_or_default()).unwrap_or_default();
        if let Cow::Owned(shown) = visible_json(written) {
            output.truncate(start);
            output.extend_from_slice(shown.as_bytes());
        }
        output.push(b'\n');
    }
}

/// Lines and columns of rising offsets, so that any number of them costs one pass.
struct Places<'b> {
    bytes: &'b [u8],
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
        (self.line, lead.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1)
    }
}
