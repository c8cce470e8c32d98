/* SPDX-License-Identifier: MIT */
/* config_io's conversions: what is carried over, what is kept and named, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/config_io/convert.h"
#include "plugins/config_io/xl_keys.h"
#include "roundtrip.h"

/* --- helpers ---------------------------------------------------------------------------------- */

struct result {
    char *config; /* JSON in one line, NULL: not understood */
    char *notes;
};

static void import_into(struct result *result, const char *text, const char *networks)
{
    struct report report = { .where = "f" };
    size_t size;
    bool xml = *text == '<';
    struct value *config = xml ? libvirt_import(text, strlen(text), networks, &report)
                               : xl_import(text, strlen(text), &report);
    FILE *out = open_memstream(&result->notes, &size);
    report_print(&report, out);
    fclose(out);
    result->config = config ? value_print(config, false) : NULL;
    value_free(config);
    report_free(&report);
}

static void release(struct result *result)
{
    free(result->config);
    free(result->notes);
}

/* Imports, and looks for the parts of the configuration and of the notes; "" expects no notes. */
static void expect(const char *text, const char *config, const char *notes)
{
    struct result result;
    import_into(&result, text, "lan=br7");
    bool right = (config ? result.config && strstr(result.config, config) : !result.config) &&
                 (*notes ? strstr(result.notes, notes) != NULL : !*result.notes);
    if (!right)
        fail_msg("%s\nmade %s\n%s\nexpected %s\n%s", text, result.config, result.notes, config,
                 notes);
    release(&result);
}

static char *export_of(const char *json, bool xl)
{
    struct report report = { .where = "f" };
    char error[100];
    unsigned line;
    struct value *config = value_parse(json, strlen(json), &line, error, sizeof(error));
    assert_non_null(config);
    char *text = xl ? xl_export(config, &report) : libvirt_export(config, &report);
    value_free(config);
    report_free(&report);
    return text;
}

static void expect_export(const char *json, bool xl, const char *part)
{
    char *text = export_of(json, xl);
    if (!text || !strstr(text, part))
        fail_msg("%s\nmade %s\nexpected %s", json, text, part);
    free(text);
}

#define PVH "type='pvh'\n"

/* --- xl: syntax --------------------------------------------------------------------------------
 */

static void xl_values(void **state)
{
    expect(PVH "name = 'a' # comment\n", "\"name\":\"a\"", "");
    expect(PVH "name=\"a\";memory=0x40\n", "\"memory\":64", "");
    expect(PVH "memory='64'", "\"memory\":64", "");
    expect(PVH "name='it\\'s \\x41\\102'", "\"name\":\"it's AB\"", "");
    expect(PVH "name='a'\nname='b'\n", "\"name\":\"b\"", "f:3: name: given twice, first in line 2");
    expect(PVH "extra='a'\nextra+=' b'", "\"cmdline\":\"a b\"", "");
    expect(PVH "disk = [ '/a,,xvda',\n # one more\n '/b,,xvdb', ]\ndisk += ['/c,,xvdc']",
           "\"target\":\"/c\"", "");
    expect("\xef\xbb\xbf", NULL, "expected KEY=VALUE");
    expect("name", NULL, "f:1: found the end of the file, expected = behind a key");
    expect("name='a", NULL, "f:1: found the end of the file, expected a ' at the end");
    expect("\nname='a\n'", NULL, "f:2: found the end of the line");
    expect("name=a", NULL, "found \"a\", expected a string in quotes");
    expect("a=['b' 'c']", NULL, "expected a comma");
    expect("import os", NULL, "expected = behind a key");
    expect("a=[[[[[[[[[[1]]]]]]]]]]", NULL, "nested so deeply");
}

static void xl_every_key_is_answered(void **state)
{
    for (const struct xl_key *key = xl_keys; key->key; key++) {
        char text[100], expected[100];
        struct result result;
        if (!strcmp(key->key, "cpus"))
            continue;
        snprintf(text, sizeof(text), "%s%s=[1]\n", strcmp(key->key, "type") ? PVH : "", key->key);
        snprintf(expected, sizeof(expected), "%s: ", key->key);
        import_into(&result, text, NULL);
        /* A list of a number is right for none that is carried over, but cpus. */
        if (!result.config || (!strstr(result.notes, expected)))
            fail_msg("%s: nothing is said of it: %s", key->key, result.notes);
        if (key->reason && !strstr(result.notes, key->reason))
            fail_msg("%s: it is not said why: %s", key->key, result.notes);
        if (!strstr(result.config, key->key))
            fail_msg("%s: it is not kept: %s", key->key, result.config);
        release(&result);
    }
}

