# SPDX-License-Identifier: MIT
#
# What is booted besides the hypervisor: the stock kernel, dom0's image, the ISO.

kernel-dir := build/kernel
kernel-stamp := build/kernel.stamp
busybox-tools := share/install-busybox share/install-modules share/pack-tree
prog-bins := $(addprefix build/bin/,$(progs))

$(kernel-stamp): share/fetch-kernel
	@mkdir -p $(@D)
	$(call say,KERNEL,$(kernel-dir))
	$(Q)share/fetch-kernel $(kernel-dir)
	@touch $@

build/vmlinuz: $(kernel-stamp)
	$(Q)cp $(kernel-dir)/boot/vmlinuz-* $@

# The kernel unpacked, for tests: decompression takes seconds under an emulator.
build/vmlinux: build/vmlinuz share/unpack-kernel
	$(call say,UNPACK,$@)
	$(Q)share/unpack-kernel $< $@

build/guest.cpio.gz: $(kernel-stamp) $(busybox-tools) share/guest/pack share/guest/inittab \
  share/guest/rc share/guest/modules share/dom0/udhcpc
	$(call say,IMAGE,$@)
	$(Q)share/guest/pack $(kernel-dir) $@

build/dom0/base.cpio.gz: $(kernel-stamp) build/guest.cpio.gz $(busybox-tools) \
  share/dom0/pack-base share/dom0/modules
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)share/dom0/pack-base $(kernel-dir) build/guest.cpio.gz $@

build/dom0/pando.cpio.gz: $(prog-bins) share/examples/demo.json share/pack-tree \
  $(addprefix share/dom0/,pack-pando inittab rc serve session udhcpc)
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)share/dom0/pack-pando $@ $(prog-bins)

# Linux unpacks archives that follow one another, the later over the earlier.
build/dom0.cpio.gz: build/dom0/base.cpio.gz build/dom0/pando.cpio.gz
	$(Q)cat $^ >$@.new && mv $@.new $@

# QEMU's multiboot loader takes an ELF32 file only; GRUB takes both.
build/pando32: build/pando
	$(Q)$(OBJCOPY) -O elf32-i386 $< $@

build/pando.iso: build/pando build/vmlinuz build/dom0.cpio.gz share/make-iso
	$(call say,ISO,$@)
	$(Q)share/make-iso $@ build/pando build/vmlinuz build/dom0.cpio.gz

all: build/pando32 build/vmlinuz build/vmlinux build/dom0.cpio.gz build/pando.iso
