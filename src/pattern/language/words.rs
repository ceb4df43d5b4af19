//! Finite sets of texts as trees.

use super::alphabet::Alphabet;
use super::nfa::number;
use std::collections::BTreeMap;

/// A finite set of texts.
#[derive(Debug)]
pub(super) struct WordTree {
    alphabet: Alphabet,
    nodes: Vec<WordNode>,
}

#[derive(Debug)]
struct WordNode {
    /// By the class of the next character.
    children: BTreeMap<u32, u32>,
    /// The first of the texts that end here.
    word: Option<u32>,
    /// The smallest number of characters to the end of a text.
    distance: u32,
}

impl WordNode {
    fn new() -> Self {
        Self { children: BTreeMap::new(), word: None, distance: u32::MAX }
    }
}

impl WordTree {
    /// The root of every tree.
    pub(super) const ROOT: u32 = 0;

    pub(super) fn new<'w>(words: impl Iterator<Item = &'w str> + Clone) -> Self {
        let mut characters: Vec<u32> = words.clone().flat_map(str::chars).map(u32::from).collect();
        characters.sort_unstable();
        characters.dedup();
        let alphabet = Alphabet::of_characters(&characters);
        let mut tree = Self { alphabet, nodes: vec![WordNode::new()] };
        for (id, word) in words.enumerate() {
            tree.add(word, number(id));
        }
        tree
    }

    fn add(&mut self, word: &str, id: u32) {
        let mut left = number(word.chars().count());
        let mut node = Self::ROOT;
        self.approach(node, left);
        for character in word.chars() {
            let class = self.alphabet.class_of(character.into());
            left -= 1;
            node = self.child(node, class).unwrap_or_else(|| {
                let child = number(self.nodes.len());
                self.nodes.push(WordNode::new());
                if let Some(node) = self.nodes.get_mut(node as usize) {
                    node.children.insert(class, child);
                }
                child
            });
            self.approach(node, left);
        }
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.word.get_or_insert(id);
        }
    }

    fn approach(&mut self, node: u32, distance: u32) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.distance = node.distance.min(distance);
        }
    }

    pub(super) fn alphabet(&self) -> &Alphabet {
        &self.alphabet
    }

    /// The node after a character of a class.
    pub(super) fn child(&self, node: u32, class: u32) -> Option<u32> {
        self.nodes.get(node as usize)?.children.get(&class).copied()
    }

    /// The position of the text that ends at a node; of equal ones, the first.
    pub(super) fn word(&self, node: u32) -> Option<u32> {
        self.nodes.get(node as usize)?.word
    }

    /// The smallest number of characters from a node to the end of a text.
    pub(super) fn distance(&self, node: u32) -> u32 {
        self.nodes.get(node as usize).map_or(u32::MAX, |node| node.distance)
    }
}
