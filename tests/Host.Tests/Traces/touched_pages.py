#!/usr/bin/env python3
"""Counts the accesses of a trace and the pages it touches inside anonymous mappings; prints JSON.

Usage: touched_pages.py FILE [--pages]

FILE is lackey's raw text with valgrind's segment list and system calls, or the text form of a trace
(docs/format/trace.md); gzip-compressed or not. Shares no code with the importer it is compared with.

A page counts when a fetch, load, store or modify touches it, or the kernel reads or writes it for a system call, while it
belongs to an area without a file: bss, heap, stack, anonymous mapping. A page that was unmapped, given back by brk or
MADV_DONTNEED, and is touched again after that counts as a fault again; one that mremap moves stays touched.
"""
import gzip
import json
import re
import sys

PAGE = 4096
# The kernel's buffers in lackey's text, by call name: (pointer argument, length: a number, "result" or an argument's index).
BUFFERS = {
    "read": (1, "result"), "pread64": (1, "result"), "write": (1, "result"), "readlink": (1, "result"), "getcwd": (0, "result"),
    "getdents64": (1, "result"), "getrandom": (0, "result"), "newfstatat": (2, 144), "newuname": (0, 390), "prlimit64": (3, 16),
    "rt_sigaction": (2, 32), "sysinfo": (0, 112), "sched_getaffinity": (2, "result"), "ioctl": (2, 36), "gettimeofday": (0, 16),
    "clock_gettime": (1, 16), "getrusage": (1, 144), "getrlimit": (1, 16), "statfs": (1, 120), "uname": (0, 390), "futex": (0, 4),
}


