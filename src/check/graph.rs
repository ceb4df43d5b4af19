//! Who uses whom: an order from the bottom up, and the circles in it.

/// How many circles are told; past that they are many views of one tangle.
const CYCLES_LIMIT: usize = 20;

/// How far the walk has come with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// An order from the bottom up, and the cycles that were met. The walk keeps its own stack: chains may be long.
pub(super) fn order(edges: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut marks = vec![Mark::New; edges.len()];
    let (mut order, mut cycles) = (Vec::with_capacity(edges.len()), Vec::new());
    for start in 0..edges.len() {
        let mut stack = vec![(start, 0)];
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        set(&mut marks, start, Mark::Open);
        while let Some((at, next)) = stack.pop() {
            let Some(used) = edges.get(at).and_then(|targets| targets.get(next)).copied() else {
                set(&mut marks, at, Mark::Done);
                order.push(at);
                continue;
            };
            stack.push((at, next + 1));
            match marks.get(used).copied().unwrap_or(Mark::Done) {
                Mark::Done => {}
                Mark::New => {
                    set(&mut marks, used, Mark::Open);
                    stack.push((used, 0));
                }
                Mark::Open if cycles.len() >= CYCLES_LIMIT => {}
                Mark::Open => {
                    let from = stack.iter().position(|(open, _)| *open == used).unwrap_or(0);
                    cycles.push(stack.iter().skip(from).map(|(open, _)| *open).collect());
                }
            }
        }
    }
    (order, cycles)
}

fn set(marks: &mut [Mark], at: usize, mark: Mark) {
    if let Some(slot) = marks.get_mut(at) {
        *slot = mark;
    }
}
