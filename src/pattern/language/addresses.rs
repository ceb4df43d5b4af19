//! The texts that [`address`](crate::pattern::address) reads as an address of some networks.
//!
//! An IPv4 address may have a port, and may be written as an IPv4-mapped IPv6 address. An IPv6 address may stand in brackets
//! before a port, may have a zone index after `%`, may leave one run of zero groups out as `::`, and may end in a dotted
//! part. The spellings are those of `std::net`.

use super::alphabet::CharacterRange;
use super::limits::SearchLimit;
use super::nfa::{Nfa, NfaScope};
use super::nfa_builder::{NfaBuilder, NodeResult};
use ipnet::IpNet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The values of each of the four hexadecimal digits of a group, as bit sets.
type GroupDigits = [u16; 4];

/// The addresses whose groups have some values.
#[derive(Clone)]
struct AddressGroups {
    /// Each of the first groups has one of some values.
    first: [Vec<GroupDigits>; 6],
    /// The last two groups, which may also be written as four decimal numbers, have one of some values together.
    last: Vec<[GroupDigits; 2]>,
}

const ANY_DIGIT: u16 = u16::MAX;
const ZERO_DIGIT: u16 = 1;

/// A port: a number up to 65,535, perhaps with zeros before it.
const PORT: &str = "(?::0*(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?";

/// The automaton of the texts that are an address of one of the networks.
pub(super) fn automaton(networks: &[IpNet]) -> Result<Nfa, SearchLimit> {
    let mut builder = NfaBuilder::default();
    let accept = builder.accept()?;
    let port = port(&mut builder, accept)?;
    let after_zone = zone(&mut builder, &[CharacterRange::ALL], accept)?;
    let bracket = builder.text("]", port)?;
    let not_a_bracket = all_but(']');
    let after_inside = zone(&mut builder, &not_a_bracket, bracket)?;
    let mut starts = Vec::new();
    for groups in addresses(networks) {
        starts.push(version_6(&mut builder, &groups, after_zone)?);
        let inside = version_6(&mut builder, &groups, after_inside)?;
        starts.push(builder.text("[", inside)?);
    }
    for digits in &mapped(networks).last {
        starts.push(dotted(&mut builder, digits, port)?);
    }
    let start = builder.split(starts)?;
    Ok(builder.finish(start, NfaScope::WHOLE))
}

fn port(builder: &mut NfaBuilder, next: u32) -> NodeResult {
    match regex_syntax::parse(PORT) {
        Ok(hir) => builder.hir(&hir, next),
        Err(_) => Ok(next),
    }
}

/// Perhaps a zone index, which may be any text of some characters.
fn zone(builder: &mut NfaBuilder, characters: &[CharacterRange], next: u32) -> NodeResult {
    let index = builder.any_of(characters.to_vec(), next)?;
    let zone = builder.text("%", index)?;
    builder.split(vec![zone, next])
}

fn all_but(character: char) -> Vec<CharacterRange> {
    let number = u32::from(character);
    let CharacterRange { first, last } = CharacterRange::ALL;
    vec![CharacterRange { first, last: number - 1 }, CharacterRange { first: number + 1, last }]
}

/// The addresses of all IPv4 networks, as IPv4-mapped addresses.
fn mapped(networks: &[IpNet]) -> AddressGroups {
    let mut all = groups(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped(), 96);
    all.last.clear();
    for network in networks {
        if let IpNet::V4(network) = network {
            all.last.extend(groups(network.network().to_ipv6_mapped(), 96 + network.prefix_len()).last);
        }
    }
    all
}

