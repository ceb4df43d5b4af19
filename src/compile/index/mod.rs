//! Filing the lines of a block under what their conditions require.

mod choice;
mod combinations;
mod filing;
mod keys;
mod need;
mod shared;

use crate::program::{BlockIndex, Line, Program};
use choice::Counts;
use filing::Filing;
use keys::Keys;
use need::Needs;
use shared::Shared;

/// Blocks with fewer lines are tried line by line: that is as fast, and needs no memory.
const FEWEST_LINES: usize = 16;

/// The index of a block; nothing for a small one.
pub(super) fn index(program: &Program, lines: &[Line]) -> Option<BlockIndex> {
    if lines.len() < FEWEST_LINES {
        return None;
    }
    let mut keys = Keys::default();
    let needs: Vec<Needs<'_>> = lines.iter().map(|line| Needs::of(program, line, &mut keys)).collect();
    let shared = Shared::of(&needs);
    let counts = Counts::of(&needs, &keys);
    let mut filing = Filing::default();
    for (position, needs) in (0..).zip(&needs) {
        filing.file(position, needs, &counts.choice(needs, &keys, &shared), &shared);
    }
    Some(filing.finish(&keys, &shared))
}
