/* SPDX-License-Identifier: MIT */
#include "quota.h"

void account_add(struct account *account, uint16_t owner, uint32_t nodes, int64_t bytes)
{
    account->nodes[owner] += nodes;
    account->total += nodes;
    account->bytes += bytes;
}

void account_remove_tree(struct account *account, struct node *node)
{
    account->nodes[perms_owner(node->perms)]--;
    account->total--;
    account->bytes -= (int64_t)node_cost(node);
    for (uint32_t i = 0; i < node->children; i++) {
        account_remove_tree(account, node->child[i]);
    }
}

uint32_t count_owned(const struct node *node, uint16_t owner)
{
    uint32_t count = perms_owner(node->perms) == owner;

    for (uint32_t i = 0; i < node->children; i++) {
        count += count_owned(node->child[i], owner);
    }
    return count;
}

bool quota_allows_nodes(const struct account *account, const struct actor *actor, int32_t delta,
                        uint32_t more)
{
    return actor_is_privileged(actor) ||
           (int64_t)account->nodes[actor->domid] + delta + more <= QUOTA_NODES;
}

bool quota_allows_value(const struct actor *actor, size_t length)
{
    return actor_is_privileged(actor) || length <= QUOTA_NODE_SIZE;
}
