# SPDX-License-Identifier: MIT
progs += monitord
monitord-y := ctl/monitord/main.o ctl/monitord/monitor.o ctl/monitord/act.o
