//! Silences: they outlast every end of the process, are never changed but extended or ended, and stay as long as events.

use super::{StateFolder, at, read};
use pointsman::gateway::journal::{
    EndedSilence, JournalStore, MAX_CONDITIONS_BYTES, Silence, SilenceChange, SilenceEndCause, SilenceExtension,
    SilenceFilter, SilenceId, StoreError, Transaction, add_silence,
};
use pointsman::time::Timestamp;
use std::time::Duration;
use ulid::Ulid;

over_each_store!(
    a_silence_outlasts_a_restart_and_is_extended_and_ended,
    what_is_rolled_back_silences_nothing,
    silences_that_ended_stay_as_long_as_events,
    the_bytes_of_all_conditions_are_bounded,
);

pub(super) fn id(number: u64) -> SilenceId {
    SilenceId(Ulid::from_parts(1_700_000_000_000 + number, u128::from(number)).to_bytes())
}

pub(super) fn silence(number: u64, condition: &str, from: Timestamp, until: Timestamp) -> Silence {
    Silence {
        id: id(number),
        condition: condition.to_owned(),
        from,
        until,
        until_resolved: false,
        channels: Vec::new(),
        because: format!("reason {number}"),
        author: "ops".to_owned(),
        created: from,
        extensions: Vec::new(),
        ended: None,
        quiet_since: None,
        has_begun: false,
    }
}

/// A time so many seconds after now, as a store keeps it.
fn later(journal: &pointsman::gateway::journal::Journal, seconds: u64) -> Timestamp {
    at(journal.steady_now().saturating_add(Duration::from_secs(seconds)).epoch_milliseconds())
}

fn open_silences(journal: &pointsman::gateway::journal::Journal) -> Vec<Silence> {
    read(journal).open_silences().silences.iter().map(|silence| Silence::clone(silence)).collect()
}

fn the_bytes_of_all_conditions_are_bounded(folder: &StateFolder) {
    let journal = folder.open();
    let (now, until) = (later(&journal, 0), later(&journal, 600));
    let condition = format!("title == \"{}\"", "x".repeat(15_000));
    let fit = (MAX_CONDITIONS_BYTES / condition.len()) as u64;
    for number in 0..fit {
        let added = journal.add_silence(silence(number, &condition, now, until)).unwrap();
        assert!(matches!(added, SilenceChange::Done(_)), "{number}: {added:?}");
    }
    let refused = journal.add_silence(silence(fit, &condition, now, until)).unwrap();
    assert_eq!(refused, SilenceChange::TooLong(condition.len() * (fit as usize + 1)));
    // One that ends makes room.
    journal.end_silence(id(0), "mia".to_owned()).unwrap();
    let added = journal.add_silence(silence(fit, &condition, now, until)).unwrap();
    assert!(matches!(added, SilenceChange::Done(_)), "{added:?}");
}

fn a_silence_outlasts_a_restart_and_is_extended_and_ended(folder: &StateFolder) {
    let journal = folder.open();
    let now = later(&journal, 0);
    let mut first = silence(1, "severity < Critical", now, later(&journal, 600));
    first.channels = vec!["chat".to_owned(), "page".to_owned()];
    let second = silence(2, "true", now, later(&journal, 600));
    for one in [&first, &second] {
        let begun = Silence { has_begun: true, ..one.clone() };
        assert_eq!(journal.add_silence(one.clone()), Ok(SilenceChange::Done(Box::new(begun))));
    }
    let (first, second) = (Silence { has_begun: true, ..first }, Silence { has_begun: true, ..second });
    drop(journal);

    let journal = folder.open();
    assert_eq!(open_silences(&journal), [first.clone(), second.clone()]);
    assert_eq!(read(&journal).silence(first.id).unwrap(), Some(first.clone()));
    let extension = |until| SilenceExtension { at: now, by: "mia".to_owned(), until };
    let earlier = journal.extend_silence(first.id, extension(later(&journal, 300))).unwrap();
    assert_eq!(earlier, SilenceChange::NotLater(first.until), "a silence is never shortened");
    let extension = extension(later(&journal, 900));
    let extended = Silence { until: extension.until, extensions: vec![extension.clone()], ..first.clone() };
    let change = journal.extend_silence(first.id, extension.clone()).unwrap();
    assert_eq!(change, SilenceChange::Done(Box::new(extended.clone())));
    let SilenceChange::Done(ended) = journal.end_silence(second.id, "mia".to_owned()).unwrap() else { panic!() };
    let end = ended.ended.unwrap();
    assert_eq!((end.cause, end.by.as_deref()), (SilenceEndCause::Operator, Some("mia")));
    assert_eq!(journal.end_silence(second.id, "leo".to_owned()), Ok(SilenceChange::Over(end.clone())));
    assert_eq!(journal.extend_silence(second.id, extension), Ok(SilenceChange::Over(end)));
    assert_eq!(journal.end_silence(id(9), "mia".to_owned()), Ok(SilenceChange::Unknown));

    let open = SilenceFilter::default();
    assert_eq!(read(&journal).silences(&open).unwrap(), [extended]);
    let ids = |filter: SilenceFilter| -> Vec<SilenceId> {
        read(&journal).silences(&filter).unwrap().into_iter().map(|silence| silence.id).collect()
    };
    let all = SilenceFilter { with_ended: true, ..open };
    assert_eq!(ids(all), [second.id, first.id], "the newest first");
    assert_eq!(ids(SilenceFilter { limit: 1, ..all }), [second.id]);
    assert_eq!(ids(SilenceFilter { before: Some(second.id), ..all }), [first.id]);
}

fn what_is_rolled_back_silences_nothing(folder: &StateFolder) {
    let mut store = folder.store(&folder.options());
    let reader = store.reader(&std::sync::Arc::default());
    let silence = silence(1, "true", at(0), at(1_000));
    let mut fail = |transaction: &mut dyn Transaction| {
        add_silence(transaction, &silence, at(0))?;
        assert_eq!(transaction.silences()?.silences.len(), 1, "the transaction sees its changes");
        Err(StoreError::Damaged("a test".to_owned()))
    };
    store.transact(&mut fail).unwrap_err();
    assert_eq!((reader.open_silences().silences.len(), reader.silence(silence.id).unwrap()), (0, None));
}

fn silences_that_ended_stay_as_long_as_events(folder: &StateFolder) {
    let options = folder.options();
    let mut store: Box<dyn JournalStore> = folder.store(&options);
    let reader = store.reader(&std::sync::Arc::default());
    let day = 86_400_000;
    let open = silence(1, "true", at(0), at(400 * day));
    let mut ended = silence(2, "true", at(0), at(day));
    ended.ended = Some(EndedSilence { at: at(day), cause: SilenceEndCause::Time, by: None });
    for one in [&open, &ended] {
        store.transact(&mut |transaction| add_silence(transaction, one, one.from).map(drop)).unwrap();
    }
    let kept = i64::try_from(options.keep_for.as_millis()).unwrap();
    for (now, expected) in [(day + kept, 2), (day + kept + 1, 1)] {
        store.prune(at(now)).unwrap();
        let all = SilenceFilter { with_ended: true, ..SilenceFilter::default() };
        assert_eq!(reader.silences(&all).unwrap().len(), expected);
    }
    assert_eq!(*reader.open_silences().silences[0], Silence { has_begun: true, ..open });
    assert_eq!(reader.open_silences().silences.len(), 1);
}
