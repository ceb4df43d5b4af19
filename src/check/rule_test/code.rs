//! The codes of what is wrong with tests.

crate::codes! {
    SUBJECT = "E0160", "a test without exactly one subject";
    UNKNOWN = "E0161", "a test names what does not exist";
    INPUT = "E0162", "a test whose input does not fit its subject";
    FIELD = "E0163", "a test names a field that no event has";
    VALUE = "E0164", "a value that cannot be in a test";
    UNFILLED = "E0165", "a hole that no case fills";
    UNUSED = "E0166", "a hole that is never used";
    ROW = "E0167", "a row that does not fit its holes";
    DUPLICATE = "E0168", "the same case twice";
    EXPECTATION = "E0169", "an expectation that does not fit the subject";
    NOTHING = "E0170", "a test that expects nothing";
    AT = "E0171", "a test that does not say when";
    TIME = "E0172", "no time";
    OUTCOME = "E0173", "an outcome that cannot be";
    REPEATED = "E0174", "a statement of a test that stands twice";
}
