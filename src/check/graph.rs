//! Who uses whom: an order from the bottom up, and the circles in it.

/// How far the walk has come with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// An order from the bottom up, and the cycles that were met. The walk keeps its own stack: chains may be long.
pub(super) fn order(uses: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut marks = vec![Mark::New; uses.len()];
    let (mut order, mut cycles) = (Vec::with_capacity(uses.len()), Vec::new());
    for start in 0..uses.len() {
        let mut stack = vec![(start, 0)];
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        set(&mut marks, start, Mark::Open);
        while let Some((at, next)) = stack.pop() {
            let Some(used) = uses.get(at).and_then(|used| used.get(next)).copied() else {
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
