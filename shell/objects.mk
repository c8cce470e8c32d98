# SPDX-License-Identifier: MIT

# All but main() and the prompt, which unit tests have no use for.
shell-y := shell/shell.o shell/lexer.o shell/options.o shell/table.o shell/command.o \
  shell/guest.o shell/output.o shell/manual.o shell/script.o shell/complete.o \
  shell/cmd_attach.o shell/cmd_detach.o shell/cmd_config.o shell/cmd_console.o shell/cmd_create.o shell/cmd_destroy.o \
  shell/cmd_dmesg.o shell/cmd_help.o shell/cmd_info.o shell/cmd_list.o shell/cmd_log.o \
  shell/cmd_mem_set.o shell/cmd_on_error.o shell/cmd_pause.o shell/cmd_quit.o \
  shell/cmd_reboot.o shell/cmd_rename.o shell/cmd_shutdown.o shell/cmd_unpause.o \
  shell/cmd_vcpu_list.o shell/cmd_version.o shell/cmd_plugins.o shell/plugin_command.o \
  shell/variables.o shell/schema.o shell/transcript.o shell/plain.o shell/listen.o shell/completion_bash.o \
  shell/cmd_set.o shell/cmd_send.o shell/cmd_expect.o shell/cmd_wait_for.o \
  shell/cmd_screen.o shell/cmd_layout.o shell/layout_file.o \
  shell/preferences.o shell/theme.o shell/key.o shell/utf8.o shell/canvas.o

# Terminals in panes: the emulation, which needs libvterm.
shell-vt-y := shell/vt.o shell/vt_filter.o shell/vt_pen.o shell/vt_marks.o shell/vt_grid.o \
  shell/vt_history.o shell/vt_search.o shell/vt_keys.o

# Full-screen mode: what draws without a terminal, then the frame, the panes, and the terminal.
shell-draw-y := shell/utf8.o shell/canvas.o shell/key.o shell/theme.o shell/lines.o shell/plain.o \
  shell/format.o shell/preferences.o shell/sample.o shell/loop.o
shell-panes-y := shell/layout.o shell/layout_tree.o shell/layout_draw.o shell/layout_keys.o \
  shell/layout_save.o \
  shell/pane_console.o shell/pane_console_draw.o shell/pane_console_link.o \
  shell/pane_console_look.o
shell-screen-y := $(shell-draw-y) $(shell-vt-y) $(shell-panes-y) shell/term.o shell/term_input.o \
  shell/term_tty.o shell/sampler.o shell/job.o shell/logfile.o shell/actions.o shell/pane.o \
  shell/prompt.o shell/ui.o shell/frame.o shell/frame_guests.o shell/frame_jobs.o \
  shell/frame_keys.o shell/frame_line.o shell/frame_status.o shell/screen.o \
  shell/screen_action.o shell/screen_cache.o shell/screen_guest.o shell/screen_guests.o \
  shell/screen_help.o shell/screen_lines.o shell/screen_log.o shell/screen_memory.o shell/screen_output.o shell/screen_plugins.o \
  shell/screen_vcpus.o

progs += pando
pando-parts := shell/interactive.o shell/edit.o $(shell-y) $(shell-screen-y) $(console-client-y)
pando-y = shell/main.o $(pando-parts)
# Plugins call what the public headers declare: it is in the program, and visible.
build/lib/plugin.args: build/lib/libpando.map
	$(Q)sed -n 's/^\(pando_.*\);$$/-Wl,-u,\1,--export-dynamic-symbol=\1/p' $< >$@

build/bin/pando build/shell/pando build/asan/bin/pando: | build/lib/plugin.args
pando-libs := -lreadline -lncursesw -ltinfo -lvterm @build/lib/plugin.args
