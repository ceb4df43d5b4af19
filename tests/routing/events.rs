//! Events whose values are those that the rules look for.

use super::dice::Dice;
use pointsman::event::{AlertStatus, Event, Labels, Severity};
use pointsman::json::Arena;
use pointsman::time::Timestamp;

impl Dice {
    pub(super) fn event<'a>(&mut self, arena: &'a Arena) -> Event<'a> {
        let starts_at = self.of(&["", "2026-11-20T02:30:00Z", "2026-11-21T02:30:00Z", "2026-11-20T20:00:00Z"]);
        Event {
            severity: Severity::ALL[self.roll(3)],
            status: AlertStatus::ALL[self.roll(2)],
            title: arena.text(&self.word()),
            key: self.of(&["web", "k", "ab", ""]),
            description: if self.one_in(3) { None } else { Some(arena.text(&self.word())) },
            labels: self.labels(arena),
            starts_at: Timestamp::read(starts_at),
            ends_at: None,
            link: if self.one_in(3) { None } else { Some(arena.text(&self.word())) },
            source: self.of(&["web", "Ab"]),
            integration: if self.one_in(3) { None } else { Some(arena.text(&self.word())) },
            notes: &[],
        }
    }

    /// Labels, of which each is now and then missing.
    fn labels<'a>(&mut self, arena: &'a Arena) -> Labels<'a> {
        let mut labels = Vec::new();
        for name in ["team", "env", "app.name", "host"] {
            if self.roll(5) > 0 {
                let word = if self.one_in(3) { self.beginning() } else { self.word() };
                let value = match self.roll(40) {
                    0 => word + "\n" + &self.word(),
                    // Beyond what is folded on the stack.
                    1 => word.repeat(300),
                    _ => word,
                };
                labels.push((name, arena.text(&value)));
            }
        }
        for name in ["site", "tier", "zone"] {
            if self.roll(8) > 0 {
                labels.push((name, self.of(&["west", "WEST", "ÄB", "äb"])));
            }
        }
        for name in ["size", "load"] {
            if self.roll(6) > 0 {
                let odd = ["", "x", " 4 ", "3.0", "2.5", "-3", "1e1", "9007199254740993"];
                let number = if self.one_in(3) { self.of(&odd).to_owned() } else { self.roll(12).to_string() };
                labels.push((name, arena.text(&number)));
            }
        }
        Labels::of(labels, arena)
    }

    /// A text that begins as the arms of a `match` do.
    fn beginning(&mut self) -> String {
        self.of(&super::rules::LETTERS).to_owned() + self.of(&["", "b", "-7", "a", "ab", "b7", "B"])
    }
}
