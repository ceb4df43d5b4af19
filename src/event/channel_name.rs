//! The names of channels that are members of a family.

use crate::text::quoted;

/// The most letters of a member's name.
pub const MAX_MEMBER_NAME: usize = 64;

/// The name of the channel that is a member of a family: `team_chat["payments"]`.
#[must_use]
pub fn member_name(family: &str, member: &str) -> String {
    format!("{family}[{}]", quoted(member))
}

/// The name of a channel as a command line writes it: `team_chat.payments` is `team_chat["payments"]`, so that no quotes
/// are needed. Where a shell has taken the quotes away, `team_chat[payments]` is the same.
#[must_use]
pub fn channel_name(written: &str) -> String {
    let dotted = written.split_once('.').filter(|(family, _)| !family.contains('['));
    let bracketed = || written.strip_suffix(']')?.split_once('[').filter(|(_, member)| !member.starts_with('"'));
    match dotted.or_else(bracketed) {
        Some((family, member)) => member_name(family, member),
        None => written.to_owned(),
    }
}

/// The name of a channel for a command line: `team_chat.payments` for `team_chat["payments"]`.
#[must_use]
pub fn command_line_name(channel: &str) -> String {
    let member = channel.strip_suffix("\"]").and_then(|name| name.split_once("[\""));
    member.map_or_else(|| channel.to_owned(), |(family, member)| format!("{family}.{member}"))
}

/// Whether a text may be the name of a member: ASCII letters, digits, `_`, `-` and `.`, without a leading dot. File
/// systems write other letters in several ways, and a member often names a file.
#[must_use]
pub fn is_member_name(text: &str) -> bool {
    let is_allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-' | b'.');
    (1..=MAX_MEMBER_NAME).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::{channel_name, command_line_name, is_member_name};

    #[test]
    fn a_command_line_needs_no_quotes() {
        for (written, name) in [
            ("ops", "ops"),
            ("team_chat.payments", "team_chat[\"payments\"]"),
            ("team_chat.a.b", "team_chat[\"a.b\"]"),
            ("team_chat[\"a.b\"]", "team_chat[\"a.b\"]"),
            ("team_chat[a.b]", "team_chat[\"a.b\"]"),
        ] {
            assert_eq!(channel_name(written), name);
            assert_eq!(channel_name(&command_line_name(name)), name);
        }
    }

    #[test]
    fn names_of_members_are_short_and_plain() {
        for good in ["a", "payments-eu", "a.b", "_x", "9"] {
            assert!(is_member_name(good), "{good}");
        }
        let long = "x".repeat(65);
        for bad in ["", ".a", "a b", "a/b", "a\"", "a[b", "*", "a\n", "\u{e9}", long.as_str()] {
            assert!(!is_member_name(bad), "{bad}");
        }
    }
}
