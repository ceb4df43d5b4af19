//! The ways from a payload to text that a worker knows, by their names.

use crate::{baseline, library, workload};
use pointsman::evaluate::EvaluationContext;
use pointsman::json::Arena;
use pointsman::ruleset::RuleSet;
use std::hint::black_box;

/// The mapping, as a file of its own.
const MAPPING: &str = include_str!("mapping.rules");

/// A way to map a payload.
#[derive(Clone, Copy)]
pub(crate) enum Variant {
    Map,
    MapAndRoute,
    Typed,
    Value,
    Skip,
    Parse,
}

impl Variant {
    pub(crate) const ALL: [Self; 6] = [Self::Map, Self::MapAndRoute, Self::Typed, Self::Value, Self::Skip, Self::Parse];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::MapAndRoute => "map+route",
            Self::Typed => "typed",
            Self::Value => "value",
            Self::Skip => "skip",
            Self::Parse => "parse",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|variant| variant.name() == name);
        found.ok_or_else(|| format!("there is no variant `{name}`"))
    }
}

/// The mapping with the routes that are loaded, ready to run.
pub(crate) struct Mapper {
    rules: RuleSet,
    context: EvaluationContext<'static>,
}

impl Mapper {
    /// With the routes of a rule text; without one, with ten.
    pub(crate) fn new(routes: Option<&str>) -> Result<Self, String> {
        let routes = routes.map_or_else(|| workload::small(10), str::to_owned);
        let mapping = MAPPING.trim_start_matches("edition 1\n");
        Ok(Self { rules: library::load(&(routes + mapping))?, context: library::context() })
    }

    /// Maps a payload once; `out` then holds what is written, which is nothing where a variant only reads.
    pub(crate) fn run(&self, variant: Variant, payload: &[u8], arena: &mut Arena, out: &mut Vec<u8>) {
        out.clear();
        match variant {
            Variant::Map => library::map(&self.rules, None, &self.context, payload, arena, out),
            Variant::MapAndRoute => {
                library::map(&self.rules, Some("workload"), &self.context, payload, arena, out);
            }
            Variant::Typed => baseline::typed(payload, out),
            Variant::Value => baseline::value(payload, out),
            Variant::Skip => baseline::skip(payload),
            Variant::Parse => drop(black_box(serde_json::from_slice::<serde_json::Value>(payload))),
        }
    }
}
