/* SPDX-License-Identifier: MIT */
/* FPU, SSE and AVX state of guests. The hypervisor itself uses none of it. */
#ifndef X86_HVM_FPU_H
#define X86_HVM_FPU_H

#include "x86/x86.h"

int fpu_create(struct vcpu *v);
void fpu_destroy(struct vcpu *v);
void fpu_reset(struct vcpu *v);
/*
 * 512 bytes as of FXSAVE, of a vCPU that does not run. Of the states whose bits are not in @there
 * (XSTATE_BV) the area holds nothing, or old values: they are as after a reset.
 */
void fpu_legacy_image(const void *xsave_area, uint64_t there, void *fxsave);
void fpu_get_legacy(const struct vcpu *v, void *fxsave);
void fpu_set_legacy(struct vcpu *v, const void *fxsave);
void fpu_load(struct vcpu *v);
void fpu_save(struct vcpu *v);
/* XSETBV of the running guest; false: #GP. */
bool fpu_set_xcr0(struct vcpu *v, uint64_t value);

#endif
