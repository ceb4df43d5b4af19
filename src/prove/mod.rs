//! Proofs about rule sets: what holds for all events, and events that show what does not.
//!
//! **The evaluator is the oracle.** A question such as "can an event reach this line?" is solved from a few conditions. The
//! solution is an event, and that event is evaluated before anyone sees it. Every condition that is solved must hold for all
//! events that reach the line. So a condition that is read too loosely leaves a question undecided, and never makes a false
//! claim. Nothing is claimed from samples.
//!
//! `formula` reads conditions, `theory` finds values for one variable, `solver` puts them together, `routing` says when
//! a line is reached, `reachability` asks for every line, `statement` decides what `prove` declarations say, and `finding`
//! reports. Limits are counted and never timed, and
//! nothing depends on the order of a hash, so two runs give the same results.

mod arms;
mod conditions;
mod defaults;
mod difference;
mod effort;
mod finding;
mod formula;
mod hidden_else;
mod known_event;
mod mapping;
mod message;
mod producer;
mod reachability;
mod recovery;
mod routed_witness;
mod routing;
mod solver;
mod statement;
mod theory;
mod undecided;
mod witness;

pub use defaults::{DEFAULT_KEY, DEFAULT_SOURCE, DEFAULT_TITLE, default_time};
pub use difference::{
    ChangeGroup, ChangedDeclaration, ChangedEvent, ChangedPart, ChangedPayload, ChannelChange, ComparedMapping,
    ComparedModel, ConditionPart, DeclarationKind, DifferenceDetail, EditDifference, EditKind, EditedLine, MapPayload,
    MappedElement, MappedEvent, MappedPayload, MappingComparison, MappingPart, PartText, PayloadDifference,
    RoutingComparison, RoutingDifferences, Side, changed_declarations, compare_mappings, compare_routings,
    mapping_differences, routing_differences,
};
pub use effort::ProofEffort;
pub use finding::{CODES, UndecidedLine};
pub use known_event::KnownEvent;
pub use mapping::{EvaluatePayload, MappingProofs, PartProof, PayloadOutcome, PayloadWitness, prove_mappings};
pub use reachability::{EvaluateWitness, LineProofs, Reachability, Unreachable, WitnessOutcome, prove_lines};
pub use routed_witness::{RoutedWitness, WitnessFinder};
pub use routing::LineId;
pub use solver::ProofStatistics;
pub use statement::{
    ObserveEvent, ObservedRouting, ReachedDestination, Refutation, StatementFault, StatementId, StatementProver,
    StatementVerdict,
};
pub use undecided::UndecidedReason;
pub use witness::Witness;