static void xl_virtual_nodes(void **state)
{
    expect(PVH "vnuma=[['pnode=0','size=64','vcpus=0-1,3','vdistances=10,20'],\n"
               "['vcpus = 2','size=0x20']]",
           "\"vnuma\":[{\"pnode\":0,\"size\":64,\"vcpus\":\"0-1,3\",\"vdistances\":[10,20]},"
           "{\"vcpus\":\"2\",\"size\":32}]",
           "");
    expect(PVH "vnuma=[['size=64']]", "\"kept\":{\"xl\":{\"vnuma\":[[\"size=64\"]]}}",
           "f:2: vnuma: kept; the guest gets no virtual nodes: Pando wants to know");
    expect(PVH "vnuma=[['size=64','vcpus=0','x=1']]", "\"kept\"", "\"x=1\" is not understood");
    expect(PVH "vnuma=[['size=64','vcpus=0','vdistances=10,a']]", "\"kept\"",
           "\"vdistances=10,a\" is not");
    expect(PVH "vnuma=[['size=64','size=64','vcpus=0']]", "\"kept\"", "\"size=64\" is not");
    expect(PVH "vnuma='x'", "\"kept\"", "expected a list of lists");
    expect(PVH "vnuma=['x']", "\"kept\"", "expected a list of strings for each node");
    expect_export(
        "{\"vcpus\":3,\"vnuma\":[{\"size\":64,\"vcpus\":\"all\","
        "\"vdistances\":[10]},{\"pnode\":1,\"size\":4,\"vcpus\":\"1\"}]}",
        true,
        "\n        \"size=64\",\n        \"vcpus=0-2\",\n        \"vdistances=10\"\n    ],\n"
        "    [\n        \"pnode=1\",\n        \"size=4\",\n        \"vcpus=1\"\n");
    expect_export("{\"vnuma\":[],\"kept\":{\"xl\":{\"vnuma\":[[\"a\"]]}}}", true,
                  "vnuma = [\n    [\n        \"a\"\n    ]\n]");
}

static void xl_keys_that_mean_something(void **state)
{
    expect("name='a'", "\"kept\":{\"xl\":{\"type\":\"pv\"}}", "type: there is none");
    expect("type='hvm'", "\"kept\":{\"xl\":{\"type\":\"hvm\"}}", "f:1: type: kept, not acted on");
    expect(PVH "vcnlisten='x'", "\"vcnlisten\":\"x\"", "did you mean vnclisten?");
    expect(PVH "uuid='2F6AC97D0D5C4B1C9A473F0E6F0F8D51'",
           "\"uuid\":\"2f6ac97d-0d5c-4b1c-9a47-3f0e6f0f8d51\"", "");
    expect(PVH "uuid='x'", "\"uuid\":\"x\"", "f:2: uuid: expected a UUID");
    expect(PVH "root='/dev/xvda ro'\nextra='quiet'", "\"cmdline\":\"root=/dev/xvda ro quiet\"", "");
    expect(PVH "cmdline='a'\nextra='b'", "\"cmdline\":\"a\"", "f:3: extra: kept; cmdline is there");
    expect(PVH "cpus='0-3,^2'", "\"cpus\":\"0-3,^2\"", "");
    expect(PVH "cpus=['2','2']", "\"cpus\":\"2\"", "");
    expect(PVH "cpus=['2','3']", "\"xl\":{\"cpus\":[\"2\",\"3\"]}", "this guest may run on all");
    expect(PVH "cpus='node:0'", "\"xl\":{\"cpus\":\"node:0\"}", "this guest may run on all");
    expect(PVH "on_crash='coredump-restart'", "\"on_crash\":\"restart\"", "like \"restart\"");
    expect(PVH "on_reboot='soft-reset'", "\"xl\":{\"on_reboot\":\"soft-reset\"}", "no such action");
}

