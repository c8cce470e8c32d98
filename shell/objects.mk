# SPDX-License-Identifier: MIT

# All but main() and the prompt, which unit tests have no use for.
shell-y := shell/shell.o shell/lexer.o shell/options.o shell/table.o shell/command.o \
  shell/guest.o shell/output.o shell/manual.o shell/script.o shell/complete.o \
  shell/cmd_config.o shell/cmd_console.o shell/cmd_create.o shell/cmd_destroy.o \
  shell/cmd_dmesg.o shell/cmd_help.o shell/cmd_info.o shell/cmd_list.o shell/cmd_log.o \
  shell/cmd_mem_set.o shell/cmd_on_error.o shell/cmd_pause.o shell/cmd_quit.o \
  shell/cmd_reboot.o shell/cmd_rename.o shell/cmd_shutdown.o shell/cmd_unpause.o \
  shell/cmd_vcpu_list.o shell/cmd_version.o \
  shell/variables.o shell/transcript.o shell/listen.o shell/cmd_set.o shell/cmd_send.o \
  shell/cmd_expect.o shell/cmd_wait_for.o

# Terminals in panes: the emulation, which needs libvterm.
shell-vt-y := shell/vt.o shell/vt_filter.o shell/vt_pen.o shell/vt_marks.o shell/vt_grid.o \
  shell/vt_history.o shell/vt_search.o shell/vt_keys.o

progs += pando
pando-y = shell/main.o shell/interactive.o shell/edit.o $(shell-y) $(console-client-y)
pando-libs := -lreadline
