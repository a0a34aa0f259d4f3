#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a man page: the words of a template, the tables of the program.

    make.py tables.json PAGE.in > PAGE

A line of the template that is one of these is replaced:

    @COMMANDS@              every command, how it is called and its options
    @COMMAND name@          one command's options
    @OPTIONS prefix...@     options of dorad.yaml whose names begin so; "file" is the top level
    @ENDPOINT@              options of an endpoint
    @HTTPMETRICS@           the metrics that every front door has
    @CATALOG@               the keys of catalog.yaml

and @VERSION@ anywhere.
"""

import json
import re
import sys

INDENT = "2n"


def roff(text):
    """Text as a line of roff that shows it as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def sentences(text):
    """Prose: a sentence a line, as roff wants it."""
    return "\n".join(roff(line) for line in re.split(r"(?<=[.;:]) +(?=[A-Z])", text))


def size(number):
    for unit, factor in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number and number % factor == 0:
            return f"{number // factor}{unit}"
    return str(number)


def duration(microseconds):
    seconds = microseconds // 1_000_000
    for unit, factor in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % factor == 0:
            return f"{seconds // factor}{unit}"
    return f"{seconds}s"


def bounds(option):
    kind = option["type"]
    if kind == "integer":
        return f"from {option['min']} to {option['max']}"
    if kind == "bytes":
        return f"from {size(option['min'])} to {size(option['max'])}"
    if kind == "duration":
        return f"from {duration(option['min'])} to {duration(option['max'])}"
    if kind == "choice":
        return "one of " + ", ".join(option["choices"])
    if kind == "bool":
        return "yes or no"
    if kind == "strings":
        return "one, or a list"
    return ""


def option_item(option):
    """One entry of dorad.yaml."""
    help_text = option["help"]
    help_text = help_text[0].upper() + help_text[1:]
    notes = [bounds(option)]
    if option["initial"] is not None:
        notes.append(f"default {option['initial']}")
    if not option["reloadable"]:
        notes.append("a change needs a restart")
    notes = "; ".join(note for note in notes if note)
    lines = [f".It Ic {roff(option['name'])}", sentences(help_text + ".")]
    if notes:
        lines.append(roff(f"({notes[0].upper()}{notes[1:]}.)"))
    return "\n".join(lines)


def tagged(items):
    return "\n".join([f".Bl -tag -width {INDENT}", *items, ".El"])


def options(tables, prefixes):
    def wanted(option):
        name = option["name"]
        return any(name.startswith(p + ".") if p != "file" else "." not in name
                   for p in prefixes)
    found = [option_item(o) for o in tables["options"] if o["place"] == "file" and wanted(o)]
    if not found:
        sys.exit(f"no option begins with {prefixes}")
    return tagged(found)


def endpoint(tables):
    return tagged(option_item(o) for o in tables["options"] if o["place"] == "endpoint")


def command_options(command):
    items = []
    for option in command["options"]:
        argument = f" Ar {roff(option['argument'])}" if option["argument"] else ""
        again = " May be given more than once." if option["repeated"] else ""
        text = option["help"]
        # A flag of mdoc has one dash of its own.
        items.append(f".It Fl {roff(option['name'][1:])}{argument}\n"
                     f"{sentences(text[0].upper() + text[1:] + '.' + again)}")
    return tagged(items) if items else ""


def paragraph_text(paragraph):
    """A command, a list of words with what each means, or prose."""
    lines = paragraph.split("\n")
    if paragraph.startswith("  "):
        return "\n".join([".Bd -literal -offset indent", *map(roff, lines), ".Ed"])
    if re.match(r"\w+ {2,}\S", paragraph):
        words = re.findall(r"^(\w+) {2,}(.*(?:\n .*)*)", paragraph, re.M)
        return tagged(f".It Ic {word}\n{sentences(' '.join(text.split()))}"
                      for word, text in words)
    return ".Pp\n" + sentences(" ".join(lines))


