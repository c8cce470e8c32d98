/* SPDX-License-Identifier: MIT */
/* All keys of xl.cfg(5) as of version 4.17, in its order, and those that it calls deprecated. */
#include "xl_keys.h"

#include <stddef.h>
#include <string.h>

static const char type[] = "Pando makes PVH guests only so far";
static const char emulation[] = "Pando has no device model yet, and so no emulated devices";
static const char firmware[] = "Pando starts a kernel directly, without firmware or a boot loader";
static const char sched[] = "Pando does not set this of the scheduler for a guest yet";
static const char pool[] = "Pando does not put guests into CPU pools yet";
static const char action[] = "Pando does nothing particular then";
static const char shim[] = "Pando has no PV guests yet, and no shim for them";
static const char security[] = "Pando has no security labels";
static const char limits[] =
    "Pando does not set this limit for a guest yet: the hypervisor's holds";
static const char migrate[] = "Pando does not migrate guests yet";
static const char backend[] = "Pando has no driver domains yet";
static const char arm[] = "Pando has no Arm guests";
static const char passthrough[] = "Pando does not give devices of the host to guests yet";
static const char trace[] = "Pando does not trace guests' processors";
static const char pmu[] = "Pando does not give guests performance counters";
static const char device[] = "Pando has no devices of this kind yet";
static const char paging[] = "Pando always uses the processor's nested paging, and decides itself";
static const char platform[] = "Pando does not let this of a guest's machine be chosen yet";
static const char display[] = "Pando has no graphical consoles yet";
static const char events[] = "Pando gives all guests the same number of event channels";

const struct xl_key xl_keys[] = {
    { "name", NULL },
    { "type", type },
    { "builder", type },
    { "pool", pool },
    { "vcpus", NULL },
    { "maxvcpus", NULL },
    { "cpus", NULL },
    { "cpus_soft", sched },
    { "cpu_weight", sched },
    { "cap", sched },
    { "memory", NULL },
    { "maxmem", NULL },
    { "vnuma", NULL },
    { "on_poweroff", NULL },
    { "on_reboot", NULL },
    { "on_watchdog", action },
    { "on_crash", NULL },
    { "on_soft_reset", action },
    { "kernel", NULL },
    { "ramdisk", NULL },
    { "cmdline", NULL },
    { "root", NULL },
    { "extra", NULL },
    { "firmware", firmware },
    { "pvshim", shim },
    { "pvshim_path", shim },
    { "pvshim_cmdline", shim },
    { "pvshim_extra", shim },
    { "uuid", NULL },
    { "seclabel", security },
    { "init_seclabel", security },
    { "max_grant_frames", limits },
    { "max_maptrack_frames", limits },
    { "max_grant_version", limits },
    { "nomigrate", migrate },
    { "driver_domain", backend },
    { "device_tree", arm },
    { "passthrough", passthrough },
    { "xend_suspend_evtchn_compat", migrate },
    { "vmtrace_buf_kb", trace },
    { "vpmu", pmu },
    { "disk", NULL },
    { "vif", NULL },
    { "vtpm", device },
    { "p9", device },
    { "pvcalls", device },
    { "vfb", display },
    { "channel", device },
    { "rdm", passthrough },
    { "usbctrl", device },
    { "usbdev", device },
    { "pci", passthrough },
    { "pci_permissive", passthrough },
    { "pci_msitranslate", passthrough },
    { "pci_seize", passthrough },
    { "pci_power_mgmt", passthrough },
    { "gfx_passthru", passthrough },
    { "rdm_mem_boundary", passthrough },
    { "dtdev", passthrough },
    { "ioports", passthrough },
    { "iomem", passthrough },
    { "irqs", passthrough },
    { "max_event_channels", events },
    { "vdispl", display },
    { "dm_restrict", emulation },
    { "device_model_user", emulation },
    { "vsnd", device },
    { "vkb", device },
    { "tee", arm },
    { "bootloader", firmware },
    { "bootloader_args", firmware },
    { "e820_host", platform },
    { "boot", firmware },
    { "hdtype", emulation },
    { "hap", paging },
    { "oos", paging },
    { "shadow_memory", paging },
    { "bios", firmware },
    { "bios_path_override", firmware },
    { "pae", platform },
    { "acpi", platform },
    { "acpi_s3", platform },
    { "acpi_s4", platform },
    { "acpi_laptop_slate", platform },
    { "apic", platform },
    { "nx", platform },
    { "hpet", emulation },
    { "altp2m", platform },
    { "altp2mhvm", platform },
    { "nestedhvm", platform },
    { "cpuid", platform },
    { "acpi_firmware", firmware },
    { "smbios_firmware", firmware },
    { "ms_vm_genid", platform },
    { "tsc_mode", platform },
    { "localtime", platform },
    { "rtc_timeoffset", platform },
    { "vpt_align", platform },
    { "timer_mode", platform },
    { "mmio_hole", platform },
    { "xen_platform_pci", emulation },
    { "viridian", platform },
    { "videoram", display },
    { "stdvga", display },
    { "vga", display },
    { "vnc", display },
    { "vnclisten", display },
    { "vncdisplay", display },
    { "vncunused", display },
    { "vncpasswd", display },
    { "keymap", display },
    { "sdl", display },
    { "opengl", display },
    { "nographic", display },
    { "spice", display },
    { "spicehost", display },
    { "spiceport", display },
    { "spicetls_port", display },
    { "spicedisable_ticketing", display },
    { "spicepasswd", display },
    { "spiceagent_mouse", display },
    { "spicevdagent", display },
    { "spice_clipboard_sharing", display },
    { "spiceusbredirection", display },
    { "spice_image_compression", display },
    { "spice_streaming_video", display },
    { "serial", emulation },
    { "soundhw", emulation },
    { "vkb_device", emulation },
    { "usb", emulation },
    { "usbversion", emulation },
    { "usbdevice", emulation },
    { "vendor_device", emulation },
    { "device_model_version", emulation },
    { "device_model_override", emulation },
    { "stubdomain_kernel", emulation },
    { "stubdomain_cmdline", emulation },
    { "stubdomain_ramdisk", emulation },
    { "stubdomain_memory", emulation },
    { "device_model_stubdomain_override", emulation },
    { "device_model_stubdomain_seclabel", emulation },
    { "device_model_args", emulation },
    { "device_model_args_pv", emulation },
    { "device_model_args_hvm", emulation },
    { "gic_version", arm },
    { "vuart", arm },
    { "mca_caps", platform },
    { "msr_relaxed", platform },
    { NULL, NULL },
};

const struct xl_key *xl_key_find(const char *key)
{
    for (const struct xl_key *known = xl_keys; known->key; known++)
        if (!strcmp(known->key, key))
            return known;
    return NULL;
}
