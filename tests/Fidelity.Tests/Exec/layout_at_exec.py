"""layout_at_exec.py PROGRAM: executes a program without address randomisation, stops it before its first instruction, and prints
/proc/PID/maps and, as hexadecimal, /proc/PID/auxv. The program gets its own path as the only argument and HOME=/ as environment."""
import ctypes
import os
import resource
import signal
import sys

ADDR_NO_RANDOMIZE, PTRACE_TRACEME = 0x0040000, 0
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, 8 << 20))
    if libc.personality(ADDR_NO_RANDOMIZE) < 0 or libc.ptrace(PTRACE_TRACEME, 0, None, None) < 0:
        os._exit(77)
    os.execve(sys.argv[1], [sys.argv[1]], {"HOME": "/"})
_, status = os.waitpid(pid, 0)
if os.WIFEXITED(status):
    sys.exit(os.WEXITSTATUS(status))
with open(f"/proc/{pid}/maps") as maps:
    sys.stdout.write(maps.read())
with open(f"/proc/{pid}/auxv", "rb") as auxv:
    print("auxv", auxv.read().hex())
os.kill(pid, signal.SIGKILL)
