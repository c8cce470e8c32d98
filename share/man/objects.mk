# SPDX-License-Identifier: MIT
#
# Manual pages that the program writes itself, so that they say what it does: the commands of
# pando(1) from the table of commands, pando.cfg(5) from the table of keys.

man-pages := build/man/pando.1 build/man/pando.cfg.5

build/man/pando.1: share/man/pando.1.in build/bin/pando
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)sed -e 's/@VERSION@/$(version)/' -e '/^@COMMANDS@$$/{r '<(build/bin/pando help --man) \
	  -e 'd}' $< >$@

build/man/pando.cfg.5: build/bin/pando
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)build/bin/pando config help --man >$@

all: $(man-pages)
