/* SPDX-License-Identifier: MIT */
/* A domain's life: when it can be seen, when it is shut down, when it is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/domain_info.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include "fake_host.h"

static unsigned int objects;

static int set_up(void **state)
{
    fake_host_reset(4);
    objects = fake_live_objects;
    return 0;
}

static int tear_down(void **state)
{
    fake_settle();
    assert_int_equal(fake_live_objects, objects);
    return 0;
}

static bool is_shut_down(struct domain *d)
{
    struct xen_domctl_getdomaininfo info;

    domain_get_info(d, &info);
    return info.flags & XEN_DOMINF_shutdown;
}

/* --- creation --- */

static void look_for_it(struct domain *d)
{
    struct domain *next = domain_get_next(1);

    assert_null(domain_get(d->domid));
    assert_null(next);
}

static void half_made_ones_are_not_found(void **state)
{
    struct domain *d;

    fake_on_domain_create = look_for_it;
    d = fake_domain_create(1);
    assert_ptr_equal(domain_get(d->domid), d);
    domain_put(d);
    fake_domain_kill(d);
}

static void failed_ones_leave_nothing(void **state)
{
    struct xen_domctl_createdomain config = { .max_vcpus = 2 };
    int error;

    fake_arch_domain_error = -EOPNOTSUPP;
    fake_on_domain_create = look_for_it;
    assert_null(domain_create((domid_t)DOMID_INVALID, &config, false, &error));
    assert_int_equal(error, -EOPNOTSUPP);
    fake_settle();
    assert_int_equal(fake_live_objects, objects);
}

static void numbers_are_taken_once(void **state)
{
    struct xen_domctl_createdomain config = { .max_vcpus = 1 };
    struct domain *d;
    int error;

    d = domain_create(77, &config, false, &error);
    assert_non_null(d);
    assert_null(domain_create(77, &config, false, &error));
    assert_int_equal(error, -EEXIST);
    assert_int_equal(vcpu_create(d, 0), 0);
    assert_int_equal(vcpu_create(d, 0), -EEXIST);
    assert_int_equal(vcpu_create(d, 1), -EINVAL);
    fake_domain_kill(d);
    assert_null(domain_get(77));
    /* The number is free when the structure has gone. */
    assert_null(domain_create(77, &config, false, &error));
    fake_settle();
    d = domain_create(77, &config, false, &error);
    assert_non_null(d);
    fake_domain_kill(d);
}

/* --- shutdown --- */

static void shut_down_when_all_have_stopped(void **state)
{
    struct domain *d = fake_domain_create(3);

    fake_settle();
    for (unsigned int i = 0; i < 3; i++)
        assert_true(d->vcpu[i]->is_running);
    domain_shutdown(d, SHUTDOWN_poweroff); /* by CPU 0, for its own vCPU say */
    for (unsigned int i = 0; i < 3; i++) {
        assert_false(is_shut_down(d));
        assert_int_equal(fake_virqs, 0);
        assert_int_equal(domain_resume(d), -EINVAL);
        fake_softirqs(d->vcpu[i]->cpu);
    }
    assert_true(is_shut_down(d));
    assert_int_equal(fake_virqs, 1);
    domain_shutdown(d, SHUTDOWN_crash);
    assert_int_equal(fake_virqs, 1);
    assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);

    fake_cpu(0);
    assert_int_equal(domain_resume(d), 0);
    assert_false(is_shut_down(d));
    fake_settle();
    assert_true(d->vcpu[0]->is_running);
    fake_domain_kill(d);
}

static void shut_down_at_once_if_none_runs(void **state)
{
    struct domain *d = fake_domain_create(2);

    assert_int_equal(domain_pause_by_controller(d), 0);
    domain_shutdown(d, SHUTDOWN_suspend);
    assert_true(is_shut_down(d));
    assert_int_equal(fake_virqs, 1);
    fake_domain_kill(d);
}

/* --- the end --- */

static void its_end_is_told_twice(void **state)
{
    struct domain *d = fake_domain_create(1);

    fake_settle();
    assert_ptr_equal(domain_get(d->domid), d);
    fake_domain_kill(d);
    assert_int_equal(fake_virqs, 1); /* it is dead */
    fake_settle();
    assert_int_equal(fake_virqs, 1);
    assert_ptr_equal(domain_get_next(1), d);
    domain_put(d);
    domain_put(d);
    assert_null(domain_get_next(1));
    assert_int_equal(fake_virqs, 1);
    fake_settle();
    assert_int_equal(fake_virqs, 2); /* it is gone */
}

static void freed_when_no_cpu_looks_at_it(void **state)
{
    struct domain *d = fake_domain_create(1);
    struct vcpu *v;

    fake_settle();
    v = d->vcpu[0];
    fake_domain_kill(d);
    /* CPUs that came by it are in the middle of something: the sanitizer watches. */
    for (unsigned int i = 0; i < 4; i++) {
        assert_ptr_equal(v->domain, d);
        assert_false(v->is_running);
        fake_softirqs(i);
    }
    assert_int_equal(fake_live_objects, objects);
}

/* In steps; what is done is not done again. */
static void the_end_goes_on_where_it_was(void **state)
{
    struct domain *d = fake_domain_create(1);

    fake_p2m_steps = 20;
    fake_domain_kill(d);
    assert_int_equal(fake_p2m_steps, 0);
    assert_int_equal(fake_evtchn_ends, 1);
    fake_p2m_steps = 3; /* and its tables, after that */
    fake_settle();
    assert_int_equal(fake_p2m_steps, 0);
    assert_int_equal(fake_virqs, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(half_made_ones_are_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_ones_leave_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_taken_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shut_down_when_all_have_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shut_down_at_once_if_none_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_end_is_told_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_goes_on_where_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(freed_when_no_cpu_looks_at_it, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
