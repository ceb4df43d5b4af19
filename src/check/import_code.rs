//! The codes of findings about foreign configurations. `import` makes them, after this stage, which only knows their names.

crate::codes! {
    NOT_YAML = "E0230", "configuration that is not YAML";
    UNKNOWN_KEY = "E0231", "key that a configuration does not have";
    BAD_VALUE = "E0232", "value that a configuration does not take";
    UNDEFINED = "E0233", "receiver or time interval that is not defined";
}
