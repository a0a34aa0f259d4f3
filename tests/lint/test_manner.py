# SPDX-License-Identifier: Apache-2.0
"""What CONTRIBUTING.md asks for and a program can see."""

import re
import subprocess

from sources import ROOT, assert_none, c_files, calls, headers, part_of, read, tracked

FILE_LINES = 400
HEADER_LINES = 120
COLUMNS = 96

# A function, and what to use in its place.
BANNED = {
    "alloca": "the arena",
    "asctime": "timestamp_format()",
    "asprintf": "arena_printf() or xasprintf()",
    "atof": "strtod() with its end checked",
    "atoi": "strtol() with its end checked",
    "atol": "strtol() with its end checked",
    "atoll": "strtoll() with its end checked",
    "ctime": "timestamp_format()",
    "gets": "fgets()",
    "gmtime": "gmtime_r()",
    "localtime": "localtime_r()",
    "mktemp": "mkstemp()",
    "popen": "nothing: dorad starts no shells",
    "rand": "getrandom()",
    "random": "getrandom()",
    "sprintf": "snprintf()",
    "sscanf": "strtol() and its like",
    "strcat": "snprintf()",
    "strcpy": "snprintf()",
    "strncat": "snprintf()",
    "strncpy": "snprintf()",
    "strtok": "strtok_r(), or strcspn()",
    "system": "nothing: dorad starts no shells",
    "tmpnam": "mkstemp()",
    "vasprintf": "arena_printf() or xasprintf()",
    "vsprintf": "vsnprintf()",
}
# Out of memory ends the process in one place.
ALLOCATOR = "daemon/base/xalloc.c"
ALLOCATORS = ("malloc", "calloc", "realloc", "reallocarray", "strdup", "strndup")

SOURCES = c_files() + headers()
SPDX = "SPDX-License-Identifier: Apache-2.0"
LICENSED = tracked("*.c", "*.cpp", "*.h", "*.py", "*.sh", "*.sql", "meson.build", "*/meson.build",
                   "tests/run", "tests/*/run", ".ci/run", "contrib/quickstart",
                   "contrib/install-packages", "*/backfill", "*/redeliver", "*.bash")


def text_files():
    """(name, text) of every file under version control that is text."""
    for name in tracked("*"):
        try:
            yield name, read(name)
        except UnicodeDecodeError:
            continue


def lines(names):
    return ((name, number, line) for name in names
            for number, line in enumerate(read(name).split("\n"), 1))


def test_the_licence_is_named_at_the_top():
    assert_none(f"{name}: want {SPDX}" for name in LICENSED
                if SPDX not in "\n".join(read(name).split("\n")[:3]))


def test_a_file_is_short_enough_to_hold_in_the_head():
    def most(name):
        return HEADER_LINES if name.endswith(".h") and part_of(name) else FILE_LINES
    assert_none(f"{name}: {read(name).count(chr(10))} lines, want at most {most(name)}: "
                "two things in one file?"
                for name in SOURCES if read(name).count("\n") > most(name))


def test_lines_fit_and_end_cleanly():
    assert_none(f"{name}:{number}: over {COLUMNS} columns, or white space at its end"
                for name, number, line in lines(SOURCES)
                if len(line.expandtabs(8)) > COLUMNS or line != line.rstrip())


def test_no_banned_function_is_called():
    assert_none(f"{name}:{line}: {word}(): use {BANNED[word]}"
                for name in SOURCES if name != ALLOCATOR
                for line, word in calls(name) if word in BANNED)


def test_memory_comes_from_where_running_out_of_it_is_handled():
    assert_none(f"{name}:{line}: {word}(): use x{word}()"
                for name in SOURCES if part_of(name) and name != ALLOCATOR
                for line, word in calls(name) if word in ALLOCATORS)


def test_nothing_is_left_for_later():
    later = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    assert_none(f"{name}:{number}: {line.strip()}"
                for name, number, line in lines(SOURCES) if later.search(line))


def test_no_path_of_one_machine_is_written_down():
    path = re.compile(r"(?<![\w.}*-])/(wo" r"rk|ho" r"me|ro" r"ot|tm" r"p)/(?!\S*XXXXXX)[a-z]")
    assert_none(f"{name}:{number}: {line.strip()}" for name, text in text_files()
                for number, line in enumerate(text.splitlines(), 1) if path.search(line))


def test_the_code_is_formatted():
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", "-style=file", *SOURCES],
                          cwd=ROOT, text=True, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, f"{done.stderr[:4000]}\nclang-format -i does it"


def test_shell_scripts_parse():
    def complaint(name, text):
        if not re.match(r"#!.*\b(ba|da)?sh\b", text):
            return None
        done = subprocess.run(["bash", "-n", name], cwd=ROOT, text=True, stderr=subprocess.PIPE,
                              check=False)
        return done.stderr if done.returncode else None
    assert_none(complaint(name, text) for name, text in text_files())
