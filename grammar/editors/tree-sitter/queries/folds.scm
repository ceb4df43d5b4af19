; What spans lines between braces.
[
  (mapping) (labels) (table) (schedule) (settings) (list) (object) (routing) (block) (route_match) (heartbeat)
  (integration) (test) (prove) (json_object) (json_array) (case_rows) (match)
] @fold
