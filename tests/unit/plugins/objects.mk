# SPDX-License-Identifier: MIT
roundtrip-objects := tests/unit/plugins/roundtrip.o $(config_io-convert-y) ctl/json.o ctl/config.o \
  ctl/config_schema.o ctl/config_value.o ctl/config_problem.o ctl/config_text.o ctl/config_help.o
roundtrip-libs := -lxml2 -lyajl -luuid
$(foreach f,roundtrip wild config_io fuzz,$(eval \
  CFLAGS-tests/unit/plugins/$(f).c := $(libxml2-cflags)))

unit-tests += config-io-wild
config-io-wild-unit-y := tests/unit/plugins/wild.o $(roundtrip-objects)
config-io-wild-unit-libs := $(roundtrip-libs)
