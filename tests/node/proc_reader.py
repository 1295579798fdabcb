"""Lets psutil read a folder laid out like /proc, given as argument, and prints what it understood as JSON. The pid follows."""
import json
import sys

import psutil
from psutil import _pslinux

folder, pid = sys.argv[1], int(sys.argv[2])
psutil.PROCFS_PATH = folder
process = _pslinux.Process(pid)
maps = process.memory_maps()
json.dump({
    "memory": psutil.virtual_memory()._asdict(),
    "swap": psutil.swap_memory()._asdict(),
    "process": process.memory_info()._asdict(),
    "areas": len(maps),
    # Address, rights and path come first, then resident, size and proportional share.
    "rss": sum(m[3] for m in maps),
    "size": sum(m[4] for m in maps),
    "pss": sum(m[5] for m in maps),
    "paths": sorted({m[2] for m in maps}),
}, sys.stdout)
