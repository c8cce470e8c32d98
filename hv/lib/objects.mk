# SPDX-License-Identifier: MIT
hv-y += hv/lib/elf.o
hv-y += hv/lib/heap.o
hv-y += hv/lib/tree.o

# What unpacks dom0's kernel, with the libraries that it needs, as one object: only
# its two functions are seen outside, and all of its sections are dropped after boot.
unpack-objs := build/hv/hv/lib/unpack.o build/hv/hv/lib/unpack_heap.o build/hv/hv/lib/unpack_lz4.o
hv-extra-objs += build/hv/unpack.o

build/hv/unpack.o: $(unpack-objs) hv/lib/unpack.lds
	$(call say,LD,$@)
	$(Q)$(LD) -r -T hv/lib/unpack.lds -o $@.all $(unpack-objs) -L$(hv-static-libs) -lz -llzma -lzstd
	$(Q)$(OBJCOPY) --keep-global-symbol=unpack --keep-global-symbol=unpack_find \
	  --discard-all $@.all $@

# ld alone doesn't know the multiarch folder.
hv-static-libs = $(dir $(shell $(CC) -print-file-name=libz.a))
hv-y += hv/lib/string.o
hv-y += hv/lib/printf.o