static void xl_disks(void **state)
{
    static const char *const same[] = {
        "/dev/vg/v,,hda",
        "/dev/vg/v,raw,hda,rw",
        "format=raw, vdev=hda, access=rw, target=/dev/vg/v",
        "raw:/dev/vg/v,hda,w",
        "phy:/dev/vg/v,hda,w",
        "tap:aio:/dev/vg/v,hda,w",
        "vg/v,,hda",
        "/dev/vg/v,raw,hda,rw,backendtype=phy",
        "/dev/vg/v,raw,hda,rw,discard",
    };
    char text[200];
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        snprintf(text, sizeof(text), PVH "disk=['%s']", same[i]);
        expect(text, "\"disk\":[{\"vdev\":\"hda\",\"target\":\"/dev/vg/v\"}]", "");
    }
    expect(PVH "disk=['/a,,xvda,r']", "\"access\":\"r\"", "");
    expect(PVH "disk=['vdev=xvda,target=/a,b=c']", "\"target\":\"/a,b=c\"", "");
    expect(PVH "disk=['/a,qcow2,xvda']", "\"disk\":[]", "raw images only, not qcow2");
    expect(PVH "disk=['/a,,hdc,cdrom']", "\"source\":\"/a,,hdc,cdrom\"", "no CD-ROM drives");
    expect(PVH "disk=['/a.iso,hdc:cdrom,r']", "\"disk\":[]", "no CD-ROM drives");
    expect(PVH "disk=[',hdc:cdrom,r']", "\"disk\":[]", "no CD-ROM drives");
    expect(PVH "disk=['/a,,xvda,backend=store']", "\"disk\":[]", "does not know of backend");
    expect(PVH "disk=['script=block-x,vdev=xvda,target=y']", "\"disk\":[]", "of script");
    expect(PVH "disk=['/a,,xvda,scrip script=s']", "\"disk\":[]", "r or rw, not scrip script=s");
    expect(PVH "disk=['/a']", "\"disk\":[]", "needs a vdev");
    expect(PVH "disk=[7]", "\"disk\":[]", "f:2: disk: expected a string");
    expect(PVH "disk=['/a,,xvda,rw,no-discard']", "\"as\":{\"vdev\":\"xvda\"", "of no-discard");
}

static void xl_vifs(void **state)
{
    expect(PVH "vif=['']", "\"vif\":[{}]", "");
    expect(PVH "vif=['mac=00:16:3e:00:00:01, bridge=br0,vifname=web']",
           "\"vif\":[{\"mac\":\"00:16:3e:00:00:01\",\"bridge\":\"br0\",\"vifname\":\"web\"}]", "");
    expect(PVH "vif=['bridge=br0,rate=10MB/s']", "\"as\":{\"bridge\":\"br0\"}", "of rate");
    expect(PVH "vif=['type=ioemu,bridge=br0']", "\"vif\":[{\"bridge\":\"br0\"}]", "");
    expect(PVH "vif=['backend=netvm']", "\"vif\":[]", "of backend");
}

/* --- libvirt -----------------------------------------------------------------------------------
 */

#define DOMAIN(text)  "<domain type='xen'><os><type>xenpvh</type></os>" text "</domain>"
#define DEVICES(text) DOMAIN("<devices>" text "</devices>")

static void libvirt_elements(void **state)
{
    expect(DOMAIN("<name> a </name>"), "\"name\":\"a\"", "");
    expect(DOMAIN("<memory>524288</memory>"), "\"memory\":512,\"maxmem\":512", "");
    expect(DOMAIN("<memory unit='GiB'>1</memory><currentMemory unit='MiB'>7</currentMemory>"),
           "\"memory\":7,\"maxmem\":1024", "");
    expect(DOMAIN("<memory unit='b'>1048577</memory>"), "\"maxmem\":2", "is not whole MiB");
    expect(DOMAIN("<memory unit='furlong'>1</memory>"), "\"source\":\"<memory", "a size of memory");
    expect(DOMAIN("<vcpu current='2' cpuset='1-3'>4</vcpu>"),
           "\"vcpus\":2,\"maxvcpus\":4,\"cpus\":\"1-3\"", "");
    expect(DOMAIN("<on_crash>coredump-destroy</on_crash>"), "\"on_crash\":\"destroy\"",
           "core dumps");
    expect(DOMAIN("<title>x</title>"), "<title>x</title>", "");
    expect(DOMAIN("<features><acpi/></features>"), "<features><acpi/></features>",
           "<features>: kept, not acted on");
    expect("<domain type='kvm'><os><type arch='x86_64'>hvm</type><boot dev='hd'/></os></domain>",
           "<boot dev=\\\"hd\\\"/>", "but Pando makes a PVH guest");
    expect("<domain", NULL, "not XML");
    expect("<network/>", NULL, "found <network>, expected <domain>");
    expect("<!DOCTYPE domain [<!ENTITY a 'b'>]><domain/>", NULL, "document type");
}

