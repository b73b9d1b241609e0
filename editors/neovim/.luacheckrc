std = 'luajit'
max_line_length = 120
read_globals = { 'vim' }
-- Neovim's own way to set options and variables.
globals = { 'vim.g', 'vim.o', 'vim.bo', 'vim.wo', 'vim.b', 'vim.env', 'vim.ui', 'vim.notify' }
-- Generated: a line for each field with what it means.
files['lua/alfine/protocol.lua'] = { max_line_length = false }
files['tests/'] = { read_globals = { 'suite' } }
