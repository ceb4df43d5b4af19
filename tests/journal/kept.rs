//! What is kept, and for how long.

use super::{StateFolder, accept_all, ago, given_up, push, read, refused, settlement, wait};
use pointsman::gateway::journal::{
    CheckpointMode, DeliveryId, DeliveryStore as _, Journal, JournalConfig, JournalStore, PruneProgress, Push,
    PushStore as _, RecordFilter, RefusedPayload, SettlementResult,
};
use pointsman::reload::RuleSetHash;
use std::time::Duration;

over_each_store!(
    age_ends_what_is_settled_and_its_rules,
    rules_that_decide_nothing_do_not_pile_up_and_those_in_force_are_always_there,
    dead_letters_have_a_time_of_their_own,
    the_quarantine_is_bounded_and_emptied,
    an_integration_pushes_out_its_own_refused_payloads,
    rules_are_kept_once_and_come_back,
);

fn keep_rules(store: &mut dyn JournalStore, number: u8, archive: &[u8]) {
    let hash = RuleSetHash([number; 32]);
    store.transact(&mut |transaction| transaction.keep_rules(hash, archive)).unwrap();
}

#[test]
fn bytes_are_bounded_and_what_waits_stays() {
    let folder = StateFolder::new();
    let options = JournalConfig { keep_bytes: 8 << 20, ..folder.options() };
    let mut store = folder.store(&options);
    for round in 0..200_u64 {
        let one = |at| Push {
            payload: vec![b'x'; 4_000],
            ..push(round * 20 + at, "page", "a", (at == 0 && round < 50).then_some(&b"waits"[..]))
        };
        accept_all(&mut *store, (0..20).map(one));
        if round % 20 == 0 {
            store.checkpoint(CheckpointMode::Full).unwrap();
        }
    }
    store.checkpoint(CheckpointMode::Full).unwrap();
    let size = std::fs::metadata(folder.path("journal.db")).unwrap().len();
    assert!(size < 8 << 20, "{size} bytes");
    drop(store);
    let journal = folder.open_with(&options, std::sync::Arc::default());
    let pending = read(&journal).pending("page", DeliveryId::NONE, 1_000).unwrap();
    assert_eq!(pending.len(), 50);
    assert_eq!(read(&journal).find_push(pending[0].event.push).unwrap().unwrap().payload.len(), 4_000);
    let events = read(&journal).events(&RecordFilter::default()).unwrap();
    assert!(events.len() > 500 && events.len() < 2_000, "{} are left of 4,000", events.len());
    assert_eq!(events[0].id.push, push(3_999, "", "", None).id);
}

fn age_ends_what_is_settled_and_its_rules(folder: &StateFolder) {
    let options = JournalConfig { keep_for: Duration::from_mins(1), ..folder.options() };
    let mut store = folder.store(&options);
    keep_rules(&mut *store, 9, b"old rules");
    let early = ago(120_000);
    accept_all(&mut *store, (0..300).map(|number| Push { received: early, ..push(number, "page", "a", None) }));
    accept_all(&mut *store, [Push { received: early, ..push(300, "page", "a", Some(b"waits")) }]);
    accept_all(&mut *store, [Push { rules: RuleSetHash([8; 32]), ..push(301, "page", "a", None) }]);
    while store.prune(ago(0)).unwrap() == PruneProgress::More {}
    let journal = || folder.open();
    drop(store);
    let opened = journal();
    let left: Vec<u128> =
        read(&opened).events(&RecordFilter::default()).unwrap().iter().map(|event| event.id.push.0.random()).collect();
    assert_eq!(left, [301, 300]);
    assert_eq!(read(&opened).rules(RuleSetHash([9; 32])).unwrap().as_deref(), Some(&b"old rules"[..]));
    let waiting = read(&opened).pending("page", DeliveryId::NONE, 1).unwrap()[0].id;
    wait(opened.settle(settlement(waiting, SettlementResult::Delivered))).unwrap();
    drop(opened);
    let mut store = folder.store(&options);
    while store.prune(ago(0)).unwrap() == PruneProgress::More {}
    drop(store);
    let opened = journal();
    assert_eq!(read(&opened).events(&RecordFilter::default()).unwrap().len(), 1);
    assert_eq!(
        read(&opened).rules(RuleSetHash([9; 32])).unwrap(),
        None,
        "rules go with the last push that they decided"
    );
}