static void libvirt_devices(void **state)
{
    expect(DEVICES("<disk type='block' device='disk'><driver type='raw'/><source dev='/dev/a'/>"
                   "<target dev='xvda' bus='xen'/><readonly/></disk>"),
           "\"disk\":[{\"vdev\":\"xvda\",\"target\":\"/dev/a\",\"access\":\"r\"}]", "");
    expect(DEVICES("<disk type='file'><driver name='qemu' type='qcow2'/><source file='/a'/>"
                   "<target dev='xvda'/></disk>"),
           "\"disk\":[]", "raw images only, not qcow2");
    expect(DEVICES("<disk type='file'><source file='/a'/><target dev='vda'/><iotune/></disk>"),
           "\"vdev\":\"xvda\"", "does not know of <iotune>, its name is xvda here");
    expect(DEVICES("<disk type='network'/>"), "\"disk\":[]", "no disks of type network");
    expect(DEVICES("<interface type='bridge'><mac address='00:16:3e:00:00:01'/>"
                   "<source bridge='br0'/><target dev='web'/></interface>"),
           "\"vif\":[{\"mac\":\"00:16:3e:00:00:01\",\"bridge\":\"br0\",\"vifname\":\"web\"}]", "");
    expect(DEVICES("<interface type='network'><source network='lan'/></interface>"),
           "\"vif\":[{\"bridge\":\"br7\"}]", "");
    expect(DEVICES("<interface type='network'><source network='wan'/></interface>"), "\"vif\":[]",
           "--networks wan=BRIDGE");
    expect(DEVICES("<interface type='user'/>"), "\"vif\":[]", "no interfaces of type user");
    expect(DEVICES("<console type='pty'><target type='xen' port='0'/></console>"), "\"vif\":[]",
           "");
    expect(DEVICES("<serial type='pty'/>"), "<serial type=\\\"pty\\\"/>", "one Xen console");
    expect(DEVICES("<graphics type='vnc'/>"), "<graphics", "no such devices yet");
}

/* --- back
 * ----------------------------------------------------------------------------------------- */

static const char xl_sample[] =
    "type='hvm'\nname='a \"b\" \\'c\\''\nmemory=64\nmaxmem=128\nvcpus=2\nmaxvcpus=4\n"
    "cpus=['0-1','0-1']\nkernel='k'\nroot='/dev/xvda'\nextra='x'\non_crash='coredump-destroy'\n"
    "disk=['/a,,xvda','/b,qcow2,xvdb','/c,,xvdc,r,discard']\n"
    "vif=['rate=1MB/s','mac=00:16:3e:00:00:01']\nvnc=1\nvnuma=[['pnode=0','size=64'],['a']]\n"
    "serial=['pty',\"a\"]\nunheard_of='\\x07'\n";

static const char libvirt_sample[] =
    "<domain type='xen' id='3' xmlns:q='urn:q'><name>a</name><title>A &lt; B</title>"
    "<memory unit='KiB' dumpCore='off'>65536</memory><vcpu placement='static'>2</vcpu>"
    "<os><type arch='x86_64'>linux</type><kernel>/k</kernel><cmdline>a=b</cmdline></os>"
    "<on_crash>coredump-restart</on_crash><metadata><x:y xmlns:x='urn:x'>1</x:y></metadata>"
    "<devices><disk type='file' device='cdrom'/><disk type='block' device='disk'>"
    "<source dev='/dev/a'/><target dev='xvda'/><serial>7</serial></disk>"
    "<interface type='network'><source network='default'/><model type='e1000'/></interface>"
    "<interface type='direct'/><console type='pty' tty='/dev/pts/1'/></devices>"
    "<q:commandline><q:arg value='-s'/></q:commandline></domain>";

