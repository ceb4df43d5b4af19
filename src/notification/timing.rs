//! Why news waits until a moment, and why a message was made when it was: the reasons, and their words.

use crate::text::plural;
use crate::time::DurationText;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why news waits until a moment, and why a message was made when it was. Waits are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimingReason {
    /// News makes its group Critical, which waits `wait_critical`.
    Critical {
        /// The wait.
        wait: u64,
    },
    /// A severity rose, which waits the lower end of `wait`.
    Worse {
        /// The wait.
        wait: u64,
    },
    /// An alert is new: the wait grows with each message of the group.
    New {
        /// The wait.
        wait: u64,
        /// Which message of the group it is since the group was quiet, from 1.
        number: u32,
    },
    /// What was told is over.
    Over {
        /// The wait after the end.
        wait: u64,
    },
    /// What was told fires still.
    Repetition {
        /// The pause after the last message.
        wait: u64,
    },
    /// More groups were due than single messages can tell.
    Storm {
        /// How many groups were due.
        groups: u32,
        /// How many messages in a minute are for one group each.
        singles: u32,
    },
    /// The channel has made as many messages as its rate allows.
    Rate {
        /// The most messages in a minute.
        messages: u32,
    },
}

impl TimingReason {
    /// Why it waits, behind `waits until 02:04:30`; nothing where there is nothing to say.
    #[must_use]
    pub fn waiting(self) -> Option<String> {
        Some(match self {
            Self::Critical { wait } => format!("it makes the group Critical, {}", duration(wait)),
            Self::Worse { wait } => format!("its severity rose, {}", duration(wait)),
            Self::New { wait, number } => {
                format!("{} message of this group since it was quiet, {}", ordinal(number), duration(wait))
            }
            Self::Over { wait } => format!("{} after the end", duration(wait)),
            Self::Storm { groups: 1, .. } => "a storm: 1 group waits for its next message".to_owned(),
            Self::Storm { groups, .. } => format!("a storm: {} wait for its next message", plural(groups, "group")),
            Self::Rate { messages } => {
                format!("the channel has made the {} that its rate allows in a minute", plural(messages, "message"))
            }
            Self::Repetition { .. } => return None,
        })
    }

    /// Why its message was made when it was; nothing where the reason of the message says it.
    #[must_use]
    pub fn told(self) -> Option<String> {
        let waited = |wait: u64, why: &str| match wait {
            0 => format!("did not wait: {why}"),
            wait => format!("waited {}: {why}", duration(wait)),
        };
        Some(match self {
            Self::Critical { wait } => waited(wait, "it makes the group Critical"),
            Self::Worse { wait: 0 } | Self::New { wait: 0, .. } | Self::Over { wait: 0 } => "did not wait".to_owned(),
            Self::Worse { wait } => waited(wait, "its severity rose"),
            Self::New { wait, number } => {
                waited(wait, &format!("{} message of this group since it was quiet", ordinal(number)))
            }
            Self::Over { wait } => waited(wait, "what was notified is over"),
            Self::Storm { groups, singles } => format!(
                "a storm: {} were due and {} a minute are for one each",
                plural(groups, "group"),
                plural(singles, "message")
            ),
            Self::Repetition { .. } | Self::Rate { .. } => return None,
        })
    }
}

fn duration(milliseconds: u64) -> DurationText {
    DurationText(Duration::from_millis(milliseconds))
}

fn ordinal(number: u32) -> String {
    const WORDS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    let word = usize::try_from(number).ok().and_then(|number| WORDS.get(number.checked_sub(1)?));
    word.map_or_else(|| format!("{number}th"), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::TimingReason;

    #[test]
    fn reasons_have_words() {
        let new = |number| TimingReason::New { wait: 120_000, number };
        let storm = TimingReason::Storm { groups: 1349, singles: 6 };
        let waiting = [
            (TimingReason::Critical { wait: 20_000 }, "it makes the group Critical, 20s"),
            (new(3), "third message of this group since it was quiet, 2m"),
            (storm, "a storm: 1349 groups wait for its next message"),
            (
                TimingReason::Rate { messages: 20 },
                "the channel has made the 20 messages that its rate allows in a minute",
            ),
            (new(12), "12th message of this group since it was quiet, 2m"),
            (TimingReason::Worse { wait: 30_000 }, "its severity rose, 30s"),
            (TimingReason::Over { wait: 60_000 }, "1m after the end"),
        ];
        for (reason, words) in waiting {
            assert_eq!(reason.waiting().as_deref(), Some(words));
        }
        let told = [
            (TimingReason::Critical { wait: 0 }, "did not wait: it makes the group Critical"),
            (TimingReason::New { wait: 0, number: 1 }, "did not wait"),
            (new(1), "waited 2m: first message of this group since it was quiet"),
            (storm, "a storm: 1349 groups were due and 6 messages a minute are for one each"),
        ];
        for (reason, words) in told {
            assert_eq!(reason.told().as_deref(), Some(words));
        }
        assert_eq!(
            (TimingReason::Repetition { wait: 1 }.told(), TimingReason::Rate { messages: 20 }.told()),
            (None, None)
        );
    }

    #[test]
    fn reasons_are_read_as_they_are_stored() {
        let reason = TimingReason::New { wait: 1_000, number: 2 };
        let text = serde_json::to_string(&reason).unwrap();
        assert_eq!(text, r#"{"new":{"wait":1000,"number":2}}"#);
        assert_eq!(serde_json::from_str::<TimingReason>(&text).unwrap(), reason);
    }
}
