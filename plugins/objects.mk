# SPDX-License-Identifier: MIT
#
# Plugins: build/lib/plugins/NAME.so of NAME-plugin-y and NAME-plugin-libs. They include
# ctl/plugin.h and what that includes, and are linked with nothing of Pando's.
plugins := config_io

config_io-convert-y := $(addprefix plugins/config_io/,value.o report.o devices.o words.o \
  xl_keys.o xl_parse.o xl_spec.o xl_vnuma.o xl_import.o xl_export.o \
  libvirt_xml.o libvirt_devices.o libvirt_import.o libvirt_export.o)
config_io-plugin-y := plugins/config_io/config_io.o $(config_io-convert-y)
config_io-plugin-libs := -lxml2 -lyajl

libxml2-cflags := -I/usr/include/libxml2
$(foreach f,$(config_io-plugin-y),$(eval CFLAGS-$(f:.o=.c) := -fvisibility=hidden $(libxml2-cflags)))

define plugin-rule
all: build/lib/plugins/$(1).so
build/lib/plugins/$(1).so: $$(addprefix build/host/,$$($(1)-plugin-y))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) -shared -Wl,-z,relro,-z,now -o $$@ $$^ $$($(1)-plugin-libs)
endef
$(foreach p,$(plugins),$(eval $(call plugin-rule,$(p))))
