# SPDX-License-Identifier: MIT
guest-tests += operations
operations-guest-y = tests/bench/operations.o
