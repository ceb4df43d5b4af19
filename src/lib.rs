//! Pointsman: a declarative rule language and its engine for the people who run on-call.
//!
//! Monitoring systems push alerts as JSON. Rule files *map* each payload to normalised events and *route* the events to
//! channels. This crate reads such files, reports mistakes in them, evaluates them, tests them, and explains their
//! decisions. The program `pointsman` is its command line.
//!
//! # From a payload to a decision
//!
//! ```text
//! rule text ─ syntax::parse ─ check::check ─ compile::compile ─→ program::Program
//!                                                                      │
//! bytes ─ RuleSet::read ─→ evaluate::evaluate (accept, each, drop, fields; then the routing) ─→ event::Outcome
//! ```
//!
//! `run`, `test`, `explain` and the gateway all use [`ruleset::RuleSet`], so there is only one evaluator:
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
//! # Modules
//!
//! A module imports only from modules on lower floors. A test enforces this.
//!
//! | floor | module | what it is |
//! |---|---|---|
//! | 0 | [`source`] | files, spans, lines and columns |
//! | 0 | [`text`] | small helpers for the texts of messages |
//! | 0 | [`json`] | a tree of the parts of a payload that rules use; exact numbers; the canonical form; a writer |
//! | 0 | [`time`] | timestamps and their formats, durations, zones, schedules |
//! | 0 | [`pattern`] | regexes, globs and networks within limits |
//! | 0 | [`mutant`] | deliberate defects of debug builds, for the test campaigns |
//! | 1 | [`diagnostic`] | findings, and their rendering for people, editors and code scanning |
//! | 1 | [`event`] | events, outcomes and decisions, with their JSON |
//! | 2 | [`value`] | the values and the types of expressions |
//! | 2 | [`path`] | JSONPath, with an evaluator that has a budget |
//! | 3 | [`syntax`] | the grammar in `grammar/*.pest`, the tree, recovery |
//! | 3 | [`function`] | the built-in functions, each with its documentation and examples |
//! | 3 | [`channel`] | the kinds of channels and their parameters |
//! | 4 | [`model`] | the checked rule set: names resolved, literals read, expressions typed |
//! | 5 | [`check`] | tree to model: names, types, totality, lints |
//! | 5 | [`mod@format`] | the formatter: it changes the blanks between tokens, and nothing else |
//! | 5 | [`program`] | the compiled form: plain data addressed by ids |
//! | 6 | [`mod@compile`] | model to program; cannot fail |
//! | 6 | [`evaluate`] | program and payload to outcomes; cannot fail; an [`Observer`](evaluate::Observer) may watch |
//! | 6 | [`prove`] | what holds for all events: which lines events can reach, with events that show it |
//! | 6 | [`notification`] | noise reduction: what a channel is told, and when, as a pure state machine |
//! | 7 | [`ruleset`] | the facade: read, check, compile, evaluate, explain |
//! | 8 | [`suite`] | the rule test runner |
//! | 8 | [`import`] | foreign configuration to rule text, with its certificate |
//! | 8 | [`reload`] | reloading rule files that change while they are served |
//! | 9 | [`gateway`] | push URLs, the journal, delivery, the admin listener |
//! | 9 | [`language_server`] | what editors ask for, over the same check and formatter |
//! | 10 | [`cli`] | one file a subcommand |
//!
//! # Invariants
//!
//! - Early stages return a value and all diagnostics. Later stages cannot fail: a problem with data is a value in the
//!   outcome.
//! - Modules below [`ruleset`] use no clock, file, network or environment. The same rules, payload, request and time
//!   give the same outcomes.
//! - No rule file and no payload can cause a panic, endless work, or unlimited use of memory. Nesting, sizes, work and
//!   text are bounded, and each bound has a message.

pub mod channel;
pub mod check;
#[cfg(not(target_family = "wasm"))]
pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod evaluate;
pub mod event;
pub mod format;
pub mod function;
#[cfg(feature = "gateway")]
pub mod gateway;
#[cfg(not(target_family = "wasm"))]
pub mod import;
pub mod json;
#[cfg(not(target_family = "wasm"))]
pub mod language_server;
pub mod mask;
pub mod model;
pub mod mutant;
pub mod notification;
pub mod path;
pub mod pattern;
pub mod program;
pub mod prove;
#[cfg(feature = "gateway")]
pub mod reload;
pub mod ruleset;
pub mod source;
pub mod suite;
pub mod syntax;
pub mod text;
pub mod time;
pub mod value;
