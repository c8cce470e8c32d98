# SPDX-License-Identifier: MIT
#
# The real shell with a simulated host in place of the control library, for tests on a terminal.
sim-pando-y := shell/main.o $(pando-parts) tests/shell/sim_pando.o ctl/json.o ctl/config.o \
  ctl/config_schema.o ctl/config_value.o ctl/config_problem.o ctl/config_text.o ctl/config_help.o ctl/config_vnuma.o \
  ctl/error.o ctl/names.o \
  ctl/plugin.o ctl/plugin_check.o ctl/plugin_probe.o ctl/plugin_panel.o

build/shell/pando: $(addprefix build/host/,$(sim-pando-y))
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -pie -o $@ $^ $(pando-libs) -lyajl -luuid -lpthread

sim-consoled-y := tests/shell/sim_consoled.o console/protocol.o
build/shell/consoled: $(addprefix build/host/,$(sim-consoled-y))
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -pie -o $@ $^ -lutil -lpthread

# With sanitizers, for the test that runs long.
build/asan/shell/pando: $(addprefix build/asan/,$(sim-pando-y)) | build/lib/plugin.args
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(unit-ldflags) -o $@ $^ $(pando-libs) -lyajl -luuid -lpthread

sim-bins := build/shell/pando build/shell/consoled build/asan/shell/pando
