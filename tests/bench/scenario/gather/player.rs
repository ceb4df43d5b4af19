//! A player tells one story after another, each about alerts of a site of its own.

use super::stage::{LANES, Stage, Told};
use crate::harness::Random;
use crate::harness::micros;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a story is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    /// Alerts fire, one becomes worse, some end, all end.
    Plain,
    /// A silence holds what fires, but not the end of what was told.
    Silenced,
    /// A node holds its pods for as long as it is down, and 3 s more.
    Muted,
    /// Alerts come and go without waiting for anything.
    Hasty,
    /// What fires on is told again.
    Repeats,
}

const STORIES: [Story; 4] = [Story::Plain, Story::Silenced, Story::Muted, Story::Hasty];

/// How long nothing must come where nothing is to come: longer than a wait and an end of the process.
const SILENCE: Duration = Duration::from_millis(2_500);

pub(super) struct Player<'s> {
    stage: &'s Stage,
    number: u64,
    random: Random,
    always: Option<Story>,
}

/// A round: a story about one site.
struct Round<'s> {
    stage: &'s Stage,
    site: String,
    lane: u64,
    /// How many messages came.
    seen: usize,
}

impl<'s> Player<'s> {
    pub(super) fn new(stage: &'s Stage, number: u64, seed: u64, always: Option<Story>) -> Self {
        Self { stage, number, random: Random::new(seed.wrapping_mul(1_000) + number), always }
    }

    pub(super) fn play(mut self) {
        for count in 0_u64.. {
            if self.stage.is_over() {
                return;
            }
            let story = self.always.unwrap_or_else(|| STORIES[(count + self.number) as usize % STORIES.len()]);
            let lane = self.number % LANES;
            let mut round = Round { stage: self.stage, site: format!("p{}r{count}", self.number), lane, seen: 0 };
            let (name, played) = match story {
                Story::Plain => ("plain", round.plain(&mut self.random)),
                Story::Silenced => ("silenced", round.silenced(&mut self.random)),
                Story::Muted => ("muted", round.muted(&mut self.random)),
                Story::Hasty => ("hasty", round.hasty(&mut self.random)),
                Story::Repeats => ("repeats", round.repeats()),
            };
            let seen = round.seen;
            self.stage.note(name, &round.site, played.map(|()| seen));
        }
    }
}

type Played = Result<(), String>;

