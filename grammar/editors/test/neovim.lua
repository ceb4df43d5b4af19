-- Opens a broken file in Neovim, as a person would: prints the diagnostics, formats, completes, and waits until the file
-- is right. Each step prints a line; the caller compares them.

local function print_line(...)
  io.stdout:write(string.format(...) .. "\n")
end

local function wait(what, condition)
  if not vim.wait(20000, condition, 20) then
    print_line("FAILED: waited in vain for %s", what)
    vim.cmd("cquit")
  end
end

local function ask(method, parameters)
  local answers = vim.lsp.buf_request_sync(0, method, parameters, 20000) or {}
  local _, answer = next(answers)
  return answer and answer.result
end

wait("a diagnostic", function() return #vim.diagnostic.get(0) > 0 end)
for _, found in ipairs(vim.diagnostic.get(0)) do
  print_line("diagnostic %d:%d %s", found.lnum + 1, found.col + 1, found.message:match("[^\n]*"))
end

vim.fn.cursor(7, 19)
local hover = ask("textDocument/hover", vim.lsp.util.make_position_params())
print_line("hover %s", hover and "yes" or "no")

vim.lsp.buf.formatting_sync(nil, 20000)
print_line("formatted %s", vim.fn.getline(4))

vim.fn.setline(7, "  route shop when severity == Critical => shop_p")
vim.fn.cursor(7, 47)
local place = vim.lsp.util.make_position_params()
place.position.character = 47
local completed = ask("textDocument/completion", place) or {}
for _, item in ipairs(completed.items or completed) do
  if item.label == "shop_page" then
    print_line("completed %s", item.label)
  end
end

vim.fn.setline(7, "  route shop when severity == Critical => shop_page")
wait("no diagnostic", function() return #vim.diagnostic.get(0) == 0 end)
print_line("no diagnostic")
vim.cmd("qall!")
