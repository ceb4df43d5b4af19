//! The codes of what is wrong with tests.

crate::codes! {
    SUBJECT = "E0160", "test without exactly one subject";
    UNKNOWN = "E0161", "test that names what does not exist";
    INPUT = "E0162", "test whose input does not fit its subject";
    FIELD = "E0163", "test that names an unknown event field";
    VALUE = "E0164", "value of the wrong type in a test";
    UNFILLED = "E0165", "hole that no case fills";
    UNUSED = "E0166", "hole that is never used";
    ROW = "E0167", "row that does not fit its holes";
    DUPLICATE = "E0168", "the same case twice";
    EXPECTATION = "E0169", "expectation that does not fit the subject";
    NOTHING = "E0170", "test that expects nothing";
    AT = "E0171", "test without a time of evaluation";
    TIME = "E0172", "bad time in a test";
    OUTCOME = "E0173", "outcome that cannot occur";
    REPEATED = "E0174", "statement given twice in a test";
    MOMENT = "E0175", "bad moment in a sequence";
    SEQUENCE = "E0176", "statement that has no place in a sequence";
    LENGTH = "E0177", "sequence that is too long";
    REFUSED_SILENCE = "E0192", "silence that the gateway refuses";
    STATEMENT = "E0212", "expectation that cannot be proved";
    BRACES = "W0048", "number of `times` in braces";
}
