#!/usr/bin/env bash
# Mutation check: breaks the log code, or the kernel's flushes of TLBs, in one way at a time, in a copy of the tree, and
# requires that tests go red.
#   tests/mutants/run.sh            all mutants, some minutes
#   tests/mutants/run.sh --short    the three that CI runs
#   tests/mutants/run.sh NAME...    the named ones
# A mutant is a file NAME.mutant: the file to change, a filter for the tests that must fail, their project if it is not
# tests/Engine.Tests, the text to find there and what replaces it. A mutant that does not build, or whose text is not found exactly once, counts as alive.
# The last line is "N mutants, N killed"; the result is 0 if all were.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
unset CI

names=("$@")
[ $# -eq 0 ] && mapfile -t names < <(cd "$here" && ls ./*.mutant | sed 's|^\./||; s|\.mutant$||')
[ "${1:-}" = --short ] && names=(payload-crc-skipped truncation-off-by-one provisional-tail-not-cut)

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
(cd "$root" && tar -c --exclude=bin --exclude=obj --exclude=node_modules src tests ./*.props ./*.targets ./*.txt global.json) | tar -x -C "$tree" || exit 1
build() { dotnet build "$tree/$1" -c Release -p:RunAnalyzers=false -p:ReadyToRun=false -p:TreatWarningsAsErrors=false -v q --nologo >"$tree/build.log" 2>&1; }
check() { timeout 600 dotnet test "$tree/$1" -c Release --no-build --nologo --filter "FullyQualifiedName~$2" >"$tree/test.log" 2>&1; }
field() { sed -n "s/^$2: //p" "$here/$1.mutant"; }
project() { local p; p=$(field "$1" project); echo "${p:-tests/Engine.Tests}"; }

declare -A filters
for name in "${names[@]}"; do
  p=$(project "$name")
  filters[$p]+="${filters[$p]:+|FullyQualifiedName~}$(field "$name" tests)" || exit 1
done
echo "building the unchanged tree"
for p in "${!filters[@]}"; do
  build "$p" || { cat "$tree/build.log"; exit 1; }
  check "$p" "${filters[$p]}" || { tail -40 "$tree/test.log"; echo "the tests fail without any mutant"; exit 1; }
done

killed=0
for name in "${names[@]}"; do
  file=$(field "$name" file)
  if ! python3 - "$here/$name.mutant" "$tree/$file" <<'PYTHON'
import sys
text = open(sys.argv[1], encoding="utf-8").read()
find, replace = text.split("--- find\n", 1)[1].rstrip("\n").split("\n--- replace\n", 1)
source = open(sys.argv[2], encoding="utf-8").read()
if source.count(find) != 1:
    sys.exit(f"found {source.count(find)} times")
open(sys.argv[2], "w", encoding="utf-8").write(source.replace(find, replace))
PYTHON
  then
    echo "$name: ALIVE, its text is not found exactly once in $file"
  elif ! build "$(project "$name")"; then
    echo "$name: ALIVE, it does not build"; grep -m3 "error" "$tree/build.log"
  else
    check "$(project "$name")" "$(field "$name" tests)"
    status=$?
    red=$(sed -n 's/^Failed! *- *Failed: *\([0-9]*\),.*/\1/p' "$tree/test.log")
    if [ -n "$red" ]; then
      killed=$((killed + 1)); echo "$name: killed, $red tests fail"
    elif [ $status -eq 124 ]; then
      killed=$((killed + 1)); echo "$name: killed, the tests do not end"
    else
      echo "$name: ALIVE"
    fi
  fi
  cp "$root/$file" "$tree/$file"
done
echo "${#names[@]} mutants, $killed killed"
[ "$killed" -eq "${#names[@]}" ]
