# SPDX-License-Identifier: MIT
shell-unit-libs-all := -lyajl -luuid
shell-under-test := $(shell-y) ctl/json.o ctl/config.o ctl/config_schema.o ctl/config_value.o \
  ctl/config_problem.o ctl/config_text.o ctl/config_help.o ctl/config_vnuma.o ctl/error.o ctl/names.o ctl/plugin.o ctl/plugin_check.o \
  ctl/plugin_probe.o ctl/plugin_panel.o tests/unit/shell/fake_pando.o \
  tests/unit/shell/fake_console.o tests/unit/shell/harness.o console/link.o console/protocol.o

unit-tests += shell-words shell-commands shell-script shell-prompt
shell-words-unit-y := tests/unit/shell/test_words.o $(shell-under-test)
shell-words-unit-libs := $(shell-unit-libs-all)
shell-commands-unit-y := tests/unit/shell/test_commands.o tests/unit/shell/test_lifecycle.o \
  tests/unit/shell/test_json.o tests/unit/shell/fake_consoled.o \
  $(shell-under-test)
shell-commands-unit-libs := $(shell-unit-libs-all)
unit-tests += shell-listen
shell-listen-unit-y := tests/unit/shell/test_listen.o tests/unit/shell/fake_consoled.o \
  $(shell-under-test)
shell-listen-unit-libs := $(shell-unit-libs-all) -lpthread
shell-script-unit-y := tests/unit/shell/test_script.o tests/unit/shell/test_complete.o \
  $(shell-under-test)
shell-script-unit-libs := $(shell-unit-libs-all)
shell-prompt-unit-y := tests/unit/shell/test_prompt.o shell/interactive.o shell/edit.o $(shell-under-test)
shell-prompt-unit-libs := $(shell-unit-libs-all) -lreadline -lutil

unit-tests += shell-vt
shell-vt-test := tests/unit/shell/test_vt_lib.o shell/utf8.o
shell-vt-unit-y := tests/unit/shell/test_vt.o shell/key.o $(shell-vt-test) $(shell-vt-y)
shell-vt-unit-libs := -lvterm

unit-tests += shell-layout
shell-layout-unit-y := tests/unit/shell/test_layout.o shell/layout.o shell/layout_tree.o \
  shell/layout_draw.o shell/layout_keys.o shell/layout_save.o shell/layout_file.o \
  shell/pane.o shell/key.o \
  shell/utf8.o shell/canvas.o shell/theme.o ctl/json.o
shell-layout-unit-libs := -lyajl

unit-tests += shell-canvas shell-keys shell-look shell-sample
shell-canvas-unit-y := tests/unit/shell/test_canvas.o shell/utf8.o shell/canvas.o shell/format.o \
  shell/shell.o tests/unit/shell/fake_pando.o ctl/json.o ctl/error.o ctl/names.o $(filter ctl/config%,$(shell-under-test))
shell-canvas-unit-libs := $(shell-unit-libs-all)
shell-keys-unit-y := tests/unit/shell/test_keys.o shell/term_input.o shell/key.o shell/utf8.o
shell-look-unit-y := tests/unit/shell/test_look.o shell/lines.o shell/plain.o shell/preferences.o shell/theme.o \
  $(filter-out tests/unit/shell/test_canvas.o,$(shell-canvas-unit-y)) shell/key.o
shell-look-unit-libs := $(shell-unit-libs-all)
shell-sample-unit-y := tests/unit/shell/test_sample.o shell/sample.o shell/loop.o \
  $(shell-under-test)
shell-sample-unit-libs := $(shell-unit-libs-all)

unit-tests += shell-pane-link
shell-pane-link-unit-y := tests/unit/shell/test_pane_link.o shell/pane_console_link.o \
  shell/loop.o console/link.o console/protocol.o
shell-pane-link-unit-libs := -lpthread

unit-tests += shell-pane-chain
shell-pane-chain-unit-y = tests/unit/shell/test_pane_chain.o shell/pane_console_link.o \
  shell/loop.o shell/utf8.o console/link.o $(shell-vt-y) $(console-daemon-test)
shell-pane-chain-unit-libs := -lvterm -lpthread

unit-tests += shell-pane-console
shell-pane-console-unit-y = tests/unit/shell/test_pane_console.o tests/unit/shell/fake_consoled.o \
  $(shell-vt-test) $(shell-vt-y) $(shell-panes-y) shell/layout_file.o shell/pane.o shell/key.o \
  shell/canvas.o shell/theme.o shell/loop.o ctl/json.o console/link.o console/protocol.o
shell-pane-console-unit-libs := -lvterm -lyajl -lpthread

unit-tests += shell-term
shell-term-unit-y := tests/unit/shell/test_term.o shell/term.o shell/term_input.o shell/term_tty.o \
  shell/key.o $(filter-out tests/unit/shell/test_canvas.o,$(shell-canvas-unit-y))
shell-term-unit-libs := $(shell-unit-libs-all) -lncursesw -ltinfo -lutil