/// A gateway whose rules are saved all day, and that nobody pushes to, keeps the last few of them alone.
fn rules_that_decide_nothing_do_not_pile_up_and_those_in_force_are_always_there(folder: &StateFolder) {
    let options = JournalConfig { keep_for: Duration::from_mins(1), ..folder.options() };
    let mut store = folder.store(&options);
    keep_rules(&mut *store, 200, &[200]);
    accept_all(&mut *store, [Push { rules: RuleSetHash([200; 32]), ..push(0, "page", "a", None) }]);
    for number in 0..40 {
        keep_rules(&mut *store, number, &[number]);
    }
    // The last push that those in force decided goes, and the next one comes.
    let in_force = RuleSetHash([39; 32]);
    accept_all(&mut *store, [Push { rules: in_force, received: ago(120_000), ..push(1, "page", "a", None) }]);
    while store.prune(ago(0)).unwrap() == PruneProgress::More {}
    accept_all(&mut *store, [Push { rules: in_force, ..push(2, "page", "a", None) }]);
    drop(store);
    let journal = folder.open();
    assert_eq!(read(&journal).rules(in_force).unwrap(), Some(vec![39]));
    assert_eq!(
        read(&journal).rules(RuleSetHash([200; 32])).unwrap(),
        Some(vec![200]),
        "it decided a push that is there"
    );
    let left = (0..39).filter(|number| read(&journal).rules(RuleSetHash([*number; 32])).unwrap().is_some()).count();
    assert!(left <= 8, "{left} rule sets that decided nothing");
}

fn dead_letters_have_a_time_of_their_own(folder: &StateFolder) {
    let journal = folder.open();
    wait(journal.accept(push(1, "page", "a", Some(b"x")))).unwrap();
    let id = read(&journal).pending("page", DeliveryId::NONE, 1).unwrap()[0].id;
    wait(journal.settle(settlement(id, given_up("no")))).unwrap();
    journal.close();
    drop(journal);
    for (days, left) in [(29, 1), (31, 0)] {
        let mut store = folder.store(&folder.options());
        store.prune(ago(-days * 86_400_000)).unwrap();
        drop(store);
        let journal = folder.open();
        assert_eq!(read(&journal).dead_letters(&RecordFilter::default()).unwrap().len(), left, "after {days} days");
        assert_eq!(read(&journal).channels().unwrap()[0].dead, left as u64);
    }
}

fn the_quarantine_is_bounded_and_emptied(folder: &StateFolder) {
    let journal =
        folder.open_with(&JournalConfig { most_quarantined: 3, ..folder.options() }, std::sync::Arc::default());
    for number in 0..5 {
        wait(journal.quarantine(refused(number, b"{"))).unwrap();
    }
    let left = |journal: &pointsman::gateway::journal::Journal| -> Vec<u128> {
        let found = read(journal).quarantined(&RecordFilter::default()).unwrap();
        found.iter().map(|found| found.id.0.random()).collect()
    };
    assert_eq!(left(&journal), [4, 3, 2]);
    journal.release_quarantined(refused(3, b"").id).unwrap();
    assert_eq!(left(&journal), [4, 2]);
    assert_eq!(read(&journal).integrations().unwrap()[0].refused, 5);
}

fn refused_of(integration: &str, number: u64, payload: &[u8]) -> RefusedPayload {
    RefusedPayload { integration: integration.to_owned(), ..refused(number, payload) }
}

fn left_of(journal: &Journal, integration: &str) -> Vec<u128> {
    let filter = RecordFilter { integration: Some(integration.to_owned()), ..RecordFilter::default() };
    read(journal).quarantined(&filter).unwrap().iter().map(|found| found.id.0.random()).collect()
}

fn an_integration_pushes_out_its_own_refused_payloads(folder: &StateFolder) {
    let options = JournalConfig { most_quarantined: 6, ..folder.options() };
    let journal = folder.open_with(&options, std::sync::Arc::default());
    for number in 0..2 {
        wait(journal.quarantine(refused_of("bank", number, b"{"))).unwrap();
    }
    for number in 2..20 {
        wait(journal.quarantine(refused_of("shop", number, b"{"))).unwrap();
    }
    assert_eq!((left_of(&journal, "bank"), left_of(&journal, "shop")), (vec![1, 0], vec![19, 18, 17, 16]));
    drop(journal);
    let journal = folder.open_with(&options, std::sync::Arc::default());
    journal.release_quarantined(refused(19, b"").id).unwrap();
    for number in 20..23 {
        wait(journal.quarantine(refused_of("gate", number, b"{"))).unwrap();
    }
    let left = ["bank", "shop", "gate"].map(|integration| left_of(&journal, integration));
    assert_eq!(left, [vec![1, 0], vec![18, 17], vec![22, 21]]);
}

#[test]
fn an_integration_pushes_out_its_own_refused_bytes() {
    let folder = StateFolder::new();
    let options = JournalConfig { keep_bytes: 8 << 20, ..folder.options() };
    let journal = folder.open_with(&options, std::sync::Arc::default());
    for number in 0..20 {
        let integration = if number < 2 { "bank" } else { "shop" };
        wait(journal.quarantine(refused_of(integration, number, &vec![b'{'; 200_000]))).unwrap();
    }
    assert_eq!((left_of(&journal, "bank"), left_of(&journal, "shop")), (vec![1, 0], vec![19, 18, 17]));
}

fn rules_are_kept_once_and_come_back(folder: &StateFolder) {
    let journal = folder.open();
    journal.keep_rules(RuleSetHash([1; 32]), b"one").unwrap();
    journal.keep_rules(RuleSetHash([1; 32]), b"another").unwrap();
    assert_eq!(read(&journal).rules(RuleSetHash([1; 32])).unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(read(&journal).rules(RuleSetHash([2; 32])).unwrap(), None);
}
