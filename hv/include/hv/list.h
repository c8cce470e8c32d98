/* SPDX-License-Identifier: MIT */
/* A circular doubly linked list. The caller provides the locking. */
#ifndef HV_LIST_H
#define HV_LIST_H

#include <hv/types.h>

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)                                                                       \
    {                                                                                              \
        &(name), &(name)                                                                           \
    }

static inline void list_init(struct list_head *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list_head *l)
{
    return l->next == l;
}

static inline void list_insert_between(struct list_head *n, struct list_head *prev,
                                       struct list_head *next)
{
    n->prev = prev;
    n->next = next;
    prev->next = n;
    next->prev = n;
}

static inline void list_add(struct list_head *n, struct list_head *head)
{
    list_insert_between(n, head, head->next);
}

static inline void list_add_tail(struct list_head *n, struct list_head *head)
{
    list_insert_between(n, head->prev, head);
}

/* Leaves @n an empty list, so that list_empty(n) tells whether it is queued. */
static inline void list_del(struct list_head *n)
{
    n->next->prev = n->prev;
    n->prev->next = n->next;
    list_init(n);
}

#define list_entry(ptr, type, member)        container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)

#define list_for_each_entry(pos, head, member)                                                     \
    for (pos = list_entry((head)->next, typeof(*pos), member); &pos->member != (head);             \
         pos = list_entry(pos->member.next, typeof(*pos), member))

#define list_for_each_entry_safe(pos, tmp, head, member)                                           \
    for (pos = list_entry((head)->next, typeof(*pos), member),                                     \
        tmp = list_entry(pos->member.next, typeof(*pos), member);                                  \
         &pos->member != (head);                                                                   \
         pos = tmp, tmp = list_entry(pos->member.next, typeof(*pos), member))

#endif
