# SPDX-License-Identifier: MIT
stored-tests := tree path perms transaction watch quota request ring domain journal socket fuzz

stored-test-common := tests/unit/stored/harness.o tests/unit/stored/fake_xen.o $(stored-core)

define stored-test
unit-tests += stored_$(1)
stored_$(1)-unit-y := tests/unit/stored/test_$(1).o $(stored-test-common)
stored_$(1)-unit-libs := -lz
endef
$(foreach t,$(stored-tests),$(eval $(call stored-test,$(t))))
stored_socket-unit-y += ctl/stored/loop.o ctl/stored/socket.o