class Pages:
    """Which pages are anonymous, which of those are touched, and how often a page was touched for the first time."""

    def __init__(self):
        self.anonymous, self.touched, self.faults = set(), set(), {}
        self.accesses = dict.fromkeys("ILSM", 0)
        self.brk, self.stack_start, self.stack_limit = None, 0, 0

    def map(self, start, length, anonymous):
        pages = range(start // PAGE, (start + length + PAGE - 1) // PAGE)
        self.touched.difference_update(pages)
        (self.anonymous.update if anonymous else self.anonymous.difference_update)(pages)

    def touch(self, address, size):
        for page in range(address // PAGE, (address + size - 1) // PAGE + 1):
            if page not in self.touched:
                if self.stack_limit // PAGE <= page < self.stack_start // PAGE:
                    self.anonymous.update(range(page, self.stack_start // PAGE))
                    self.stack_start = page * PAGE
                if page in self.anonymous:
                    self.touched.add(page)
                    self.faults[page] = self.faults.get(page, 0) + 1

    def move_break(self, to):
        old, new = -(-self.brk // PAGE), -(-to // PAGE)
        self.map(min(old, new) * PAGE, abs(new - old) * PAGE, new > old)
        self.brk = to

    def call(self, name, a, result):
        if -4096 < result < 0:
            return
        if name == "mmap":
            self.map(result, a[1], a[3] & 0x20)
        elif name == "munmap":
            self.map(a[0], a[1], False)
        elif name == "brk":
            self.move_break(result)
        elif name == "madvise" and a[2] == 4:
            self.touched.difference_update(range(a[0] // PAGE, -(-(a[0] + a[1]) // PAGE)))
        elif name == "mremap":
            keep = [p - a[0] // PAGE for p in range(a[0] // PAGE, (a[0] + min(a[1], a[2])) // PAGE) if p in self.touched]
            anonymous = a[0] // PAGE in self.anonymous
            self.map(a[0], a[1], False)
            self.map(result, a[2], anonymous)
            self.touched.update(p + result // PAGE for p in keep)

    def area(self, kind, start, length, limit, has_file):
        if kind == "heap":
            self.brk = start
        elif not has_file:
            self.map(start, length, True)
            if kind == "stack":
                self.stack_start, self.stack_limit = start, limit


def read_dump(lines, pages):
    for line in lines:
        if line[1] == " ":
            kind, address, size = line.split()
            if kind in pages.accesses:
                pages.accesses[kind] += 1
            pages.touch(int(address, 16), int(size))
        elif line.startswith("area "):
            f = dict(w.split("=", 1) for w in line.split(" file=")[0].split()[2:])
            pages.area(line.split()[1], *(int(f[k], 16) for k in ("start", "length", "limit")), " file=" in line)
        else:
            left, right = line.split(" = ", 1)
            name, *a = left.split()
            pages.call(name, [int(x, 16) for x in a], int(right.split()[0]))


def read_lackey(lines, pages):
    segments, listing, pointer, begun = [], False, 0, None
    number = lambda w: int(w.split("(")[0], 16 if w.startswith("0x") else 10)
    for line in lines:
        if line[:3] in ("I  ", " L ", " S ", " M "):
            if segments:
                initial_areas(segments, pointer, pages)
                segments = []
            address, size = line[3:].split(",")
            pages.accesses[line[:2].strip()] += 1
            pages.touch(int(address, 16), int(size))
        elif "SHOW_SEGMENTS" in line:
            listing = "at client startup" in line
        elif listing and (m := re.search(r"aspacem +\d+: (\w+) (\w+)-(\w+) +\S+ (\S+)\s(Sm\w+)?", line)):
            segments.append((m[1], int(m[2], 16), int(m[3], 16) + 1, m[5]))
        elif m := re.search(r"initial_SP=0x(\w+)", line):
            pointer = int(m[1], 16)
        elif line.startswith("SYSCALL[") or line.startswith(" --> "):
            if m := re.match(r"SYSCALL.*?\)\s*(?:sys_)?(\w+) ?\((.*)", line):
                words = re.split(r"\)(?:--|\[| -->|$)", m[2])[0].split(",")
                begun = (m[1], [w.strip() for w in words])
            if begun and (m := re.search(r"(Success|Failure)\(0x(\w+)", line)):
                result = int(m[2], 16) * (1 if m[1] == "Success" else -1)
                name, words = begun
                begun = None
                if name in ("mmap", "munmap", "brk", "mremap", "madvise"):
                    pages.call(name, [number(w) for w in words], result)
                elif result >= 0 and name in BUFFERS:
                    at, length = BUFFERS[name]
                    address, length = number(words[at]), result if length == "result" else length
                    if address and length:
                        pages.touch(address, length)


def initial_areas(segments, pointer, pages):
    for i, (kind, start, end, _) in enumerate(segments):
        if kind == "anon":
            above, below = segments[(i + 1) % len(segments)], segments[i - 1]
            if above[3] == "SmLower":
                pages.area("heap", start, 0, 0, False)
            elif below[3] == "SmUpper":
                pages.area("stack", start, end - start, below[1], False)
                if pointer:
                    pages.touch(pointer, end - pointer)
            else:
                pages.area("bss", start, end - start, 0, False)


def main():
    with open(sys.argv[1], "rb") as f:
        magic = f.read(2)
    opener = gzip.open if magic == b"\x1f\x8b" else open
    pages = Pages()
    with opener(sys.argv[1], "rt", encoding="utf-8", errors="replace") as f:
        first = f.readline()
        f.seek(0)
        (read_lackey if first.startswith(("==", "--")) else read_dump)(f, pages)
    report = {"accesses": sum(pages.accesses.values()), "kinds": pages.accesses, "faults": sum(pages.faults.values()),
              "distinctPages": len(pages.faults), "touchedAtEnd": len(pages.touched)}
    if "--pages" in sys.argv:
        report["pages"] = {f"{page * PAGE:x}": count for page, count in sorted(pages.faults.items())}
        report["touchedPagesAtEnd"] = [f"{page * PAGE:x}" for page in sorted(pages.touched)]
    print(json.dumps(report, indent=1))


main()
