//! What everything random is rolled with.

/// A small generator: proptest gives the seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    /// Whether one of so many times happens.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }

    pub(super) fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.roll(all.len())]
    }

    /// So many of some texts, each once.
    pub(super) fn some<'t>(&mut self, all: &[&'t str], count: usize) -> Vec<&'t str> {
        let mut left = all.to_vec();
        let count = count.min(left.len());
        (0..count).map(|_| left.swap_remove(self.roll(left.len()))).collect()
    }

    /// A word of those that are often equal, often parts of each other, and often equal but for their case: also where
    /// lower-casing makes a text longer, or of two letters one.
    pub(super) fn word(&mut self) -> String {
        let common = ["a", "ab", "Ab", "web", "api-web", "7", "-"];
        let odd = ["", "ÄB", "äb", "ß", "ẞ", "İ", "i̇", "ΟΣ", "ος", "\u{212a}", "k", "ſ", "12"];
        let mut word = if self.roll(3) > 0 { self.of(&common) } else { self.of(&odd) }.to_owned();
        if self.one_in(4) {
            word.push_str(self.of(&["a", "b", "-7", "web", "B"]));
        }
        word
    }
}
