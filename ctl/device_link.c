/* SPDX-License-Identifier: MIT */
#include "device_link.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_bridge.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Does one of the interface requests of netdevice(7). */
static int request(unsigned long what, struct ifreq *ifr)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

    if (fd < 0) {
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* a kernel without IPv4 */
    }
    if (fd < 0) {
        return -errno;
    }
    if (ioctl(fd, what, ifr) < 0) {
        err = -errno;
    }
    close(fd);
    return err;
}

static void set_name(struct ifreq *ifr, const char *name)
{
    memset(ifr, 0, sizeof(*ifr));
    snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%.*s", IFNAMSIZ - 1, name);
}

bool link_exists(const char *name)
{
    return if_nametoindex(name) != 0;
}

bool link_is_bridge(const char *name)
{
    char path[64 + IFNAMSIZ];

    snprintf(path, sizeof(path), "/sys/class/net/%.15s/bridge", name);
    return access(path, F_OK) == 0;
}

int link_rename(const char *from, const char *to)
{
    struct ifreq ifr;

    set_name(&ifr, from);
    snprintf(ifr.ifr_newname, sizeof(ifr.ifr_newname), "%.*s", IFNAMSIZ - 1, to);
    return request(SIOCSIFNAME, &ifr);
}

int link_up(const char *name)
{
    struct ifreq ifr;
    int err;

    set_name(&ifr, name);
    err = request(SIOCGIFFLAGS, &ifr);
    if (err) {
        return err;
    }
    ifr.ifr_flags |= IFF_UP;
    return request(SIOCSIFFLAGS, &ifr);
}

int link_copy_mtu(const char *from, const char *name)
{
    struct ifreq ifr;
    int err, mtu;

    set_name(&ifr, from);
    err = request(SIOCGIFMTU, &ifr);
    if (err) {
        return err;
    }
    mtu = ifr.ifr_mtu;
    set_name(&ifr, name);
    ifr.ifr_mtu = mtu;
    return request(SIOCSIFMTU, &ifr);
}

int link_bridge_add(const char *bridge, const char *port)
{
    struct ifreq ifr;
    int err;

    set_name(&ifr, bridge);
    ifr.ifr_ifindex = (int)if_nametoindex(port);
    if (!ifr.ifr_ifindex) {
        return -ENODEV;
    }
    err = request(SIOCBRADDIF, &ifr);
    return err == -EBUSY ? 0 : err;
}

/* Whether an interface is one of dom0's own devices, not a guest's or a virtual one. */
static bool is_real(const char *name)
{
    char path[320], target[256];
    ssize_t n;

    snprintf(path, sizeof(path), "/sys/class/net/%s/device/subsystem", name);
    n = readlink(path, target, sizeof(target) - 1);
    if (n < 0) {
        return false;
    }
    target[n] = '\0';
    return !strstr(target, "xen-backend");
}

static int scatter_gather_off(const char *name)
{
    struct ethtool_value value = { .cmd = ETHTOOL_SSG, .data = 0 };
    struct ifreq ifr;
    int err;

    set_name(&ifr, name);
    ifr.ifr_data = (void *)&value;
    err = request(SIOCETHTOOL, &ifr);
    /* A device that can't do it in the first place need not have it switched off. */
    return err == -EOPNOTSUPP ? 0 : err;
}

int link_bridge_linearize(const char *bridge)
{
    char path[64 + IFNAMSIZ];
    struct dirent *entry;
    DIR *dir;
    int err = 0;

    snprintf(path, sizeof(path), "/sys/class/net/%.15s/brif", bridge);
    dir = opendir(path);
    if (!dir) {
        return -errno;
    }
    while (!err && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && is_real(entry->d_name)) {
            err = scatter_gather_off(entry->d_name);
        }
    }
    closedir(dir);
    return err;
}
