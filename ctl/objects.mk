# SPDX-License-Identifier: MIT
libpando-y += ctl/store.o ctl/store_conn.o
