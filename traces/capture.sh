#!/bin/sh
# Captures the traces of this folder again: every program runs once under valgrind's lackey, and 'sim import lackey' turns the text into a trace.
# Needs valgrind, sort, gzip, sqlite3, gcc (for cc1) and awk on x86-64 Linux, and about 1 GB in a temporary folder.
# Usage: traces/capture.sh [NAME...]      with names among sort gzip sqlite3 cc1; all of them without
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The input: text of a linear congruential generator, the same bytes everywhere.
text() {
  LC_ALL=C awk -v lines="$1" 'BEGIN {
    s = 12345
    for (i = 0; i < lines; i++) {
      s = (s * 1103515245 + 12345) % 2147483648
      printf "%08x line %d of the text %s\n", s, i, substr("the quick brown fox jumps over the lazy dog", 1 + s % 30)
    }
  }'
}

# -d -d makes valgrind list the client's segments at its start and end; they and lackey's lines and the system calls
# come down one pipe, standard error, so that their order is kept. setarch -R switches address randomisation off.
lackey() {
  env -i PATH=/usr/bin:/bin LC_ALL=C setarch x86_64 -R \
    valgrind -d -d --vgdb=no --tool=lackey --trace-mem=yes --trace-syscalls=yes "$@"
}

capture() {
  case $1 in
    sort)
      text 6000 > text.txt
      lackey sort text.txt > out 2> "$1.lackey" ;;
    gzip)
      text 1000 > text.txt
      lackey gzip -9nc text.txt > out 2> "$1.lackey" ;;
    sqlite3)
      cat > query.sql <<'SQL'
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c INT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<700) INSERT INTO t SELECT i, hex(i*7919), (i*7919)%1009 FROM n;
CREATE INDEX x ON t(c);
SELECT count(*), sum(c), max(b) FROM t WHERE c BETWEEN 100 AND 500;
SELECT b FROM t ORDER BY c, a LIMIT 3;
SQL
      lackey sqlite3 -batch -init /dev/null :memory: '.read query.sql' > out 2> "$1.lackey" ;;
    cc1)
      printf '#include <stddef.h>\nsize_t length(void) { return sizeof(size_t); }\n' > main.c
      lackey "$(gcc -print-prog-name=cc1)" -E -quiet -imultiarch "$(gcc -print-multiarch)" main.c -o - > out 2> "$1.lackey" ;;
    *)
      echo "capture.sh: unknown program $1: give sort, gzip, sqlite3 or cc1" >&2
      exit 2 ;;
  esac
  dotnet run --project "$root/src/Host" -c Release -- import lackey "$1.lackey" -o "$root/traces/$1.simtrace"
}

[ $# -gt 0 ] || set -- sort gzip sqlite3 cc1
for name; do
  capture "$name"
done
