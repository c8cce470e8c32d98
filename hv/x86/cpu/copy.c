/* SPDX-License-Identifier: MIT */
/*
 * Copying and filling by microcode's string operations. For whole pages those of 8 bytes are
 * as fast as any. Those of bytes take long to get going, unless the CPU has them quick for any
 * length (FSRM, FSRS): they save the odd bytes an operation of their own then.
 */
#include <hv/string.h>
#include <hv/types.h>

#include "x86/cpu/alternative.h"

#define STRING_(x) #x

void *memcpy(void *dst, const void *src, size_t n)
{
    void *d = dst;

    __asm__ __volatile__(ALTERNATIVE("mov %%rcx, %%rdx\n"
                                     "shr $3, %%rcx\n"
                                     "rep movsq\n"
                                     "and $7, %%edx\n"
                                     "jz 1f\n"
                                     "mov %%edx, %%ecx\n"
                                     "rep movsb\n"
                                     "1:",
                                     "rep movsb", FEATURE_FSRM)
                         : "+D"(d), "+S"(src), "+c"(n)
                         :
                         : "rdx", "cc", "memory");
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    void *d = dst;
    uint64_t v = (uint8_t)c * 0x0101010101010101UL;

    __asm__ __volatile__(ALTERNATIVE("mov %%rcx, %%rdx\n"
                                     "shr $3, %%rcx\n"
                                     "rep stosq\n"
                                     "and $7, %%edx\n"
                                     "jz 1f\n"
                                     "mov %%edx, %%ecx\n"
                                     "rep stosb\n"
                                     "1:",
                                     "rep stosb", FEATURE_FSRS)
                         : "+D"(d), "+c"(n)
                         : "a"(v)
                         : "rdx", "cc", "memory");
    return dst;
}
