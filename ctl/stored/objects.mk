# SPDX-License-Identifier: MIT
stored-core := $(addprefix ctl/stored/,conn.o control.o domain.o journal.o op.o path.o perms.o \
  quota.o request.o request_domain.o ring.o state.o store.o transaction.o tree.o util.o watch.o)

progs += stored
stored-y := $(stored-core) $(addprefix ctl/stored/,loop.o main.o socket.o xen.o)
stored-libs := -lz