impl Round<'_> {
    fn key(&self, number: u64) -> String {
        format!("{}/{number}", self.site)
    }

    /// An alert that fires.
    fn fires(&self, number: u64, kind: &str, severity: &str) -> Value {
        let lane = self.lane.to_string();
        json!({ "key": self.key(number), "site": self.site, "kind": kind, "lane": lane, "severity": severity })
    }

    /// Its end. What it says besides is of no account: it is told in the channel and group of its firing.
    fn ends(&self, number: u64) -> Value {
        json!({ "key": self.key(number), "site": "elsewhere", "kind": "node", "lane": "none", "status": "resolved" })
    }

    fn all_fire(&self, count: u64, kind: &str) -> Vec<Value> {
        (0..count).map(|number| self.fires(number, kind, "Warning")).collect()
    }

    fn news(&self, numbers: impl IntoIterator<Item = u64>, news: &str) -> BTreeMap<String, String> {
        numbers.into_iter().map(|number| (self.key(number), news.to_owned())).collect()
    }

    /// The next message is this one.
    fn expect(&mut self, status: &str, news: &BTreeMap<String, String>) -> Played {
        let seen = self.seen;
        let what = format!("{status} {news:?}");
        self.stage.until(&self.site, &what, |told| match told.get(seen) {
            None => Ok(None),
            Some(next) if next.status == status && next.news == *news => {
                if told.iter().all(|one| one.key == next.key && one.path == next.path) {
                    Ok(Some(()))
                } else {
                    Err(format!("told in several groups or channels: {told:?}"))
                }
            }
            Some(next) => Err(format!("told {next:?} and not {what}; before: {:?}", &told[..seen])),
        })?;
        self.seen += 1;
        Ok(())
    }

    /// No message comes.
    fn expect_nothing(&self, why: &str) -> Played {
        std::thread::sleep(SILENCE);
        match self.stage.told(&self.site).get(self.seen) {
            None => Ok(()),
            Some(told) => Err(format!("told though {why}: {told:?}")),
        }
    }

    fn plain(&mut self, random: &mut Random) -> Played {
        let count = 2 + random.below(6);
        let firing = self.all_fire(count, "host");
        self.stage.push(&firing)?;
        if random.below(2) == 0 {
            // Unchanged firings are no news.
            self.stage.push(&firing)?;
        }
        self.expect("Firing", &self.news(0..count, "new"))?;
        let partial = random.below(count);
        let mut ended = BTreeMap::new();
        if random.below(2) == 0 && partial > 0 {
            // The end of a part goes along with the next message.
            self.stage.push(&(1..=partial).map(|number| self.ends(number)).collect::<Vec<_>>())?;
            ended = self.news(1..=partial, "over");
        }
        self.stage.push(&[self.fires(0, "host", "Critical")])?;
        let mut news = self.news([0], "worse");
        news.extend(ended.clone());
        self.expect("Firing", &news)?;
        let left: Vec<u64> = (0..count).filter(|number| !ended.contains_key(&self.key(*number))).collect();
        self.stage.push(&left.iter().map(|number| self.ends(*number)).collect::<Vec<_>>())?;
        self.expect("Resolved", &self.news(left, "over"))
    }

    fn silenced(&mut self, random: &mut Random) -> Played {
        let was_told = random.below(3) == 0;
        if was_told {
            self.stage.push(&[self.fires(0, "host", "Warning")])?;
            self.expect("Firing", &self.news([0], "new"))?;
        }
        self.stage.silence(&self.site)?;
        let count = 1 + random.below(5);
        let held = 1..=count;
        self.stage.push(&held.clone().map(|number| self.fires(number, "host", "Critical")).collect::<Vec<_>>())?;
        self.expect_nothing("it is silenced")?;
        if was_told {
            self.stage.push(&[self.ends(0)])?;
            self.expect("Resolved", &self.news([0], "over"))?;
        }
        if random.below(2) == 0 {
            // It is over while it is held: nobody hears of it.
            self.stage.push(&held.map(|number| self.ends(number)).collect::<Vec<_>>())?;
            self.stage.end_silences(&self.site)?;
            return self.expect_nothing("it was over while it was silenced");
        }
        self.stage.end_silences(&self.site)?;
        self.expect("Firing", &self.news(held.clone(), "new"))?;
        self.stage.push(&held.clone().map(|number| self.ends(number)).collect::<Vec<_>>())?;
        self.expect("Resolved", &self.news(held, "over"))
    }

    /// What falls due while the gateway is away is told in one message, so this looks at each alert by itself.
    fn muted(&mut self, random: &mut Random) -> Played {
        let count = 2 + random.below(5);
        let mut firing = self.all_fire(count, "pod");
        firing.insert(random.below(count) as usize, self.fires(100, "node", "Critical"));
        self.stage.push(&firing)?;
        self.expect("Firing", &self.news([100], "new"))?;
        self.expect_nothing("its node is down")?;
        let survive = random.below(3) > 0;
        if !survive {
            self.stage.push(&(0..count).map(|number| self.ends(number)).collect::<Vec<_>>())?;
        }
        self.stage.push(&[self.ends(100)])?;
        if !survive {
            return self.expect("Resolved", &self.news([100], "over"));
        }
        self.until_told(&(0..count).map(|number| self.key(number)).collect())?;
        self.stage.push(&(0..count).map(|number| self.ends(number)).collect::<Vec<_>>())?;
        self.until_told(&BTreeSet::new())
    }

    fn hasty(&mut self, random: &mut Random) -> Played {
        const ALERTS: u64 = 5;
        for _ in 0..10 + random.below(15) {
            let number = random.below(ALERTS);
            let alert = match random.below(3) {
                0 => self.ends(number),
                1 => self.fires(number, "host", "Warning"),
                _ => self.fires(number, "host", "Critical"),
            };
            self.stage.push(&[alert])?;
            std::thread::sleep(random.pause(0, 700));
        }
        let all: Vec<Value> = (0..ALERTS).map(|number| self.fires(number, "host", "Critical")).collect();
        self.stage.push(&all)?;
        self.until_told(&(0..ALERTS).map(|number| self.key(number)).collect())?;
        self.stage.push(&(0..ALERTS).map(|number| self.ends(number)).collect::<Vec<_>>())?;
        self.until_told(&BTreeSet::new())
    }

    /// What the messages say of each alert fits together, and in the end these fire and no others.
    fn until_told(&mut self, firing: &BTreeSet<String>) -> Played {
        let what = format!("that {firing:?} fire");
        self.seen = self.stage.until(&self.site, &what, |told| {
            let known = fold(told)?;
            Ok((known == *firing).then_some(told.len()))
        })?;
        Ok(())
    }

    /// A repetition comes a minute after the message before, whatever ends the process meanwhile.
    fn repeats(&mut self) -> Played {
        self.stage.push(&[self.fires(0, "again", "Warning")])?;
        self.expect("Firing", &self.news([0], "new"))?;
        for _ in 0..2 {
            if self.stage.is_over() {
                break;
            }
            self.expect("Firing", &BTreeMap::new())?;
            let told = self.stage.told(&self.site);
            let [.., before, last] = told.as_slice() else { return Err(format!("{told:?}")) };
            let seconds = (last.at - before.at) as f64 / 1e6;
            // One may have been on its way for some seconds, as the receiver has troubles.
            if !(50.0..75.0).contains(&seconds) {
                return Err(format!("told again after {seconds:.1} s, at {}", micros()));
            }
        }
        self.stage.push(&[self.ends(0)])?;
        self.expect("Resolved", &self.news([0], "over"))
    }
}

/// The alerts that fire by what was told of them, one message after the other.
fn fold(told: &[Told]) -> Result<BTreeSet<String>, String> {
    let mut firing = BTreeSet::new();
    for message in told {
        if message.key != told[0].key || message.path != told[0].path {
            return Err(format!("told in several groups or channels: {told:?}"));
        }
        for (key, news) in &message.news {
            let fits = match news.as_str() {
                "new" => firing.insert(key.clone()),
                "worse" | "better" => firing.contains(key),
                "over" => firing.remove(key),
                _ => false,
            };
            if !fits {
                return Err(format!("{key} is told to be {news}: {told:?}"));
            }
        }
        let status = if firing.is_empty() { "Resolved" } else { "Firing" };
        if message.status != status {
            return Err(format!("{} is told where it is {status}: {told:?}", message.status));
        }
    }
    Ok(firing)
}
