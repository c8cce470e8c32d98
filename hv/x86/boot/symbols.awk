# SPDX-License-Identifier: MIT
# From `nm -n` to an assembler table: offset from the image base (32 bits), offset of the name.
function hex(s,    i, v) {
    v = 0
    for (i = 1; i <= length(s); i++)
        v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return v
}
# Text symbols of the high half only; the low digits are enough: the image is below 1 GiB.
$2 ~ /^[tT]$/ && $1 ~ /^ffff82d0/ { off[n] = hex(substr($1, 9)); name[n] = $3; n++ }
END {
    print ".section .symtab_hv, \"a\", @progbits"
    print ".globl symbols_count, symbols_table, symbols_names"
    print ".hidden symbols_count, symbols_table, symbols_names"
    print ".balign 8\nsymbols_count: .quad " n "\nsymbols_table:"
    for (i = 0; i < n; i++) { printf ".long %d, %d\n", off[i], pos; pos += length(name[i]) + 1 }
    print "symbols_names:"
    for (i = 0; i < n; i++) print ".asciz \"" name[i] "\""
    print ".section .note.GNU-stack,\"\",@progbits"
}