/// The addresses of networks that are written as IPv6 addresses. An address may be in several of the parts.
fn addresses(networks: &[IpNet]) -> Vec<AddressGroups> {
    let mut all = vec![mapped(networks)];
    all.retain(|groups| !groups.last.is_empty());
    for network in networks {
        let IpNet::V6(network) = network else { continue };
        let inside = groups(network.network(), network.prefix_len());
        if !network.contains(&Ipv4Addr::UNSPECIFIED.to_ipv6_mapped()) {
            all.push(inside);
            continue;
        }
        // An IPv4-mapped address is in IPv4 networks only. Another one differs from those in one of six groups.
        for position in 0..6 {
            let mut other = inside.clone();
            if let Some(group) = other.first.get_mut(position) {
                *group = except(group, if position == 5 { 0xF } else { 0 });
            }
            all.push(other);
        }
    }
    all
}

/// The groups of the addresses with the prefix of an address.
fn groups(address: Ipv6Addr, length: u8) -> AddressGroups {
    let mut bits = address.to_bits();
    let mut left = u32::from(length);
    let mut digit = || {
        bits = bits.rotate_left(4);
        let known = left.min(4);
        left -= known;
        let value = u16::try_from(bits & 0xF).unwrap_or_default();
        let fits = |other: &u16| (other ^ value) >> (4 - known) == 0;
        (0..16).filter(fits).fold(0, |digits, other| digits | 1 << other)
    };
    let mut group = || -> GroupDigits { std::array::from_fn(|_| digit()) };
    let first = std::array::from_fn(|_| vec![group()]);
    AddressGroups { first, last: vec![[group(), group()]] }
}

/// The values of a group except the one with four times the same digit.
fn except(group: &[GroupDigits], digit: u16) -> Vec<GroupDigits> {
    let other = |digits: &GroupDigits, position: usize| {
        let mut digits = *digits;
        if let Some(place) = digits.get_mut(position) {
            *place &= !(1 << digit);
        }
        digits
    };
    let all = group.iter().flat_map(|digits| (0..4).map(move |position| other(digits, position)));
    all.filter(|digits| digits.iter().all(|digit| *digit != 0)).collect()
}

/// What may follow at a place in an address.
#[derive(Default)]
struct AddressRest {
    /// By the position of the next group: what follows after the colon before it, if `::` came.
    tails: [Vec<u32>; 9],
    /// What follows after the group before this place, if no `::` came.
    heads: Vec<u32>,
}

/// An address in groups, with at most one `::`.
fn version_6(builder: &mut NfaBuilder, groups: &AddressGroups, next: u32) -> NodeResult {
    let mut rest = last_groups(builder, &groups.last, next)?;
    // The number of groups from a position on that may be zero, without the last two.
    let mut zeros = 0;
    for (position, group) in groups.first.iter().enumerate().rev() {
        zeros = if group.iter().copied().any(is_zero) { zeros + 1 } else { 0 };
        let (tail, head) = (builder.split(rest.tail(position + 1))?, builder.split(std::mem::take(&mut rest.heads))?);
        let tail = builder.text(":", tail)?;
        let tail = hexadecimal(builder, group, tail)?;
        let mut head = hexadecimal(builder, group, head)?;
        if position > 0 {
            head = builder.text(":", head)?;
        }
        rest.heads.push(head);
        // A gap that reaches the last two groups may go on there: their tails are only for values that allow it.
        let furthest = if position + zeros == 6 { 8 } else { position + zeros };
        let after_gap: Vec<u32> = (position + 1..=furthest).flat_map(|place| rest.tail(place)).collect();
        if !after_gap.is_empty() {
            let after_gap = builder.split(after_gap)?;
            rest.heads.push(builder.text("::", after_gap)?);
        }
        if let Some(place) = rest.tails.get_mut(position) {
            *place = vec![tail];
        }
    }
    builder.split(rest.heads)
}

