# SPDX-License-Identifier: MIT
#
# bash's completion: the program says what it is to know.

all: build/completion/pando

build/completion/pando: share/completion/pando.bash.in build/bin/pando
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)sed -e '/^@TABLE@$$/{r '<(PANDO_PLUGIN_PATH=/nonexistent build/bin/pando help --print bash) -e 'd}' $< >$@
