#!/usr/bin/env python3
"""Watches the system calls of a program that opens a model, generates and closes.

    quiet_run.py PROGRAM MODEL

It may open the model, what the loader and the C library read, and what tells the CPUs that it may
use. No socket, no other program, nothing written. Exit code 77: this system lets nobody be watched.
"""

import re
import subprocess
import sys
import tempfile

ALLOWED = re.compile(
    r"/etc/ld\.so\.(cache|preload)$"             # the loader's list of libraries
    r"|/[\w/.+-]*\.so(\.\d+)*$"                   # the libraries
    r"|/[\w/.+-]*/(glibc-hwcaps/.*|x86_64|tls|haswell|avx512_1)$"  # where it looks for them
    r"|/proc/self/cgroup$|/sys/fs/cgroup/.*$"     # the quota of CPU time
    r"|/sys/devices/system/cpu/.*$"               # kinds and number of CPUs
    r"|/proc/sys/vm/overcommit_memory$|/sys/kernel/mm/transparent_hugepage/[\w]+$")  # malloc's
OPENING = re.compile(r"\b(?:open|openat|openat2|creat|access|faccessat2?|readlink|readlinkat|stat|lstat"
                     r"|newfstatat|statx|execve|unlink|rename)\w*\((?:AT_FDCWD, |\d+, )?\"([^\"]*)\"(.*)")
FORBIDDEN = re.compile(r"\b(socket|socketpair|connect|bind|listen|accept4?|sendto|sendmsg|recvfrom"
                       r"|execveat|vfork|fork|kill|tgkill|setrlimit|ptrace)\("
                       r"|rt_sigaction\((?!SIGRT)")  # SIGRT: of the C library, for its threads


def watch(program, model):
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as log:
        done = subprocess.run(["strace", "-f", "-qq", "-s", "4096", "-o", log.name, program, model],
                              capture_output=True, text=True, timeout=600)
        return done, log.read().splitlines()


def fault(line, program, model, started):
    """What is wrong with one system call, or None."""
    if FORBIDDEN.search(line):
        return "is not for a library to call"
    if re.search(r"\bclone3?\(", line) and "CLONE_THREAD" not in line:
        return "starts a process"
    opened = OPENING.search(line)
    if not opened:
        return None
    path, rest = opened.groups()
    if "execve(" in line:
        return None if path == program and not started else "starts a program"
    if re.search(r"O_(WRONLY|RDWR|CREAT)", rest) or re.search(r"\b(unlink|rename|creat)", line):
        return "writes"
    if path in ("", model) or ALLOWED.match(path):
        return None
    return "opens what nobody gave it"


def main(program, model):
    done, lines = watch(program, model)
    if "PTRACE" in done.stderr and not lines:
        print(f"not run: {done.stderr}")
        return 77
    assert done.returncode == 0 and len(done.stdout.split()) == 16, done
    faults, started = [], False
    for line in lines:
        wrong = fault(line, program, model, started)
        started = started or "execve(" in line
        if wrong:
            faults.append(f"{wrong}: {line}")
    opened = sorted({match.group(1) for match in map(OPENING.search, lines) if match} - {""})
    print(f"{len(lines)} system calls; opened or asked for:", *opened, *faults, sep="\n  ")
    assert model in opened, "the model was not seen being opened: is this strace?"
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
