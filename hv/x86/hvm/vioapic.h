/* SPDX-License-Identifier: MIT */
/*
 * dom0's virtual IO-APICs (82093AA data sheet): as many as the host's, at the same
 * addresses, with the same lines. What dom0 writes into a redirection entry is
 * where the line's interrupts go in dom0; the host's entry gets a vector of the
 * host, and dom0's trigger mode, polarity and mask.
 */
#ifndef X86_HVM_VIOAPIC_H
#define X86_HVM_VIOAPIC_H

#include "x86/hvm/mmio.h"

/* dom0 only. -ENOMEM. It stays as long as the machine. */
int vioapic_create(struct domain *d);

extern const struct mmio_device vioapic_mmio;

#endif
