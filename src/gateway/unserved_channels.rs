//! Channels that gather messages. The gateway sends every event as it comes, so it refuses rules that ask for more.
//!
//! To be removed as soon as the gateway serves such channels.

use crate::channel::RepeatPolicy;
use crate::reload::{LoadRejection, LoadStage};
use crate::ruleset::RuleSet;

/// Refuses a rule set with a channel that does not send every event as it comes.
///
/// # Errors
/// If there is one: the first.
pub(super) fn refuse(rules: &RuleSet) -> Result<(), LoadRejection> {
    let mut channels = rules.model.channels.iter();
    let Some(channel) = channels.find(|channel| channel.policy().repeat != RepeatPolicy::EveryEvent) else {
        return Ok(());
    };
    let (name, place) = (&channel.name, rules.sources.file_and_line(channel.span));
    Err(LoadRejection {
        stage: LoadStage::Channels,
        message: format!(
            "the channel `{name}` ({place}) does not send every event as it comes, which is not served yet: \
             remove its `repeat`, `group_by`, `wait`, `wait_critical` and `recoveries`"
        ),
        diagnostics: Vec::new(),
        sources: rules.sources.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::refuse;
    use crate::reload::LoadStage;
    use crate::ruleset::RuleSet;
    use crate::source::Sources;

    #[test]
    fn a_channel_that_gathers_messages_is_refused() {
        let build = |parameters: &str| {
            let mut sources = Sources::default();
            let text = format!(
                "edition 1\nchannel a = dingtalk(url = env(\"A\"){parameters})\nrouting main {{ else => a }}\n"
            );
            sources.add("shop/a.rules", &text);
            RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules.expect("it holds no error")
        };
        assert!(refuse(&build("")).is_ok());
        assert!(refuse(&build(", repeat = \"every_event\"")).is_ok());
        let rejection = refuse(&build(", repeat = 4h")).expect_err("it is not served yet");
        assert_eq!(rejection.stage, LoadStage::Channels);
        assert!(rejection.message.starts_with("the channel `a` (shop/a.rules:2) does not"), "{}", rejection.message);
    }
}
