; Helix and Zed read `@indent`, `@outdent` and `@end`; Neovim `@indent.begin` and `@indent.branch`.

[
  (mapping_block) (labels) (arms) (schedule) (settings) (arguments) (list) (object) (block) (route_match)
  (heartbeat_block) (integration_block) (test_block) (prove_block) (case_rows) (names) (json_object) (json_array)
] @indent @indent.begin

[ "}" "]" ")" ] @outdent @end @indent.branch
