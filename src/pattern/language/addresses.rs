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

/// The addresses whose groups each have one of some values.
type AddressGroups = [Vec<GroupDigits>; 8];

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
    for network in networks {
        if let IpNet::V4(network) = network {
            let groups = groups(network.network().to_ipv6_mapped(), 96 + network.prefix_len());
            starts.extend(dotted(&mut builder, &groups, port)?);
        }
        for groups in addresses(*network) {
            starts.push(version_6(&mut builder, &groups, after_zone)?);
            let inside = version_6(&mut builder, &groups, after_inside)?;
            starts.push(builder.text("[", inside)?);
        }
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

/// The addresses of a network that are written as IPv6 addresses. An address may be in several of the parts.
fn addresses(network: IpNet) -> Vec<AddressGroups> {
    match network {
        IpNet::V4(network) => vec![groups(network.network().to_ipv6_mapped(), 96 + network.prefix_len())],
        IpNet::V6(network) => {
            let all = groups(network.network(), network.prefix_len());
            if !network.contains(&Ipv4Addr::UNSPECIFIED.to_ipv6_mapped()) {
                return vec![all];
            }
            // An IPv4-mapped address is in IPv4 networks only. Another one differs from those in one of six groups.
            let other_in = |position: usize| {
                let mut groups = all.clone();
                if let Some(group) = groups.get_mut(position) {
                    *group = except(group, if position == 5 { 0xF } else { 0 });
                }
                groups
            };
            (0..6).map(other_in).collect()
        }
    }
}

/// The groups of the addresses with the prefix of an address.
fn groups(address: Ipv6Addr, length: u8) -> AddressGroups {
    let mut bits = address.to_bits();
    let mut left = u32::from(length);
    let digit = |bits: &mut u128, left: &mut u32| {
        *bits = bits.rotate_left(4);
        let known = (*left).min(4);
        *left -= known;
        let value = u16::try_from(*bits & 0xF).unwrap_or_default();
        let fits = |other: &u16| (other ^ value) >> (4 - known) == 0;
        (0..16).filter(fits).fold(0, |digits, other| digits | 1 << other)
    };
    std::array::from_fn(|_| vec![std::array::from_fn(|_| digit(&mut bits, &mut left))])
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

/// An address in groups, with at most one `::`.
fn version_6(builder: &mut NfaBuilder, groups: &AddressGroups, next: u32) -> NodeResult {
    // What follows a `::` that stands for some groups before each position.
    let mut tails = [next; 9];
    // What follows the groups before each position, if no `::` came.
    let mut heads = [next; 9];
    for (position, group) in groups.iter().enumerate().rev() {
        let dotted = if position == 6 { dotted(builder, groups, next)? } else { Vec::new() };
        let tail = match tails.get(position + 1) {
            Some(tail) if position < 7 => builder.text(":", *tail)?,
            _ => next,
        };
        let tail = hexadecimal(builder, group, tail)?;
        let tail = builder.split(dotted.iter().copied().chain([tail]).collect())?;

        let head = heads.get(position + 1).copied().unwrap_or(next);
        let head = hexadecimal(builder, group, head)?;
        let head = builder.split(dotted.into_iter().chain([head]).collect())?;
        let mut starts = vec![if position > 0 { builder.text(":", head)? } else { head }];
        let zeros = groups.iter().skip(position).take_while(|group| group.iter().any(is_zero)).count();
        let after_gap: Vec<u32> = tails.iter().skip(position + 1).take(zeros).copied().collect();
        if !after_gap.is_empty() {
            let after_gap = builder.split(after_gap)?;
            starts.push(builder.text("::", after_gap)?);
        }
        let head = builder.split(starts)?;
        if let (Some(tail_place), Some(head_place)) = (tails.get_mut(position), heads.get_mut(position)) {
            (*tail_place, *head_place) = (tail, head);
        }
    }
    Ok(heads.first().copied().unwrap_or(next))
}

fn is_zero(digits: &GroupDigits) -> bool {
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
        return ["09", "AF", "af"].map(|ends| range_of(ends)).to_vec();
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
fn dotted(builder: &mut NfaBuilder, groups: &AddressGroups, next: u32) -> Result<Vec<u32>, SearchLimit> {
    let [.., left, right] = groups;
    let mut starts = Vec::new();
    for [first, second, third, fourth] in left {
        for [fifth, sixth, seventh, eighth] in right {
            let octets = [(first, second), (third, fourth), (fifth, sixth), (seventh, eighth)];
            let mut start = next;
            for (position, (high, low)) in octets.into_iter().enumerate().rev() {
                if position < 3 {
                    start = builder.text(".", start)?;
                }
                start = decimal(builder, *high, *low, start)?;
            }
            starts.push(start);
        }
    }
    Ok(starts)
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
