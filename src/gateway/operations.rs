//! What operators do with the journal: list, retry, drop, replay, explain. The admin API and the command line, where no
//! gateway runs, both end here.
