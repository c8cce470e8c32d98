/* SPDX-License-Identifier: MIT */
/*
 * Random configurations for config_io's two parsers: real ones with pieces cut, doubled, exchanged
 * and put in. Whatever is understood must come back the same; what isn't must be refused with a
 * reason. The sanitizers see to the rest.
 *
 * FUZZ_SECONDS is how long it goes on (10,000 rounds unless told), FUZZ_SEED where it starts; a
 * failure prints its text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "roundtrip.h"

enum { TEXT = 4096, EDITS = 8 };

static uint64_t state_now;

static uint32_t below(uint32_t n)
{
    state_now = state_now * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state_now >> 33) % n;
}

static const char *const xl_seeds[] = {
    "type='pvh'\nname='a'\nmemory=64\nmaxmem=0x80\nvcpus=2\nuuid='2f6ac97d-0d5c-4b1c-9a47-"
    "3f0e6f0f8d51'\n"
    "kernel='/k'\nramdisk=\"/r\"\nroot='/dev/xvda'\nextra='a=b'\ncpus='0-3,^2'\n",
    "builder='hvm'; name=\"x y\"\ndisk=['/a,qcow2,xvda,w','phy:/dev/b,hdb:cdrom,r',\n"
    "'format=raw, vdev=xvdc, script=s, target=/c,d',]\nvif=['mac=00:16:3e:00:00:01,bridge=b','']\n",
    "on_crash='coredump-restart'\nvnuma=[['pnode=0','size=1'],['x']]\nvnc=1\nserial=['pty']\n"
    "cpus=['1','2']\nextra+=' more'\n#pando:kept {\"libvirt\":{\"elements\":[]}}\n",
};

static const char *const xl_pieces[] = { "'",     "\"",           "[",   "]",    ",",     "=",
                                         "+=",    "\n",           "\\x", "\\",   "#",     ";",
                                         "-1",    "0x",           "1",   "on_",  "disk=", "vif=[",
                                         "cpus=", "target=",      "\t",  ":",    "\xff",  "raw:",
                                         "\x7f",  "#pando:kept ", "{}",  "type=" };

static const char *const libvirt_seeds[] = {
    "<domain type='xen'><name>a</name><memory unit='KiB'>65536</memory><vcpu current='1' "
    "cpuset='0-3'>4</vcpu><os><type>xenpvh</type><kernel>/k</kernel></os><devices><disk "
    "type='file' device='disk'><driver type='raw'/><source file='/a'/><target dev='xvda' "
    "bus='xen'/></disk><interface type='bridge'><source bridge='b'/></interface></devices>"
    "</domain>",
    "<domain type='kvm' xmlns:q='urn:q'><uuid>2f6ac97d0d5c4b1c9a473f0e6f0f8d51</uuid>"
    "<currentMemory>1</currentMemory><os firmware='efi'><type arch='x'>hvm</type></os>"
    "<on_crash>preserve</on_crash><metadata><kept xmlns='urn:other'>{}</kept></metadata>"
    "<q:a>&lt;&#65;</q:a><devices><console type='pty'/><interface type='network'>"
    "<source network='default'/></interface><disk><target dev='vda'/></disk></devices></domain>",
};

static const char *const libvirt_pieces[] = {
    "<",        ">",    "/>",           "'",         "\"",      "&",      "&lt;",      "<!--",
    "-->",      "<os>", "</os>",        "<name>",    "<disk/>", "<type>", "<memory>",  "xmlns='u'",
    "1",        "-1",   "]]>",          "<![CDATA[", " ",       "\n",     "<devices>", "<domain>",
    "\xc3\xa9", "\x01", "999999999999",
};

struct language {
    const char *const *seeds, *const *pieces;
    uint32_t seed_count, piece_count;
    enum roundtrip (*roundtrip)(const char *text, size_t length, char *why, size_t size);
};

/* One change somewhere in the text. */
static void edit(const struct language *language, char *text)
{
    size_t length = strlen(text), at = below((uint32_t)length + 1), most = TEXT - 1;
    const char *piece = language->pieces[below(language->piece_count)];
    size_t size = below(20);
    char copy[64] = "";
    switch (below(4)) {
    case 0: /* cut */
        if (at + size <= length)
            memmove(text + at, text + at + size, length - at - size + 1);
        return;
    case 1: /* double */
        snprintf(copy, sizeof(copy), "%.*s", (int)size, text + at);
        piece = copy;
        break;
    case 2: /* another byte */
        if (at < length)
            text[at] = (char)(1 + below(255));
        return;
    default:
        break;
    }
    size = strlen(piece);
    if (length + size > most)
        return;
    memmove(text + at + size, text + at, length - at + 1);
    memcpy(text + at, piece, size);
}

#define ROUNDS 10000u /* unless FUZZ_SECONDS says how long */

static void run(const struct language *language)
{
    const char *seconds = getenv("FUZZ_SECONDS"), *seed = getenv("FUZZ_SEED");
    time_t end = time(NULL) + (seconds ? atoi(seconds) : 0);
    unsigned long counts[3] = { 0 };
    /* The same rounds each time, but when it is let search for longer. */
    state_now = seed ? strtoull(seed, NULL, 0) : seconds ? (uint64_t)time(NULL) : 1;
    print_message("# FUZZ_SEED=%llu\n", (unsigned long long)state_now);
    for (unsigned i = 0; seconds ? time(NULL) < end : i < ROUNDS; i++) {
        char text[TEXT], why[600] = "";
        snprintf(text, sizeof(text), "%s", language->seeds[below(language->seed_count)]);
        for (uint32_t edits = below(EDITS); edits; edits--)
            edit(language, text);
        enum roundtrip result = language->roundtrip(text, strlen(text), why, sizeof(why));
        counts[result]++;
        if (result == ROUNDTRIP_LOST || (result == ROUNDTRIP_REFUSED && !*why))
            fail_msg("%s\n--- %s", text, why);
    }
    print_message("# %lu came back, %lu were refused\n", counts[ROUNDTRIP_SAME],
                  counts[ROUNDTRIP_REFUSED]);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void xl(void **state)
{
    static const struct language language = { xl_seeds, xl_pieces, COUNT(xl_seeds),
                                              COUNT(xl_pieces), roundtrip_xl };
    run(&language);
}

static void libvirt(void **state)
{
    static const struct language language = { libvirt_seeds, libvirt_pieces, COUNT(libvirt_seeds),
                                              COUNT(libvirt_pieces), roundtrip_libvirt };
    run(&language);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(xl), cmocka_unit_test(libvirt) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
