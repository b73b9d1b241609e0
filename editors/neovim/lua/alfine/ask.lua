-- Asks the user for a text or a choice.

local M = {}

---@param prompt string
---@param on_text fun(text: string)
function M.text(prompt, on_text)
  vim.ui.input({ prompt = prompt }, function(text)
    if text and vim.trim(text) ~= '' then
      on_text(text)
    end
  end)
end

---@class alfine.Choice
---@field label string
---@field act fun()

---@param prompt string
---@param choices alfine.Choice[]
function M.choice(prompt, choices)
  vim.ui.select(choices, {
    prompt = prompt,
    kind = 'alfine_choice',
    format_item = function(choice)
      return choice.label
    end,
  }, function(choice)
    if choice then
      choice.act()
    end
  end)
end

return M
