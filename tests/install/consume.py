#!/usr/bin/env python3
"""Builds the consumers against minnow and runs them.

    consume.py HOW FLAVOUR BUILD SOURCE TREE WORK MODEL

HOW is cmake (find_package), pkg-config or subdirectory; FLAVOUR static or shared. BUILD is the build
that TREE was installed from. What its objects are is known: where a compilation in the subdirectory
would have the same command, reuse_object.py takes the object from there.
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

from trial import HERE, PROGRAMS, check_programs, library_path, out_of_reach, run


def cache(build):
    """The CMake cache as a dictionary."""
    lines = (pathlib.Path(build) / "CMakeCache.txt").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith(("#", "//")))
    return {key.split(":")[0]: value for key, value in pairs}


def configure(build, work, languages, *settings):
    known = cache(build)
    run("cmake", "-G", known["CMAKE_GENERATOR"], "-S", HERE / "consumer", "-B", work,
        f"-DLANGUAGES={languages}", f"-DPROGRAMS={PROGRAMS}", f"-DOUT_OF_REACH={out_of_reach(work)}",
        f"-DCMAKE_BUILD_TYPE={known['CMAKE_BUILD_TYPE']}",
        f"-DCMAKE_C_COMPILER={known['CMAKE_C_COMPILER']}",
        f"-DCMAKE_CXX_COMPILER={known['CMAKE_CXX_COMPILER']}", *settings)


def by_cmake(flavour, build, source, tree, work):
    """An installed package, in a project of C only and in one of both languages."""
    hidden = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON"
              for name in ("xsimd", "nlohmann_json", "CLI11", "GTest", "Eigen3", "benchmark")]
    for languages in ("C", "C;CXX"):
        folder = work / languages.replace(";", "_")
        configure(build, folder, languages, f"-DCMAKE_PREFIX_PATH={tree}",
                  f"-DMINNOW_COMPONENTS={flavour}", *hidden)
        run("cmake", "--build", folder)
        yield folder, os.environ
    # A component that is not there is refused.
    refused = subprocess.run(["cmake", "-S", str(HERE / "consumer"), "-B", str(work / "C"),
                              "-DMINNOW_COMPONENTS=framework"],
                             capture_output=True, text=True)
    assert refused.returncode != 0 and "framework" in refused.stderr, refused


def by_pkg_config(flavour, build, source, tree, work):
    """No CMake: compilers with what pkg-config says."""
    environment = dict(os.environ, PKG_CONFIG_PATH=str(tree / "lib/pkgconfig"))
    asked = ["--static"] if flavour == "static" else []
    flags = [shlex.split(run("pkg-config", *asked, kind, "minnow", env=environment))
             for kind in ("--cflags", "--libs")]
    if flavour == "static":
        flags[1] = [str(tree / "lib/libminnow.a") if word == "-lminnow" else word for word in flags[1]]
    known = cache(build)
    unreachable = ["-I", out_of_reach(work)]
    for program, language, standard, file in (
            ("generate_c99", "C", "c99", HERE / "consumer/generate.c"),
            ("chat_c99", "C", "c99", PROGRAMS / "streaming_chat.c"),
            ("chat_cpp17", "CXX", "c++17", PROGRAMS / "cpp17/streaming_chat_wrapped.cpp"),
            ("steps_cpp20", "CXX", "c++20", HERE / "consumer/steps.cpp")):
        run(known[f"CMAKE_{language}_COMPILER"], f"-std={standard}", "-pedantic-errors", "-Wall",
            "-Wextra", "-Werror", *unreachable, *flags[0], file, "-o", work / program, *flags[1])
    yield work, library_path(tree / "lib")


def by_subdirectory(flavour, build, source, tree, work):
    """minnow as a part of the consumer's project."""
    objects = work / "objects.json"
    if (pathlib.Path(build) / "build.ninja").exists():
        commands = json.loads(run("ninja", "-t", "compdb", cwd=build))
        objects.write_text(json.dumps({
            entry["file"]: {"command": entry["command"], "folder": str(build)} for entry in commands
            if "/minnow_" in entry.get("output", "") and entry["output"].endswith(".o")}))
    else:
        objects.write_text("{}")
    launcher = f"{sys.executable};{HERE / 'reuse_object.py'};{objects}"
    configure(build, work, "C;CXX", f"-DMINNOW_SOURCE={source}",
              f"-DBUILD_SHARED_LIBS={'ON' if flavour == 'shared' else 'OFF'}",
              f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}")
    run("cmake", "--build", work)
    compiled = pathlib.Path(f"{objects}.compiled").read_text().splitlines()
    print(f"compiled anew: {len(compiled)} files")
    built = {file.name for file in work.rglob("*") if file.is_file()}
    assert "minnow" not in built and not any(name.endswith("_test") for name in built), built
    assert ("libminnow.so.0" if flavour == "shared" else "libminnow.a") in built, built
    yield work, os.environ


WAYS = {"cmake": by_cmake, "pkg-config": by_pkg_config, "subdirectory": by_subdirectory}


def main(how, flavour, build, source, tree, work, model):
    work = pathlib.Path(work) / f"{how}_{flavour}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for folder, environment in WAYS[how](flavour, build, source, pathlib.Path(tree), work):
        linked = run("ldd", folder / "generate_c99", env=environment)
        assert ("libminnow.so.0" in linked) == (flavour == "shared"), linked
        print(check_programs(folder, model, env=environment))


if __name__ == "__main__":
    main(*sys.argv[1:])
