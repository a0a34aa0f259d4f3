#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the JSON Schemas of dorad.yaml and catalog.yaml from the program's own tables.

    schemas/make.py build/contrib/describe/tables.json

They are for editors: what they let through, `dorad check` and `dorad catalog check` may still
refuse (a date that is none, a team that is not there), with words. What they refuse, those
refuse too.
"""

import json
import os
import sys

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# A YAML reader makes numbers and booleans of what dorad reads as text.
TEXT = {"type": ["string", "number", "boolean"]}
NAME = {"type": ["string", "number", "boolean"], "minLength": 1}
YES_NO = {"anyOf": [{"type": "boolean"},
                    {"enum": ["yes", "no", "true", "false", "on", "off"]}]}


def or_list(schema):
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def integer(low, high):
    return {"anyOf": [{"type": "integer", "minimum": low, "maximum": high},
                      {"type": "string", "pattern": "^[0-9]+$"}]}


def option_schema(option):
    kind = option["type"]
    if kind in ("string", "file"):
        schema = dict(TEXT)
    elif kind == "strings":
        schema = or_list(TEXT)
    elif kind == "integer":
        schema = integer(option["min"], option["max"])
    elif kind == "bytes":
        schema = {"anyOf": [{"type": "integer"},
                            {"type": "string", "pattern": "^[0-9]+([KMGT]iB)?$"}]}
    elif kind == "duration":
        schema = {"type": "string", "pattern": "^[0-9]+[smhd]$"}
    elif kind == "bool":
        schema = dict(YES_NO)
    else:
        schema = {"enum": option["choices"]}
    schema["description"] = option["help"]
    if option["initial"] is not None:
        schema["default"] = option["initial"]
    return schema


def closed(properties, required=()):
    """A map with these keys and no others."""
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema


def dorad(tables):
    root = closed({}, ["redis"])
    endpoint = closed({}, ["source"])
    for option in tables["options"]:
        if option["place"] == "endpoint":
            endpoint["properties"][option["name"]] = option_schema(option)
            continue
        *path, name = option["name"].split(".")
        node = root
        for part in path:
            node = node["properties"].setdefault(part, closed({}))
        node["properties"][name] = option_schema(option)
    root["properties"]["receive"]["properties"]["endpoints"] = {
        "description": "who may post: /webhooks/NAME for each",
        "type": "object", "additionalProperties": endpoint,
        "propertyNames": {"pattern": "^[A-Za-z0-9._-]{1,64}$"}}
    return {"$schema": DIALECT, "title": "dorad.yaml", **root}


SIMPLE = {
    "name": NAME, "zone": NAME, "bool": YES_NO,
    "team": {"anyOf": [NAME, {"type": "null"}]}, "time": {"anyOf": [NAME, {"type": "null"}]},
    "names": or_list(NAME), "paths": or_list(NAME),
    "duration": {"type": "string", "pattern": "^0*[1-9][0-9]*[smhd]$"},
    "links": {"type": "object", "additionalProperties": {"type": "string"}},
}


class Catalog:
    """Every shape of the table becomes a definition of its own."""

    def __init__(self, tables):
        self.systems = tables["catalog"]["systems"]
        self.definitions = {}
        self.whole = self.shape(tables["catalog"]["shape"])

    def field(self, field):
        kind = field["type"]
        if kind in SIMPLE:
            return SIMPLE[kind]
        if kind == "choice":
            return {"enum": field["choices"]}
        if kind == "integer":
            return integer(field["min"], field["max"])
        shape = field["shape"]
        name = shape["what"].split(" ", 1)[1].replace(" ", "_")
        self.definitions[name] = self.shape(shape)
        schema = or_list({"$ref": f"#/$defs/{name}"})
        if kind == "dated":
            schema["anyOf"] = [self.field(shape["fields"][0]), {"type": "null"},
                               *schema["anyOf"]]
        return schema

    def shape(self, shape):
        required = [field["name"] for field in shape["fields"] if field["required"]]
        properties = {field["name"]: self.field(field) for field in shape["fields"]}
        schema = closed(properties, required)
        if shape["systems"] != "none":
            names = self.systems + (["github_id", "gitlab_id"] if shape["ids"] else [])
            properties.update({name: NAME for name in names})
            if shape["systems"] == "one":
                schema["oneOf"] = [{"required": [name]} for name in names]
        return schema


def catalog(tables):
    made = Catalog(tables)
    return {"$schema": DIALECT, "title": "catalog.yaml", **made.whole,
            "$defs": made.definitions}


def text(schema):
    return json.dumps(schema, indent=1) + "\n"


def main(path):
    with open(path, encoding="utf-8") as file:
        tables = json.load(file)
    folder = os.path.dirname(os.path.abspath(__file__))
    for name, make in (("dorad", dorad), ("catalog", catalog)):
        with open(os.path.join(folder, f"{name}.schema.json"), "w", encoding="utf-8") as file:
            file.write(text(make(tables)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
