//! The codes of findings about samples. `check --samples` makes them, after this stage, which only knows their names, because
//! `allow` names them.

crate::codes! {
    ABSENT_PATH = "W0061", "path that no sample has";
    ABSENT_VALUE = "W0062", "value that no sample has";
    FALLS_TO_ELSE = "W0063", "`else` decides about values of samples";
    ABSENT_LABEL = "W0064", "label that no event of the samples has";
}
