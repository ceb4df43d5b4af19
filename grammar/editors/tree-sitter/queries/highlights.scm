; What parts of a rule file are, for colours. Where several patterns match, the last one holds.

; ---------------------------------------------------------------- words

[
  "accept" "after" "all" "allow" "also" "always" "and" "answer" "any" "as" "at" "because" "body" "by" "case" "cases"
  "channel" "cidr" "contains" "define" "down" "drop" "dropped" "during" "each" "edition" "else" "empty" "end" "ends"
  "event" "events" "every" "exactly" "except" "excludes" "expect" "file" "finds" "for" "from" "header" "heartbeat"
  "held" "ignore" "in" "includes" "input" "integration" "invalid" "is" "key" "labels" "let" "like" "mapping" "match"
  "matches" "mute" "none" "not" "note" "nothing" "notified" "open" "or" "outcome" "path_suffix" "pause" "prove"
  "restart" "resume" "route" "routing" "same" "schedule" "sent" "silence" "snapshot" "starts" "table" "test" "timeout"
  "times" "unaccepted" "until" "via" "waits" "when" "while" "with"
] @keyword

(decline) @keyword
(is (kind) @keyword)

(name) @variable
(reference . (name) @function (arguments))
(reference (segment) @property)

; A word that begins a statement elsewhere is a field where a value is assigned to it.
(field name: (name) @property)
(let name: (name) @variable)
(setting name: (_) @variable.parameter)
(label name: (word) @property)
(member key: (word) @property)
(json_member key: (word) @property)
(json_word) @variable

(mapping name: (name) @function)
(table name: (name) @function)
(parameters (name) @variable.parameter)
(define name: (name) @variable)
(schedule name: (name) @label)
(during (name) @label)
(channel name: (name) @variable)
(channel kind: (word) @type)
(family parameter: (name) @variable.parameter)
(routing name: (name) @function)
(to_routing (name) @function)
(route name: (name) @label)
(route_path) @label
(mute name: (name) @label)
(heartbeat name: (name) @label)
(integration name: (name) @label)
(allow code: (word) @constant)

; ---------------------------------------------------------------- constants and numbers

((name) @constant (#match? @constant "^[A-Z]"))
((csv (word) @constant) (#match? @constant "^[A-Z]"))
((json_word) @constant (#match? @constant "^[A-Z]"))
((json_word) @constant.builtin (#any-of? @constant.builtin "true" "false" "null" "missing"))
(truth) @constant.builtin

[ (number) (integer) (duration) (date) (day) (clock) (timestamp) ] @number
(moment "+" @number)

; ---------------------------------------------------------------- strings

[ (string) (template) (raw_string) ] @string
(escape) @string.escape
(brace) @string.escape
(interpolation) @none
(regex) @string.regexp
(regex (flags) @string.special)

(path) @string.special.path
(path (segment) @string.special.path)
(root) @variable.builtin
(selector) @string.special.path
(selector . "[" . (index) @number . "]")
((selector . "[" . (path_string) @string . "]") (#match? @string "^\""))
(bracket) @string.special.path

; ---------------------------------------------------------------- signs

[ "=" "==" "!=" "<" "<=" ">" ">=" "=>" "->" "??" "|" ".." "..." ":" ] @operator
(wildcard) @operator
[ "," "." ] @punctuation.delimiter
[ "(" ")" "[" "]" "{" "}" ] @punctuation.bracket
(interpolation [ "{" "}" ] @punctuation.special)

(comment) @comment
((comment) @comment.documentation (#match? @comment.documentation "^##"))
