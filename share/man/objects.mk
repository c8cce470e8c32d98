# SPDX-License-Identifier: MIT
#
# Manual pages. In part the program writes them itself, so that they say what it does: the commands
# of pando(1) from the table of commands, pando.cfg(5) from the table of keys.

man-pages := $(addprefix build/man/,pando.1 pando-script.5 pando.cfg.5 pando-shell.json.5 pando-plugin.7 \
  pando-panes.7 pando-boot.7 stored.8 consoled.8 monitord.8)

build/man/pando.1: share/man/pando.1.in build/bin/pando
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)sed -e 's/@VERSION@/$(version)/' \
	  -e '/^@COMMANDS@$$/{r '<(build/bin/pando help --print commands) -e 'd}' \
	  -e '/^@JSON@$$/{r '<(build/bin/pando help --print json) -e 'd}' $< >$@

build/man/pando.cfg.5: build/bin/pando
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)build/bin/pando config help --man >$@

build/man/pando-shell.json.5: build/bin/pando
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)build/bin/pando help --print preferences >$@

build/man/%.5: share/man/%.5.in GNUmakefile
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)sed 's/@VERSION@/$(version)/' $< >$@

build/man/%.7: share/man/%.7.in GNUmakefile
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)sed 's/@VERSION@/$(version)/' $< >$@

build/man/%.8: share/man/%.8.in GNUmakefile
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)sed 's/@VERSION@/$(version)/' $< >$@

all: $(man-pages)
