/* SPDX-License-Identifier: MIT */
/*
 * Who may call what. Today there are two kinds of domain: privileged ones, which
 * may control every domain and the host, and the others, which may control
 * nothing: not even themselves, for what a guest may do to itself are calls of
 * their own, never these. A policy module (one subject, one object, one
 * operation) fits in here.
 */
#include <hv/domain.h>
#include <hv/errno.h>

int permission_control(const struct domain *target)
{
    return current->domain->is_privileged ? 0 : -EPERM;
}

int permission_host(void)
{
    return current->domain->is_privileged ? 0 : -EPERM;
}
