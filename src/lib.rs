//! Pointsman: a declarative rule language and its engine for the people who run on-call.
//!
//! Monitoring systems push alerts as JSON. Rule files *map* each payload to normalised events and *route* the events to
//! channels. This crate reads such files, says what is wrong with them, evaluates them, tests them, and explains what they
//! decided; the program `pointsman` is its command line.
//!
//! # One alert's way
//!
//! ```text
//! rule text ─ syntax::parse ─ check::check ─ compile::compile ─→ program::Program
//!                                                                      │
//! bytes ─ RuleSet::read ─→ evaluate::evaluate (accept, each, drop, fields; then the routing) ─→ event::Outcome
//! ```
//!
//! Everything that asks what a rule means — `run`, `test`, `explain`, whoever serves rules — asks
//! [`ruleset::RuleSet`], and so the one evaluator behind it:
//!
//! ```
//! use pointsman::evaluate::{EvaluationContext, SilentObserver};
//! use pointsman::ruleset::{EntryPoint, RuleSet};
//! use pointsman::source::Sources;
//! use pointsman::time::Timestamp;
//!
//! let mut sources = Sources::default();
//! sources.add("arms.rules", r#"edition 1
//! mapping arms {
//!   each $.alerts[*]
//!   severity = match @.labels.severity { "P1" => Critical  else => Warning }
//!   status   = match @.status { "resolved" => Resolved  else => Firing }
//!   title    = @.labels.alertname ?? "ARMS alert"
//!   key      = key("arms", @.labels) ?? "arms"
//! }
//! channel page = stdout()
//! channel chat = stdout()
//! routing main {
//!   route urgent when severity == Critical => page, chat
//!   else => chat
//! }
//! "#);
//! let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
//! let rules = loaded.rules.expect("the rules hold no error");
//!
//! let body = br#"{"alerts": [{"status": "firing", "labels": {"alertname": "disk full", "severity": "P1"}}]}"#;
//! let arena = pointsman::json::Arena::new();
//! let document = pointsman::json::parse(body, &arena).expect("the body is JSON");
//! let context = EvaluationContext::at(Timestamp::read("2026-03-07T02:00:00+08:00").expect("a time"));
//! let outcomes = rules.evaluate(EntryPoint::Mapping("arms", Some("main")), &document, &context, &mut SilentObserver)?;
//! assert_eq!(outcomes[0].decision().expect("it was routed").channels, ["page", "chat"]);
//! # Ok::<(), pointsman::ruleset::UnknownName>(())
//! ```
//!
//! # The house, from the ground up
//!
//! A module imports from floors below its own only; a test holds the code to it.
//!
//! | floor | module | what it is |
//! |---|---|---|
//! | 0 | [`source`] | files, spans, lines and columns |
//! | 0 | [`text`] | small helpers for the texts of messages |
//! | 0 | [`json`] | what rules look at of a payload, as a tree in its arena; exact numbers; the canonical form; writing |
//! | 0 | [`time`] | timestamps and their spellings, zones, schedules |
//! | 0 | [`pattern`] | regexes, globs and networks within limits |
//! | 0 | [`mutant`] | deliberate defects of debug builds, for the campaign |
//! | 1 | [`diagnostic`] | a finding, and its rendering for people, editors and code scanning |
//! | 1 | [`event`] | events, outcomes, decisions: the words of the domain and their JSON |
//! | 2 | [`value`] | the values and the types of expressions |
//! | 2 | [`mask`] | the one mask of secrets in texts that people read |
//! | 2 | [`path`] | JSONPath, run by an evaluator of our own within a budget |
//! | 3 | [`syntax`] | the grammar in `grammar/*.pest`, the tree, recovery |
//! | 3 | [`function`] | the built-in functions, each with its words and examples |
//! | 3 | [`channel`] | the kinds of channels and their parameters |
//! | 4 | [`model`] | the checked rule set: names resolved, literals read, expressions typed |
//! | 5 | [`check`] | tree to model: names, types, totality, lints |
//! | 5 | [`program`] | the compiled form: plain data addressed by ids |
//! | 6 | [`mod@compile`] | model to program; cannot fail |
//! | 6 | [`evaluate`] | program and payload to outcomes; cannot fail; an [`Observer`](evaluate::Observer) may watch |
//! | 7 | [`ruleset`] | the facade: read, check, compile, evaluate, explain |
//! | 8 | [`suite`] | the rule test runner |
//! | 8 | [`reload`] | rule files that change while they are served |
//! | 9 | [`gateway`] | push URLs, the journal, delivery, the admin listener |
//! | 10 | [`cli`] | one file a subcommand |
//!
//! # What holds everywhere
//!
//! - Early stages return a value and all diagnostics; later stages cannot fail; what goes wrong with data is a value in
//!   the outcome.
//! - Below [`ruleset`] there is no clock, file, network or environment: the same rules, payload and time give the same
//!   outcomes.
//! - Nothing that a user can write or send may panic, hang, or fill the memory: nesting, sizes, work and text are
//!   bounded, and each bound has a message.

pub mod channel;
pub mod check;
#[cfg(not(target_family = "wasm"))]
pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod evaluate;
pub mod event;
pub mod function;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod json;
pub mod mask;
pub mod model;
pub mod mutant;
pub mod path;
pub mod pattern;
pub mod program;
#[cfg(feature = "gateway")]
pub mod reload;
pub mod ruleset;
pub mod source;
pub mod suite;
pub mod syntax;
pub mod text;
pub mod time;
pub mod value;