/// The last two groups. The gap before a tail reaches up to it, so the groups before it are zero.
fn last_groups(builder: &mut NfaBuilder, last: &[[GroupDigits; 2]], next: u32) -> Result<AddressRest, SearchLimit> {
    let mut rest = AddressRest::default();
    let mut heads = Vec::new();
    for digits in last {
        let [sixth, seventh] = *digits;
        let dotted = dotted(builder, digits, next)?;
        let end = hexadecimal(builder, &[seventh], next)?;
        let after_colon = builder.text(":", end)?;
        let tail = hexadecimal(builder, &[sixth], after_colon)?;
        let mut after_sixth = vec![after_colon];
        if is_zero(seventh) {
            after_sixth.push(builder.text("::", next)?);
        }
        let after_sixth = builder.split(after_sixth)?;
        heads.extend([hexadecimal(builder, &[sixth], after_sixth)?, dotted]);
        let [.., before_sixth, before_seventh, at_end] = &mut rest.tails;
        before_sixth.extend([tail, dotted]);
        if is_zero(sixth) {
            before_seventh.push(end);
        }
        if is_zero(sixth) && is_zero(seventh) && at_end.is_empty() {
            at_end.push(next);
        }
    }
    let head = builder.split(heads)?;
    rest.heads.push(builder.text(":", head)?);
    let after_gap: Vec<u32> = [7, 8].into_iter().flat_map(|place| rest.tail(place)).collect();
    if !after_gap.is_empty() {
        let after_gap = builder.split(after_gap)?;
        rest.heads.push(builder.text("::", after_gap)?);
    }
    Ok(rest)
}

impl AddressRest {
    fn tail(&self, position: usize) -> Vec<u32> {
        self.tails.get(position).cloned().unwrap_or_default()
    }
}

fn is_zero(digits: GroupDigits) -> bool {
    digits.iter().all(|digit| digit & ZERO_DIGIT != 0)
}

/// A group: one to four hexadecimal digits.
fn hexadecimal(builder: &mut NfaBuilder, group: &[GroupDigits], next: u32) -> NodeResult {
    let mut starts = Vec::new();
    for digits in group {
        let mut end = next;
        for (position, digit) in digits.iter().enumerate().rev() {
            end = builder.take(hexadecimal_digits(*digit), end)?;
            if digits.iter().take(position).all(|digit| digit & ZERO_DIGIT != 0) {
                starts.push(end);
            }
        }
    }
    builder.split(starts)
}

fn hexadecimal_digits(values: u16) -> Vec<CharacterRange> {
    if values == ANY_DIGIT {
        return ["09", "AF", "af"].map(range_of).to_vec();
    }
    let characters = "0123456789ABCDEFabcdef".chars();
    let is_in = |character: &char| character.to_digit(16).is_some_and(|value| values >> value & 1 == 1);
    characters.filter(is_in).map(CharacterRange::one).collect()
}

fn range_of(ends: &str) -> CharacterRange {
    let number = |end: Option<char>| end.map_or(0, u32::from);
    CharacterRange { first: number(ends.chars().next()), last: number(ends.chars().next_back()) }
}

/// The last two groups as four decimal numbers.
fn dotted(builder: &mut NfaBuilder, groups: &[GroupDigits; 2], next: u32) -> NodeResult {
    let mut start = next;
    for (position, pair) in groups.as_flattened().chunks(2).enumerate().rev() {
        if position < 3 {
            start = builder.text(".", start)?;
        }
        if let [high, low] = pair {
            start = decimal(builder, *high, *low, start)?;
        }
    }
    Ok(start)
}

/// An octet in decimal, without zeros before it.
fn decimal(builder: &mut NfaBuilder, high: u16, low: u16, next: u32) -> NodeResult {
    let starts: Result<Vec<u32>, SearchLimit> = if (high, low) == (ANY_DIGIT, ANY_DIGIT) {
        let forms = [&["09"][..], &["19", "09"], &["11", "09", "09"], &["22", "04", "09"], &["22", "55", "05"]];
        let form = |digits: &&[&str]| {
            digits.iter().rev().try_fold(next, |next, ends| builder.take(vec![range_of(ends)], next))
        };
        forms.iter().map(form).collect()
    } else {
        let is_in = |octet: &u16| high >> (octet >> 4) & 1 == 1 && low >> (octet & 15) & 1 == 1;
        (0..256).filter(is_in).map(|octet| builder.text(&octet.to_string(), next)).collect()
    };
    builder.split(starts?)
}
