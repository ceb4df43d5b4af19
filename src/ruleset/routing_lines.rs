//! The lines of all routings as one list.

use crate::model::{Model, RoutingLine, RoutingLineBody};

/// Every line of every routing; a line comes before the lines of its block.
pub fn routing_lines(model: &Model) -> impl Iterator<Item = &RoutingLine> {
    let mut left: Vec<&RoutingLine> =
        model.routings.iter().rev().flat_map(|routing| routing.block.lines.iter().rev()).collect();
    std::iter::from_fn(move || {
        let line = left.pop()?;
        match &line.body {
            RoutingLineBody::Block(block) => left.extend(block.lines.iter().rev()),
            RoutingLineBody::Match(_) | RoutingLineBody::Target(_) => {}
        }
        Some(line)
    })
}
