; Helix reads `around` and `inside`, Neovim `outer` and `inner`, Zed those of Helix.

; A declaration is a class, and a line of it a function.
[
  (mapping body: (_) @class.inside @class.inner)
  (routing body: (_) @class.inside @class.inner)
  (heartbeat body: (_) @class.inside @class.inner)
  (integration body: (_) @class.inside @class.inner)
  (prove body: (_) @class.inside @class.inner)
  (table) (schedule) (define) (channel) (mute)
] @class.around @class.outer

[ (route) (otherwise) (field) (let) (accept) (drop) (each) (labels) (reading) (cases) ] @function.around @function.outer

(test body: (_) @test.inside @test.inner) @test.around @test.outer

[
  (arm) (route_arm) (label) (case_row) (json_member) (member) (setting)
] @entry.around @entry.outer @parameter.around @parameter.outer
(arm value: (_) @entry.inside @parameter.inside @parameter.inner)
(label value: (_) @entry.inside @parameter.inside @parameter.inner)
(setting value: (_) @entry.inside @parameter.inside @parameter.inner)

(comment) @comment.inside @comment.inner
(comment)+ @comment.around @comment.outer
