//! What is left to do after an input, in steps.

use super::store::{HoldStore, RecheckPosition, RecheckScope};
use super::tracker::HoldTracker;
use crate::mutant::Mutant;
use crate::notification::AlertId;

impl<S: HoldStore + ?Sized> HoldTracker<'_, S> {
    /// Alerts that fire and whose holds may have changed, at most so many; none once nothing is left. What the input itself
    /// found comes first: it is lost with the tracker, the rest is in the store.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn take_changed(&mut self, most: usize) -> Result<Vec<AlertId>, S::Error> {
        let mut taken = Vec::new();
        if Mutant::HeldAtArrival.is_on() {
            return Ok(taken);
        }
        while taken.len() < most
            && let Some(id) = self.changed.pop_first()
        {
            if self.store.firing(id)?.is_some() {
                taken.push(id);
            }
        }
        while taken.len() < most
            && let Some((scope, position)) = self.store.next_recheck()?
        {
            let room = most - taken.len();
            let after = match position {
                RecheckPosition::Start | RecheckPosition::Done => None,
                RecheckPosition::After(alert) => Some(alert),
            };
            let page = match scope {
                RecheckScope::Candidates(holder) => self.store.candidates(holder, after, room)?,
                RecheckScope::Holds | RecheckScope::Everything => self.store.open_alerts(after, room)?,
            };
            let next = match page.last() {
                Some(last) if page.len() == room => RecheckPosition::After(*last),
                Some(_) | None => RecheckPosition::Done,
            };
            self.store.set_recheck(scope, next)?;
            taken.extend(page);
        }
        Ok(taken)
    }

    /// The next open alerts whose facts are to be asked anew, at most so many; none once all are. Give their facts to
    /// [`Self::renew`], and the page to [`Self::finish_page`].
    ///
    /// # Errors
    /// Where the store failed.
    pub fn next_asked(&self, most: usize) -> Result<Vec<AlertId>, S::Error> {
        match self.store.recheck(RecheckScope::Everything)? {
            RecheckPosition::Done => Ok(Vec::new()),
            RecheckPosition::Start => self.store.open_alerts(None, most),
            RecheckPosition::After(alert) => self.store.open_alerts(Some(alert), most),
        }
    }

    /// The alerts of a page were asked; an empty page is the end, and then the holds of all open alerts are looked at again.
    /// Before that, an alert could be held by what is not asked yet.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn finish_page(&mut self, page: &[AlertId]) -> Result<(), S::Error> {
        if let Some(last) = page.last() {
            return self.store.set_recheck(RecheckScope::Everything, RecheckPosition::After(*last));
        }
        if self.store.recheck(RecheckScope::Everything)? != RecheckPosition::Done {
            self.store.set_recheck(RecheckScope::Everything, RecheckPosition::Done)?;
            self.store.set_recheck(RecheckScope::Holds, RecheckPosition::Start)?;
        }
        Ok(())
    }

    /// Whether the facts of an alert are still to be asked anew.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn is_to_be_asked(&self, id: AlertId) -> Result<bool, S::Error> {
        Ok(match self.store.recheck(RecheckScope::Everything)? {
            RecheckPosition::Done => false,
            RecheckPosition::Start => true,
            RecheckPosition::After(last) => id > last,
        })
    }
}
