//! What editors and the console know of rules: names and their uses, descriptions, completion, colours. Places are spans of
//! bytes, and answers are plain values. Nothing here decides what a rule means: it shows what the other modules say.

mod name;
mod name_walk;

pub use name::{
    NameDeclaration, NameId, NameKind, NamePlace, NameRole, NameUse, NamedRuleFile, RuleNames, WordMeaning,
};
pub use name_walk::rule_names;
