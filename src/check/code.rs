//! The codes of errors. The codes of totality stand in `cover`, those of warnings in each lint.

crate::codes! {
    DUPLICATE_NAME = "E0030", "name given twice";
    UNKNOWN_CHANNEL = "E0031", "unknown channel";
    UNKNOWN_ROUTING = "E0032", "unknown routing";
    UNKNOWN_MAPPING = "E0033", "unknown mapping";
    UNKNOWN_SCHEDULE = "E0034", "unknown schedule";
    UNKNOWN_NAME = "E0035", "unknown name";
    UNKNOWN_FUNCTION = "E0036", "unknown function or table";
    UNKNOWN_CONSTANT = "E0037", "unknown constant";
    UNKNOWN_FIELD = "E0038", "unknown event field";
    LET_BEFORE_USE = "E0039", "let used above its line";
    EVENT_IN_MAPPING = "E0040", "event read inside a mapping";
    DEFINE_CYCLE = "E0041", "defines that use each other";
    PAYLOAD_OUTSIDE_MAPPING = "E0042", "payload read outside a mapping";
    UNKNOWN_CODE = "E0043", "`allow` of a code that is not a warning";
    LONG_CHAIN = "E0044", "chain of names that is too long";
    ELEMENT_TOO_EARLY = "E0045", "element read before `each`";
    REQUEST_OUTSIDE_MAPPING = "E0048", "request read outside a mapping";
    HEADER_REFUSED = "E0049", "header that rules cannot read";

    NEVER_EQUAL = "E0050", "values that are never equal";
    NO_ORDER = "E0051", "values without an order";
    NOT_TEXT = "E0052", "string test of a value that is not a string";
    COMPARED_WITH_NOTHING = "E0053", "comparison with missing or null";
    NOT_A_CONDITION = "E0054", "value as a condition";
    LIST_AS_VALUE = "E0055", "list of nodes as a value";
    SINGULAR_AS_LIST = "E0056", "single value where a list of nodes is needed";
    NOT_A_PATH = "E0057", "value that is not a path";
    LABELS_AS_VALUE = "E0058", "labels as a value";
    WRONG_ARGUMENT = "E0059", "argument of the wrong kind";
    ARGUMENT_COUNT = "E0060", "wrong number of arguments";
    NOT_WRITTEN_OUT = "E0061", "argument not written out";
    UNKNOWN_GROUP = "E0062", "unknown group of a regex";
    NO_CASE = "E0063", "`ignore case` without text";
    INTERPOLATION = "E0064", "interpolation where none happens";
    STRAY_REGEX = "E0065", "regex as a value";
    NEVER_OF_KIND = "E0067", "`is` that always has the same answer";
    NOT_A_TIME = "E0068", "`during` without a time";
    TABLE_IN_TABLE = "E0069", "table that calls a table";
    COLUMN_COUNT = "E0070", "wrong number of columns";
    NO_PARTS = "E0071", "member of a value that has none";
    NEVER_MISSING = "E0072", "`??` after a value that is never missing";
    NOT_CONSTANT = "E0073", "pattern that is not a constant";

    FIELD_NOT_SET = "E0082", "required field not set";
    FIELD_MAY_BE_MISSING = "E0083", "required field that may be missing";
    FIELD_TYPE = "E0084", "field of the wrong type";
    FIELD_TWICE = "E0085", "field set twice";
    TEMPLATE_AS_KEY = "E0086", "key made by pasting strings";
    EACH_TWICE = "E0087", "second `each`";
    NO_ELSE = "E0088", "block without `else`";
    UNREACHABLE_LINE = "E0089", "line that is never reached";
    ELSE_NOT_LAST = "E0090", "`else` is not the last line";
    DECLINE = "E0091", "`decline` where nothing follows";
    NOTHING = "E0092", "`nothing` in a line that only adds";
    ROUTING_CYCLE = "E0093", "routings that call each other";
    DUPLICATE_ROUTE = "E0094", "route named twice";
    NOT_LABELS = "E0095", "labels from a value that is not an object";
    FIELD_NOT_SETTABLE = "E0096", "field that a mapping does not set";

    BAD_PATH = "E0100", "bad JSONPath";
    COSTLY_PATH = "E0101", "path that may cost too much";
    BAD_REGEX = "E0102", "bad regex";
    BAD_GLOB = "E0103", "bad glob";
    BAD_NETWORK = "E0104", "bad network";
    BAD_ZONE = "E0105", "unknown time zone";
    BAD_DAY = "E0106", "bad day or date";
    BAD_TIME_OF_DAY = "E0107", "bad time of day";
    BAD_TIME = "E0108", "bad time";
    BAD_NUMBER = "E0109", "bad number";
    BAD_TIME_FORM = "E0110", "bad form of times";

    UNKNOWN_KIND = "E0120", "unknown kind of channel";
    UNKNOWN_PARAMETER = "E0121", "unknown parameter";
    MISSING_PARAMETER = "E0122", "parameter left out";
    DUPLICATE_PARAMETER = "E0123", "parameter given twice";
    BAD_PARAMETER = "E0124", "bad value of a parameter";
    SECRET_IN_RULES = "E0125", "secret written into the rules";
    STRAY_SECRET = "E0126", "secret where it is not allowed";
    BAD_SECRET = "E0127", "bad name of a secret";
    READINGS = "E0128", "integration without exactly one line of mappings";
    DESTINATIONS = "E0129", "integration without exactly one destination";
    MAPPING_TWICE = "E0130", "mapping listed twice";
    SHARED_KEY = "E0131", "key of two integrations";
    MANY_HEADERS = "E0136", "integration that reads too many headers";
    WHOLE_ECHO = "E0137", "answer that repeats the whole payload";

    UNREADABLE_FILE = "E0140", "file that cannot be read";
    BAD_CSV = "E0141", "bad CSV";
    NO_COLUMN = "E0142", "missing column";
    BAD_CELL = "E0143", "cell that is not a constant";
    DUPLICATE_ROW = "E0144", "row that is never chosen";
    EMPTY_CSV = "E0145", "CSV without rows";
    DUPLICATE_COLUMN = "E0146", "column named twice";
    UNKNOWN_CONSTANTS = "E0147", "unknown type of a column";
    FILE_OUTSIDE = "E0148", "file outside the rule file's folder";
    BAD_MEMBER = "E0149", "member without a usable name";
    MEMBER_ROWS = "E0150", "rows of one member that disagree";
    COLUMN_NAME = "E0151", "column with the name of something else";
    UNSAFE_CELL = "E0152", "cell that does not fit where it is used";
    NOT_ONE_CHANNEL = "E0153", "family of channels in the place of one channel";
    TOO_MANY_CHANNELS = "E0154", "too many channels";
    ADDRESS_PART = "E0155", "host that is not written out";

    GROUP_VALUE = "E0180", "value that cannot group alerts";
    IDLE_PARAMETER = "E0181", "parameter without effect beside `every_event`";
    WAIT_TOO_LONG = "E0182", "wait that is too long";
    SEVERAL_REQUESTS = "E0183", "several requests at once where messages have an order";
    CONSTANT_CONDITION = "E0184", "condition of a mute that is the same for every alert";
    MUTED_STATUS = "E0185", "mute or silence that asks for the status";
    TIMED_SOURCE = "E0186", "`during` within `while`";
    SAME_VALUE = "E0187", "value that cannot match two alerts";
    UNTIL_AFTER = "E0188", "bad duration of a mute";
    MUTED_CHANNELS = "E0189", "bad list of channels of a mute";
    RULES_IN_SILENCE = "E0190", "silence that needs the rules";
    MUTE_REASON = "E0191", "mute without a reason";

    HEARTBEAT_LINE = "E0196", "heartbeat without a required line";
    HEARTBEAT_LINE_TWICE = "E0197", "line of a heartbeat given twice";
    HEARTBEAT_TIMEOUT = "E0198", "bad timeout of a heartbeat";
    HEARTBEAT_CONDITION = "E0199", "heartbeat whose condition is the same for every event";
    HEARTBEAT_BY = "E0200", "value that cannot tell senders apart";
    HEARTBEAT_VALUE = "E0201", "value that an absence does not have";
    HEARTBEAT_FIELD = "E0202", "field that a heartbeat does not set";
    HEARTBEAT_TARGET = "E0203", "heartbeat without exactly one routing";

    UNKNOWN_GROUP_FIELD = "E0206", "unknown field of a message's group";
    GROUP_OUTSIDE_CHANNEL = "E0207", "group of a message read outside a channel";
    GROUP_AS_VALUE = "E0208", "group of a message as a value";

    FALLBACK_CIRCLE = "E0210", "fallback that leads back";
    IDLE_FALLBACK_AFTER = "E0211", "`fallback_after` without a fallback";

    IDLE_ALLOW = "W0030", "`allow` that silences nothing";
    BLANKS_IN_CELL = "W0041", "cell with blanks around it";
    HIDDEN_GROUP = "W0056", "define that hides the group of a message";
}
