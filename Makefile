# What a newcomer types. Each target brings what it needs (scripts/setup.sh) and a second run brings nothing.
.POSIX:
.PHONY: demo test check setup setup-test kernels bench clean

demo: setup
	bin/node scripts/fetch_kernel.ts 6.1
	bin/node scripts/demo.ts

# All of it, virtual machines and other people's tools included: this is what CI runs.
test: setup-test kernels
	bin/node scripts/test_all.ts

# What needs no virtual machine; under a minute.
check: setup
	bin/node scripts/check.ts

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh --test

# The kernels test/vm crashes, and the one vmlinux test/compat gives to crash (290 MB, fetched once).
kernels: setup
	bin/node scripts/fetch_kernel.ts --dbg 6.1
	bin/node scripts/fetch_kernel.ts 6.12

# Against the tools installed here and the newest ones, Debian sid's (fetched into the cache).
bench: setup-test kernels
	bin/node scripts/fetch_peers.ts
	bin/node bench/run.ts

clean:
	rm -rf dist node_modules