def command_text(command):
    parts = [paragraph_text(it) for it in (command["details"] or "").split("\n\n") if it]
    own = command_options(command)
    if own:
        parts.append(own)
    return "\n".join(parts)


def commands(tables):
    out = []
    for command in tables["commands"]:
        summary = command["summary"]
        out.append(f".Ss dorad {command['name']} {roff(command['arguments'])}".rstrip())
        out.append(sentences(summary[0].upper() + summary[1:].rstrip(".?") + "."))
        if command["prints_table"]:
            out.append("Takes\n.Fl \\-json .")
        text = command_text(command)
        if text:
            out.append(text)
    return "\n".join(out)


# Both front doors count these.
HTTP_METRICS = """\
.It Li dorad_http_accepted_total , dorad_http_connections
Connections accepted, and present ones.
.It Li dorad_http_in_flight_bytes , dorad_http_paused
Memory for heads and bodies being received; 1 while no connection is accepted because the ledger is behind.
.It Li dorad_http_answers_total , dorad_http_refused_total
Answers by class; requests that were no sound HTTP, by what was wrong.
.It Li dorad_http_closed_total , dorad_http_accept_errors_total
Connections cut, by why; failed accepts."""

KINDS = {
    "name": "a name", "team": "a team's name, or null for nobody", "names": "a name, or a list",
    "paths": "a path from the repository's top, or a list", "bool": "yes or no",
    "duration": "a duration, as 30s, 15m, 4h or 7d", "time": "an instant, as "
    "2025-07-10T00:00:00Z; null is since ever", "zone": "an IANA time zone",
    "links": "a map of names to web addresses",
}


def catalog_items(shape):
    items = []
    for field in shape["fields"]:
        kind = KINDS.get(field["type"])
        if field["type"] == "choice":
            kind = "one of " + ", ".join(field["choices"])
        elif field["type"] == "integer":
            kind = f"a whole number from {field['min']} to {field['max']}"
        elif field["type"] == "maps":
            kind = f"{field['shape']['what']}, or a list of them"
        elif field["type"] == "dated":
            first = field["shape"]["fields"][0]["name"]
            kind = f"a {first}, or a list of {{{first}, from}}"
        needed = "; needed" if field["required"] else ""
        items.append(f".It Ic {roff(field['name'])}\n{roff(kind[0].upper() + kind[1:] + needed)}.")
        if field["shape"]:
            items.append(catalog_shape(field["shape"]))
    return items


def catalog_shape(shape):
    parts = []
    if shape["systems"] != "none":
        ids = ", or github_id or gitlab_id" if shape["ids"] else ""
        most = "exactly" if shape["systems"] == "one" else "at most"
        parts.append(roff(f"It names {most} one system as a key{ids}; and may have:"))
    parts.append(tagged(catalog_items(shape)))
    return "\n".join(parts)


def catalog(tables):
    systems = ", ".join(tables["catalog"]["systems"])
    return catalog_shape(tables["catalog"]["shape"]) + f"\n.Pp\nSystems are\n{roff(systems)}."


def expand(tables, line):
    match = re.fullmatch(r"@([A-Z]+)(?: ([a-z. ]+))?@", line)
    if not match:
        return line.replace("@VERSION@", tables["version"])
    word, rest = match.groups()
    if word == "COMMANDS":
        return commands(tables)
    if word == "COMMAND":
        return command_options(next(c for c in tables["commands"] if c["name"] == rest))
    if word == "OPTIONS":
        return options(tables, rest.split())
    if word == "ENDPOINT":
        return endpoint(tables)
    if word == "HTTPMETRICS":
        return HTTP_METRICS
    if word == "CATALOG":
        return catalog(tables)
    sys.exit(f"{line}: no such table")


def main(tables_path, template_path):
    with open(tables_path, encoding="utf-8") as file:
        tables = json.load(file)
    with open(template_path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            print(expand(tables, line))


if __name__ == "__main__":
    main(*sys.argv[1:])
