# SPDX-License-Identifier: MIT
roundtrip-objects := tests/unit/plugins/roundtrip.o $(config_io-convert-y) ctl/json.o ctl/config.o \
  ctl/config_schema.o ctl/config_value.o ctl/config_problem.o ctl/config_text.o \
  ctl/config_help.o ctl/config_vnuma.o
roundtrip-libs := -lxml2 -lyajl -luuid
$(foreach f,roundtrip wild config_io fuzz,$(eval \
  CFLAGS-tests/unit/plugins/$(f).c := $(libxml2-cflags)))

unit-tests += config-io-wild
config-io-wild-unit-y := tests/unit/plugins/wild.o $(roundtrip-objects)
config-io-wild-unit-libs := $(roundtrip-libs)

unit-tests += plugin-loader
plugin-loader-unit-y := tests/unit/plugins/test_loader.o tests/unit/plugins/build.o \
  ctl/plugin.o ctl/plugin_check.o ctl/plugin_probe.o ctl/plugin_hook.o ctl/plugin_panel.o \
  ctl/error.o

unit-tests += config-io
config-io-unit-y := tests/unit/plugins/test_config_io.o $(roundtrip-objects)
config-io-unit-libs := $(roundtrip-libs)

# FUZZ_SECONDS and FUZZ_SEED are for this one, too.
unit-tests += config-io-fuzz
config-io-fuzz-unit-y := tests/unit/plugins/fuzz.o $(roundtrip-objects)
config-io-fuzz-unit-libs := $(roundtrip-libs)
