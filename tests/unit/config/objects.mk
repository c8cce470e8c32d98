# SPDX-License-Identifier: MIT
config-objects := ctl/json.o ctl/config.o ctl/config_schema.o ctl/config_value.o \
  ctl/config_problem.o ctl/config_text.o ctl/config_help.o ctl/config_vnuma.o

unit-tests += json config
json-unit-y := tests/unit/config/test_json.o ctl/json.o
json-unit-libs := -lyajl
config-unit-y := tests/unit/config/test_config.o tests/unit/config/test_problems.o \
  tests/unit/config/test_vnuma.o \
  tests/unit/config/harness.o $(config-objects)
config-unit-libs := -lyajl -luuid
