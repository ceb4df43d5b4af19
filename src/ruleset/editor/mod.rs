//! What editors and the console know of rules: names and their uses, descriptions, completion, colours. Places are spans of
//! bytes, and answers are plain values. Nothing here decides what a rule means: it shows what the other modules say.

mod color;
mod completion;
mod csv_place;
pub mod description;
mod hover;
mod labels;
mod name;
mod name_walk;
mod navigation;
mod rename;
mod signature;
mod view;

pub use color::{ColoredToken, TokenColor};
pub use completion::{Completion, CompletionKind, CompletionText};
pub use hover::HoverText;
pub use name::{
    NameDeclaration, NameId, NameKind, NamePlace, NameRole, NameUse, NamedRuleFile, RuleNames, WordMeaning,
};
pub use name_walk::rule_names;
pub use navigation::declared_place;
pub use rename::{FilePlace, NameChange, RenameEdit, RenameRefusal, edited, renamable_at};
pub use signature::CallSignature;
pub use view::{EditorView, RouteFacts};
