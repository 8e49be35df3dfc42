#!/usr/bin/env python3
"""Checks what the shared library asks of its host, what it shows, and how large it is.

    library_symbols.py LIBRARY.so HEADER MAX_BYTES

It calls nothing that ends the process, prints, reads the environment, opens sockets, or changes
what belongs to the host; it shows exactly the header's functions, all of one version; it runs no
code when it is loaded; stripped it has at most MAX_BYTES.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Names without their version; C++ ones as the linker sees them. snprintf, std::terminate, __cxa_* and
# __stack_chk_fail come from the compiler's own code and end nothing by themselves.
FORBIDDEN = re.compile(
    r"(abort|exit|_exit|_Exit|quick_exit|at_quick_exit|__assert_fail|__assert_perror_fail"
    r"|_ZSt21__glibcxx_assert_failPKciS0_S0_|_ZSt20__replacement_assert.*"
    r"|(?!snprintf$|__snprintf_chk$)_*(v|f|s|d|as|vf|vs|vd|vas|vsn|sn|obstack_)?w?printf(_chk)?"
    r"|puts|fputs|fputs_unlocked|fwrite|fwrite_unlocked|putchar|putc|fputc|putc_unlocked|perror|psignal"
    r"|stdout|stderr|stdin|_ZSt4cout|_ZSt4cerr|_ZSt4clog|_ZSt3cin|_ZNSt8ios_base4InitC1Ev"
    r"|getenv|secure_getenv|setenv|putenv|unsetenv|clearenv|environ|__environ"
    r"|setlocale|uselocale|_ZNSt6locale.*"
    r"|signal|sigaction|sigprocmask|raise|kill"
    r"|socket|socketpair|connect|bind|listen|accept4?|getaddrinfo|send|recv"
    r"|system|popen|fork|vfork|posix_spawnp?|exec[lv].*|dlopen|dlmopen"
    r"|_ZSt13set_terminatePFvvE|_ZSt15set_new_handlerPFvvE|pthread_atfork|atexit|__cxa_atexit)$")


def symbols(library, *options):
    """(kind, name, version) of the dynamic symbols."""
    listing = subprocess.run(["nm", "-D", *options, library], check=True, capture_output=True,
                             text=True).stdout
    for line in listing.splitlines():
        kind, name = line.split()[-2:]
        name, _, version = name.partition("@")
        yield kind, name, version.lstrip("@")


def declared(header):
    text = pathlib.Path(header).read_text()
    return set(re.findall(r"^MINNOW_API[^;(]*?\b(minnow_\w+)\(", text, re.M))


def faults(library, header, max_bytes):
    asked = list(symbols(library, "-u"))
    for _, name, _ in asked:
        if FORBIDDEN.match(name):
            yield f"{name} is called"
    if not any(name.startswith("_ZNSt") for _, name, _ in asked):
        yield "the C++ runtime is inside: build with the shared one to see what is called"

    shown = list(symbols(library, "--defined-only"))
    functions = {name for kind, name, version in shown if kind == "T" and version == "MINNOW_0"}
    for kind, name, version in shown:
        if (kind, name) != ("A", "MINNOW_0") and name not in functions:
            yield f"{name} ({kind}, version '{version}') is shown"
    yield from (f"{name} is declared and not there" for name in declared(header) - functions)
    yield from (f"{name} is there and not declared" for name in functions - declared(header))

    elf = subprocess.run(["readelf", "--wide", "--dynamic", "--sections", library], check=True,
                         capture_output=True, text=True).stdout
    if "Library soname: [libminnow.so.0]" not in elf:
        yield "the SONAME is not libminnow.so.0"
    started = re.search(r"\.init_array\s+\S+\s+\S+\s+\S+\s+(\S+)", elf)
    if started and int(started.group(1), 16) > 8:  # 8: the compiler's own
        yield "code runs when the library is loaded"

    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "stripped.so")
        subprocess.run(["strip", "--strip-unneeded", "-o", stripped, library], check=True)
        n_bytes = os.path.getsize(stripped)
    print(f"{len(functions)} functions, {len(asked)} symbols asked for, {n_bytes:,} bytes stripped "
          f"(bound {max_bytes:,})")
    if n_bytes > max_bytes:
        yield f"{n_bytes:,} bytes are more than {max_bytes:,}"


def main(library, header, max_bytes):
    found = list(faults(library, header, int(max_bytes)))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
