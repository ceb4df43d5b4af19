//! Calls of functions, and look-ups in tables.

use super::comparison::is_nothing;
use super::machine::{Machine, constant};
use super::observer::Observer;
use crate::function::{Function, Takes};
use crate::json::Arena;
use crate::pattern;
use crate::program::{Node, NodeId, Table};
use crate::value::Value;
use smallvec::SmallVec;

impl<'p: 'v, 'v, O: Observer> Machine<'p, 'v, '_, O> {
    pub(super) fn call(&mut self, function: &'static Function, arguments: &'p [NodeId]) -> Value<'v> {
        let mut values = SmallVec::<[Value<'v>; 4]>::new();
        for (position, argument) in arguments.iter().enumerate() {
            let last = function.parameters.len().saturating_sub(1);
            let takes = function.parameters.get(position.min(last)).map_or(Takes::Any, |each| each.takes);
            let value = self.argument(*argument, takes);
            if is_nothing(&value) && !function.takes_missing {
                return Value::Missing;
            }
            let whole = function.reads_whole || matches!(value, Value::Text(_));
            if whole && takes != Takes::Text && !self.may_read(&value) {
                return Value::Missing;
            }
            values.push(value);
        }
        if function.name == "key" && self.tells_nothing(arguments, &values) {
            return Value::Missing;
        }
        if self.left.work == 0
            && let Some(refused) = self.refused(function, &values)
        {
            return refused;
        }
        let before = self.arena.made();
        let result = (function.call)(&values, self.arena);
        let made = self.arena.made() - before;
        if let Value::Text(text) = result
            && made > 0
        {
            return Value::Text(self.charge(text));
        }
        if self.may_spend(made) { result } else { Value::Missing }
    }

    /// What a call comes to that makes more than is free, where nothing is left: it is tried in memory of its own, as what is
    /// made for each of very many elements would stay until their payload is done.
    fn refused(&mut self, function: &'static Function, values: &[Value<'_>]) -> Option<Value<'v>> {
        let trial = Arena::new();
        let result = (function.call)(values, &trial);
        let made = trial.made();
        if let Value::Text(text) = result
            && made > 0
        {
            return (!self.may_spend(text.len())).then_some(Value::Text(""));
        }
        (!self.may_spend(made)).then_some(Value::Missing)
    }

    /// Whether all that an alert gave to its key is empty. What the rules write out says nothing about the alert: a key of
    /// that alone would be shared by all.
    fn tells_nothing(&self, parts: &[NodeId], values: &[Value<'v>]) -> bool {
        let mut given = parts.iter().zip(values);
        given.all(|(part, value)| matches!(self.program.node(*part), Node::Literal(_)) || value.is_empty())
    }

    fn argument(&mut self, node: NodeId, takes: Takes) -> Value<'v> {
        let value = self.value(node);
        match takes {
            Takes::Text => {
                let program = self.program;
                self.text(value, || program.words(node)).map_or(Value::Missing, Value::Text)
            }
            Takes::Number if !matches!(value, Value::Number(_)) => Value::Missing,
            Takes::Number
            | Takes::Any
            | Takes::AnyOrLabels
            | Takes::Nodes
            | Takes::List
            | Takes::Regex
            | Takes::LiteralText
            | Takes::LiteralNumber => value,
        }
    }

    pub(super) fn lookup(&mut self, id: NodeId, table: usize, arguments: &'p [NodeId]) -> Value<'v> {
        let arguments: SmallVec<[Value<'v>; 4]> =
            arguments.iter().map(|argument| self.value(*argument)).collect();
        match self.program.tables.get(table) {
            None => Value::Missing,
            Some(Table::Csv(index)) => {
                let keys: Vec<_> =
                    arguments.iter().map(|value| self.cell(value, index.ignore_case)).collect();
                let found = index.find(&keys);
                if O::LISTENS
                    && let Some(place) = self.program.place(id)
                {
                    self.observer.row(place, found.map(|(row, _)| row), &arguments);
                }
                found.map_or(Value::Missing, |(_, result)| constant(result))
            }
            Some(Table::Arms(arms)) => {
                let outer = std::mem::replace(&mut self.parameters, arguments);
                let value = self.choose(arms).map_or(Value::Missing, |result| self.value(*result));
                self.parameters = outer;
                value
            }
        }
    }

    /// A key cell for an argument: scalars as their text, as a file's cells are text.
    fn cell(&mut self, value: &Value<'v>, ignore_case: bool) -> Option<Box<str>> {
        if !self.may_read(value) {
            return None;
        }
        let text = value.to_text(self.arena)?;
        Some(if ignore_case { pattern::fold(text).into() } else { text.into() })
    }
}
