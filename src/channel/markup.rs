//! The words of an alert within the markup of a chat, so that they are shown as they are written.
//!
//! The chats read subsets of Markdown, and none of them lets a backslash escape reliably. So a character that would be read
//! as markup becomes its full-width form, and brackets that would make a link are moved apart. Within an address it becomes
//! its percent encoding, so that links to runbooks work. Lists stay as they are: they look the same.
//!
//! Sources: DingTalk open platform, "Message types" (headings, quotes, bold, italics, links, images, lists); WeCom developer
//! centre, "Group robot configuration" (headings, bold, links, code in a line, quotes, colours); Feishu open platform,
//! "Markdown of cards" (bold, italics, strikethrough, links, rules, tags); Slack developer docs, "Formatting message text"
//! (`*`, `_`, `~`, code, quotes), where Mattermost and Rocket.Chat read Markdown.

/// A character at an end of a text, whose neighbour is not known.
const UNKNOWN: char = '\0';

/// A text without emphasis, code, headings, quotes, rules, links under a name of their own, and addresses with a user.
/// `before` is what stands before it in the message.
pub(super) fn as_text(before: &str, text: &str) -> String {
    let text = without_users(before, text);
    let mut safe = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            safe.push('\n');
        }
        let begins = number > 0 || begins_line(before);
        push_line(&mut safe, line, if begins { LinePlace::Begins } else { LinePlace::Continues });
    }
    safe
}

/// A text whose addresses name no user: in `https://bank.example@evil.example/`, what looks like the host is the name of one.
pub(super) fn without_users(before: &str, text: &str) -> String {
    const SCHEME: &str = "://";
    let ends_host = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '?' | '#' | '\\');
    let is_open = before.rsplit_once(SCHEME).is_some_and(|(_, host)| !host.contains(ends_host));
    let mut parts = text.split(SCHEME);
    let first = parts.next().unwrap_or_default();
    let mut safe = String::with_capacity(text.len());
    let address = |part: &str| {
        let (host, rest) = part.split_at(part.find(ends_host).unwrap_or(part.len()));
        host.replace('@', "%40") + rest
    };
    if is_open {
        safe.push_str(&address(first));
    } else {
        safe.push_str(first);
    }
    for part in parts {
        safe.extend([SCHEME, &address(part)]);
    }
    safe
}

/// Where the part of a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LinePlace {
    /// At the beginning of a line, where headings and quotes are read.
    Begins,
    /// After other words.
    Continues,
}

/// Whether what follows a text stands at the beginning of a line, but for marks.
fn begins_line(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.chars().all(is_line_mark)
}

/// Whether a heading or a quote may follow at the beginning of a line.
fn is_line_mark(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '#' | '>' | '-' | '+' | '*')
}

fn push_line(safe: &mut String, line: &str, place: LinePlace) {
    let is_rule = line.chars().all(|letter| letter.is_whitespace() || "-=*_".contains(letter));
    let has_pair = line.matches('~').nth(1).is_some();
    let (mut is_begin, mut in_link) = (place == LinePlace::Begins, false);
    let mut before = if is_begin { ' ' } else { UNKNOWN };
    let mut letters = line.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map_or(UNKNOWN, |(_, next)| *next);
        let is_apart = before.is_whitespace() && next.is_whitespace();
        let in_word = before.is_alphanumeric() && next.is_alphanumeric();
        in_link = !letter.is_whitespace() && (in_link || begins_link(line.get(at..).unwrap_or_default()));
        let is_markup = match letter {
            '`' => true,
            '#' | '>' => is_begin,
            '-' | '=' => is_rule,
            '*' => is_rule || !is_apart,
            '_' => is_rule || !(is_apart || in_word),
            '~' => has_pair && !is_apart,
            _ => false,
        };
        match letter {
            _ if is_markup && in_link => safe.extend(percent_code(letter)),
            _ if is_markup => safe.push(full_width(letter)),
            ']' if matches!(next, '(' | '[' | ':') => safe.push_str("] "),
            _ => safe.push(letter),
        }
        is_begin &= is_line_mark(letter);
        before = letter;
    }
}

fn begins_link(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)))
}

/// The full-width form of a printable ASCII character.
pub(super) fn full_width(letter: char) -> char {
    char::from_u32(u32::from(letter) + 0xFEE0).filter(|_| letter.is_ascii_graphic()).unwrap_or(letter)
}

/// `%2A` for a letter of ASCII.
fn percent_code(letter: char) -> [char; 3] {
    let digit = |value: u32| char::from_digit(value, 16).unwrap_or('0').to_ascii_uppercase();
    ['%', digit(u32::from(letter) >> 4 & 0xf), digit(u32::from(letter) & 0xf)]
}

#[cfg(test)]
mod tests {
    use super::{as_text, without_users};

    #[test]
    fn what_would_be_markup_is_text() {
        for (text, shown) in [
            ("# heading", "＃ heading"),
            ("  > > quote", "  ＞ ＞ quote"),
            ("a > b # c", "a > b # c"),
            ("**bold** *it* _it_ __b__ snake_case 5 * 3", "＊＊bold＊＊ ＊it＊ ＿it＿ ＿＿b＿＿ snake_case 5 * 3"),
            ("`code` and ```", "｀code｀ and ｀｀｀"),
            ("~~gone~~ but ~ 5", "～～gone～～ but ~ 5"),
            ("~/bin", "~/bin"),
            ("title\n===\n---\n* * *\n- item\n* item", "title\n＝＝＝\n－－－\n＊ ＊ ＊\n- item\n* item"),
            ("![x](http://evil) [a][b]\n[x]: http://evil", "![x] (http://evil) [a] [b]\n[x] : http://evil"),
        ] {
            assert_eq!(as_text("", text), shown);
        }
    }

    #[test]
    fn only_the_beginning_of_a_line_can_be_a_heading() {
        assert_eq!(as_text("job ", "#12 > 3"), "#12 > 3");
        assert_eq!(as_text("> ", "# x"), "＃ x");
        assert_eq!(as_text("a\n", "# x"), "＃ x");
        assert_eq!(as_text("job ", "a\n# x"), "a\n＃ x");
    }

    #[test]
    fn an_address_works_as_before() {
        let address = "https://wiki.example/a_b/x-y?q=1#part";
        assert_eq!(as_text("", &format!("see {address} *now*")), format!("see {address} ＊now＊"));
        assert_eq!(as_text("", "https://a.example/_x_*"), "https://a.example/%5Fx%5F%2A");
    }

    #[test]
    fn an_address_names_no_user() {
        assert_eq!(
            without_users("", "go https://bank.example@evil.example/@x"),
            "go https://bank.example%40evil.example/@x"
        );
        assert_eq!(without_users("", "a@b.example http://c:d@e@f g@h"), "a@b.example http://c:d%40e%40f g@h");
        assert_eq!(without_users("[x](https://", "bank.example@evil.example/"), "bank.example%40evil.example/");
        assert_eq!(without_users("https://a.example/", "u@v"), "u@v");
    }
}
