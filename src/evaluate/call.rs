//! Calls of functions, look-ups in tables, and what a request says.

use super::interpreter::{Interpreter, constant};
use super::observer::Observer;
use super::request::{ArenaHeader, RequestTexts};
use crate::channel::request_header::LONGEST_HEADER;
use crate::function::{ArgumentKind, Function};
use crate::json::Arena;
use crate::model::RequestPart;
use crate::program::{CsvIndex, Node, NodeId, Table};
use crate::value::RuntimeValue;
use smallvec::SmallVec;

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    pub(super) fn call(
        &mut self,
        id: NodeId,
        function: &'static Function,
        arguments: &'p [NodeId],
    ) -> RuntimeValue<'v> {
        let mut values = SmallVec::<[RuntimeValue<'v>; 4]>::new();
        for (position, argument) in arguments.iter().enumerate() {
            let last = function.parameters.len().saturating_sub(1);
            let takes = function.parameters.get(position.min(last)).map_or(ArgumentKind::Any, |each| each.takes);
            let value = self.argument(*argument, takes);
            if value.is_nothing() && !function.takes_missing {
                return RuntimeValue::Missing;
            }
            let reads_whole = function.reads_whole || matches!(value, RuntimeValue::Text(_));
            if reads_whole && takes != ArgumentKind::Text && !self.may_read(&value) {
                return RuntimeValue::Missing;
            }
            values.push(value);
        }
        if function.name == "key" && self.has_only_empty_parts(arguments, &values) {
            return RuntimeValue::Missing;
        }
        if let Some(remark) = function.remark {
            // What a remark is made of does not stay in the payload's arena.
            let scratch = Arena::new();
            if let Some(remark) = remark(&values, &scratch) {
                self.note_formatted(format_args!("`{}` {remark}", self.program.source_text(id)));
            }
        }
        if self.remaining.work == 0
            && let Some(refused) = self.over_budget_result(function, &values)
        {
            return refused;
        }
        let before = self.arena.allocated_bytes();
        let result = (function.call)(&values, self.arena);
        let made = self.arena.allocated_bytes() - before;
        if let RuntimeValue::Text(text) = result
            && made > 0
        {
            return RuntimeValue::Text(self.charge(text));
        }
        if self.may_spend(made) { result } else { RuntimeValue::Missing }
    }

    /// The result of a call once the budget is spent: missing, unless the result is small enough to be free. The call
    /// runs in an arena of its own, because results for very many elements would stay in the payload's arena until its
    /// end.
    fn over_budget_result(
        &mut self,
        function: &'static Function,
        values: &[RuntimeValue<'_>],
    ) -> Option<RuntimeValue<'v>> {
        let trial = Arena::new();
        let result = (function.call)(values, &trial);
        let made = trial.allocated_bytes();
        if let RuntimeValue::Text(text) = result
            && made > 0
        {
            return (!self.may_spend(text.len())).then_some(RuntimeValue::Text(""));
        }
        (!self.may_spend(made)).then_some(RuntimeValue::Missing)
    }

    /// Whether all values that an alert gave to its key are empty. Constants of the rules do not identify the alert:
    /// all alerts would share a key of constants.
    fn has_only_empty_parts(&self, parts: &[NodeId], values: &[RuntimeValue<'v>]) -> bool {
        parts
            .iter()
            .zip(values)
            .all(|(part, value)| matches!(self.program.node(*part), Node::Literal(_)) || value.is_empty())
    }

    fn argument(&mut self, node: NodeId, takes: ArgumentKind) -> RuntimeValue<'v> {
        let value = self.value(node);
        match takes {
            ArgumentKind::Text => {
                let program = self.program;
                self.text(value, || program.source_text(node)).map_or(RuntimeValue::Missing, RuntimeValue::Text)
            }
            ArgumentKind::Number if !matches!(value, RuntimeValue::Number(_)) => RuntimeValue::Missing,
            ArgumentKind::Number
            | ArgumentKind::Any
            | ArgumentKind::AnyOrLabels
            | ArgumentKind::Nodes
            | ArgumentKind::List
            | ArgumentKind::Items
            | ArgumentKind::Regex
            | ArgumentKind::LiteralText
            | ArgumentKind::LiteralNumber
            | ArgumentKind::Zone
            | ArgumentKind::TimeForm => value,
        }
    }

    /// A part of the request; missing where the request does not have it, or it cannot be read.
    pub(super) fn request(&mut self, part: &'p RequestPart) -> RuntimeValue<'v> {
        let request = self.request.get_or_insert_with(|| RequestTexts::new(self.context.request, self.arena));
        match part {
            RequestPart::PathSuffix => request.path_suffix.map_or(RuntimeValue::Missing, RuntimeValue::Text),
            RequestPart::Header(name) => match request.header(name) {
                None => RuntimeValue::Missing,
                Some(ArenaHeader { text: Some(text), .. }) => RuntimeValue::Text(text),
                Some(ArenaHeader { text: None, .. }) => {
                    self.note_formatted(format_args!(
                        "the header `{name}` counts as missing: it is not UTF-8, or has more than {LONGEST_HEADER} bytes"
                    ));
                    RuntimeValue::Missing
                }
            },
        }
    }

    pub(super) fn lookup(&mut self, id: NodeId, table: usize, arguments: &'p [NodeId]) -> RuntimeValue<'v> {
        let arguments: SmallVec<[RuntimeValue<'v>; 4]> =
            arguments.iter().map(|argument| self.value(*argument)).collect();
        match self.program.tables.get(table) {
            None => RuntimeValue::Missing,
            Some(Table::Csv(index)) => {
                let keys: Vec<_> = arguments.iter().map(|value| self.key_cell(value, index)).collect();
                let found = index.find(&keys);
                if O::LISTENS
                    && let Some(place) = self.program.place(id)
                {
                    self.observer.row(place, found.map(|(row, _)| row), &arguments);
                }
                found.map_or(RuntimeValue::Missing, |(_, result)| constant(result))
            }
            Some(Table::Arms(arms)) => {
                let outer = std::mem::replace(&mut self.parameters, arguments);
                let value = self.choose(arms).map_or(RuntimeValue::Missing, |result| self.value(*result));
                self.parameters = outer;
                value
            }
        }
    }

    /// The key cell for an argument: the text of a scalar, because cells of a file are text.
    fn key_cell(&mut self, value: &RuntimeValue<'v>, index: &CsvIndex) -> Option<Box<str>> {
        if !self.may_read(value) {
            return None;
        }
        Some(index.key_cell(value.to_text(self.arena)?))
    }
}
