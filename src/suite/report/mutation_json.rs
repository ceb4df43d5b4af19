//! What became of the changes of rules, as one JSON document.

use crate::suite::mutation::{ChangeText, MutationReport, ReportedChange, SurvivingChange};
use serde_json::{Map, Value, json};

/// `{"score":…,"killed":…,"survived":…,"equivalent":…,"rejected":…,"left_out":…,"survivors":[…],"same":[…]}` and a
/// line end.
#[must_use]
pub fn render(report: &MutationReport) -> String {
    let document = json!({
        "score": report.score(),
        "killed": report.killed,
        "survived": report.survivors.len(),
        "equivalent": report.equivalent.len(),
        "rejected": report.rejected,
        "left_out": report.left_out,
        "survivors": report.survivors.iter().map(survivor).collect::<Vec<_>>(),
        "same": report.equivalent.iter().map(|change| Value::Object(members(change))).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn survivor(survivor: &SurvivingChange) -> Value {
    let mut out = members(&survivor.change);
    out.insert("cases".to_owned(), survivor.cases.into());
    let texts = [("test", &survivor.test), ("reason", &survivor.reason)];
    out.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into()))));
    Value::Object(out)
}

fn members(change: &ReportedChange) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, text: &str| _ = out.insert(name.to_owned(), text.into());
    put("at", &change.location.short());
    put("in", &change.owner);
    put("kind", change.kind.name());
    match &change.text {
        ChangeText::Becomes { old, new } => {
            put("old", old);
            put("new", new);
        }
        ChangeText::Removed { old } => put("old", old),
        ChangeText::Swapped { first, second } => {
            put("old", first);
            put("after", second);
        }
    }
    out.insert("column".to_owned(), change.location.column.into());
    out
}
