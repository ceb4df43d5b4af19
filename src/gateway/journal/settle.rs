//! How deliveries end, in a transaction, and what that means for the messages of channels that gather them.

use super::channel_policies::{ChannelPolicies, LAST_WORDS};
use super::notification::EndedMessage;
use super::{DeliveryId, Settlement, SettlementResult, StoreResult, Transaction};
use crate::event::AlertStatus;
use crate::notification::{ChannelNotifier, MessageEnd};
use crate::time::Timestamp;

/// Stores the result of an attempt, and what that means for the message that was delivered.
///
/// # Errors
/// Where the store failed.
pub fn settle(
    transaction: &mut dyn Transaction,
    settlement: &Settlement,
    policies: &ChannelPolicies,
    now: Timestamp,
) -> StoreResult<()> {
    let end = match &settlement.result {
        SettlementResult::Delivered => MessageEnd::Delivered,
        SettlementResult::Dead { cause: GiveUpCause::Refused, .. } => MessageEnd::Refused,
        SettlementResult::Dead { cause: GiveUpCause::Removed, .. } => MessageEnd::Removed,
        SettlementResult::Dead { cause: GiveUpCause::Expired, .. } | SettlementResult::Retry { .. } => {
            MessageEnd::Expired
        }
    };
    match transaction.settle(settlement)? {
        Some(ended) => end_message(transaction, &ended, end, policies, now),
        None if matches!(settlement.result, SettlementResult::Dead { .. }) => {
            note_given_up(transaction, settlement.delivery, policies)
        }
        None => Ok(()),
    }
}

/// Makes a pending delivery whose record is damaged a dead letter; its message is news again.
///
/// # Errors
/// Where the store failed.
pub fn mark_damaged(
    transaction: &mut dyn Transaction,
    delivery: DeliveryId,
    at: Timestamp,
    policies: &ChannelPolicies,
    now: Timestamp,
) -> StoreResult<()> {
    match transaction.mark_damaged(delivery, at)? {
        Some(ended) => end_message(transaction, &ended, MessageEnd::Expired, policies, now),
        None => note_given_up(transaction, delivery, policies),
    }
}

/// A dead letter of a channel that gets every event and has a fallback: the fallback is told.
fn note_given_up(
    transaction: &mut dyn Transaction,
    delivery: DeliveryId,
    policies: &ChannelPolicies,
) -> StoreResult<()> {
    if policies.with_fallback().next().is_some() {
        let has_fallback = |channel: &str| policies.fallback_after(channel).is_some();
        if let Some(channel) = transaction.note_given_up(delivery, &has_fallback)? {
            transaction.wake_notifier(&channel);
        }
    }
    Ok(())
}

/// Delivers dead letters again; how many. The dead letter of a message gives way to what is true now: what was refused is news
/// again, and what died of age is so already. Only a refused recovery is sent as it was, as its alerts are forgotten.
///
/// # Errors
/// Where the store failed.
pub fn retry(
    transaction: &mut dyn Transaction,
    dead_letters: &[DeliveryId],
    at: Timestamp,
    policies: &ChannelPolicies,
) -> StoreResult<u64> {
    let mut retried = 0;
    for dead_letter in dead_letters {
        retried += if is_told_anew(transaction, *dead_letter, policies)? {
            transaction.drop_dead_letters(&[*dead_letter], at)?
        } else {
            transaction.requeue(&[*dead_letter], at)?
        };
    }
    Ok(retried)
}

/// Makes what a dead message told news again, where it is true still; whether that takes the place of the message.
fn is_told_anew(
    transaction: &mut dyn Transaction,
    dead_letter: DeliveryId,
    policies: &ChannelPolicies,
) -> StoreResult<bool> {
    let Some(EndedMessage { channel, message }) = transaction.dead_message(dead_letter)? else { return Ok(false) };
    let Some(policy) = policies.get(&channel) else { return Ok(false) };
    let mut records = transaction.channel_records(&channel)?;
    let Some(given_up) = records.given_up(message)? else { return Ok(false) };
    if matches!(given_up.end, MessageEnd::Refused | MessageEnd::Removed) {
        if given_up.end == MessageEnd::Refused && given_up.status == AlertStatus::Resolved {
            return Ok(false);
        }
        ChannelNotifier::new(&mut *records, policy).tell_refused(&given_up.alerts)?;
    }
    drop(records);
    transaction.wake_notifier(&channel);
    Ok(true)
}

fn end_message(
    transaction: &mut dyn Transaction,
    ended: &EndedMessage,
    end: MessageEnd,
    policies: &ChannelPolicies,
    now: Timestamp,
) -> StoreResult<()> {
    let policy = policies.get(&ended.channel).unwrap_or(LAST_WORDS);
    let mut records = transaction.channel_records(&ended.channel)?;
    ChannelNotifier::new(&mut *records, policy).settle(now, ended.message, end)?;
    records.note_message_end(ended.message, end)?;
    drop(records);
    transaction.wake_notifier(&ended.channel);
    Ok(())
}

/// Why a delivery is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUpCause {
    /// It became too old, or could not be sent any more: what it says is to be said again.
    Expired,
    /// The receiver refused it, or would refuse it again.
    Refused,
    /// Its channel left the rules.
    Removed,
}