static void nothing_is_lost(void **state)
{
    char why[500] = "";
    if (roundtrip_xl(xl_sample, strlen(xl_sample), why, sizeof(why)) != ROUNDTRIP_SAME)
        fail_msg("xl: %s", why);
    if (roundtrip_libvirt(libvirt_sample, strlen(libvirt_sample), why, sizeof(why)) !=
        ROUNDTRIP_SAME)
        fail_msg("libvirt: %s", why);
    if (roundtrip_through(libvirt_sample, strlen(libvirt_sample), why, sizeof(why)) !=
        ROUNDTRIP_SAME)
        fail_msg("libvirt through xl: %s", why);
    static const char sample[] = "name='a'\nvnc=1\ndisk=['/b,qcow2,xvdb']\nmemory=64\n"
                                 "vnuma=[['size=64','vcpus=0']]\n";
    if (roundtrip_through(sample, strlen(sample), why, sizeof(why)) != ROUNDTRIP_SAME)
        fail_msg("xl through libvirt: %s", why);
}

#define CONFIG(kept)                                                                               \
    "{\"name\":\"a\",\"memory\":64,\"on_crash\":\"restart\",\"disk\":[{\"vdev\":\"xvda\","         \
    "\"target\":\"/new\"}],\"vif\":[{\"mac\":\"00:16:3e:00:00:01\"}],\"kept\":{" kept "}}"

/* What has been changed since it was imported is exported as it is now. */
static void changes_win(void **state)
{
    static const char xl[] =
        CONFIG("\"xl\":{\"on_crash\":\"coredump-destroy\",\"disk\":[{\"source\":\"old\",\"as\":"
               "{\"vdev\":\"xvda\",\"target\":\"/old\"}}],"
               "\"vif\":[{\"source\":\"rate=1\",\"as\":{}}]}");
    expect_export(xl, true, "on_crash = \"restart\"");
    expect_export(xl, true, "vdev=xvda, access=rw, target=/new");
    expect_export(xl, true, "\"mac=00:16:3e:00:00:01,rate=1\"");
    static const char libvirt[] = CONFIG(
        "\"libvirt\":{\"elements\":[{\"in\":\"\",\"source\":\"<memory unit='b'>1</memory>\",\"as\":"
        "{\"maxmem\":1}},{\"in\":\"\",\"source\":\"<memory unit='KiB'>65536</memory>\",\"as\":"
        "{\"maxmem\":64}},{\"in\":\"interface\",\"source\":\"<interface type='x'><y/></interface>\""
        ",\"as\":{}}]}");
    expect_export(libvirt, false, "<memory unit=\"KiB\">65536</memory>");
    expect_export(libvirt, false, "<mac address=\"00:16:3e:00:00:01\"/>");
    expect_export(libvirt, false, "<source file=\"/new\"/>");
    char *text = export_of(libvirt, false);
    assert_null(strstr(text, "unit=\"b\""));
    free(text);
}

static void broken_kept_is_refused(void **state)
{
    static const char broken[] =
        "{\"kept\":{\"libvirt\":{\"elements\":[{\"in\":\"\",\"source\":\"<a>\"}]}}}";
    assert_null(export_of(broken, false));
    expect_export("{\"kept\":{\"xl\":3,\"libvirt\":[]}}", true, "type = \"pvh\"");
    expect_export("{\"kept\":[],\"disk\":{},\"vif\":[1,null]}", false, "<domain type=\"xen\">");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xl_values),
        cmocka_unit_test(xl_every_key_is_answered),
        cmocka_unit_test(xl_virtual_nodes),
        cmocka_unit_test(xl_keys_that_mean_something),
        cmocka_unit_test(xl_disks),
        cmocka_unit_test(xl_vifs),
        cmocka_unit_test(libvirt_elements),
        cmocka_unit_test(libvirt_devices),
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(changes_win),
        cmocka_unit_test(broken_kept_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
