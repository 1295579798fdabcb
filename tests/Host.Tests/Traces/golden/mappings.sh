#!/bin/sh
# Captures mappings.lackey.gz again. Needs gcc, a static C library and valgrind on x86-64 Linux.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=/tmp/sim-mappings
mkdir "$work"
trap 'rm -rf "$work"' EXIT
cd "$work"
gcc -O1 -static -o mappings "$here/mappings.c" 2> /dev/null
awk 'BEGIN { for (i = 0; i < 600; i++) printf "line %d of the input\n", i }' > input.txt
env -i PATH=/usr/bin:/bin setarch x86_64 -R \
  valgrind -d -d --vgdb=no --tool=lackey --trace-mem=yes --trace-syscalls=yes ./mappings 2> mappings.lackey > out
gzip -9nc mappings.lackey > "$here/mappings.lackey.gz"
# The same program under strace, arguments of calls with buffers as raw numbers, and without.
strace -f -e raw=read,write,pread64,fstat,newfstatat,getrandom,uname -o "$here/mappings.raw.strace" ./mappings > out
strace -f -y -o "$here/mappings.strace" ./mappings > out
