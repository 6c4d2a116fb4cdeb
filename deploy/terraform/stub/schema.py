"""Rebuilds the schema of hashicorp/google from the Python bindings' wheel, as JSON for provider.py.

    schema.py WHEEL OUT TYPE...      TYPE: google_pubsub_topic, or data.google_project

The wheel holds the bindings' JavaScript, and each resource's file has what `terraform providers schema` would tell: of
each argument its type and nesting, and in a comment whether it is computed, optional or required. What values a string
may have stands in the comments of the declarations. How many blocks may be given is inferred: one, unless the bindings
take a list.
"""

import json
import re
import sys
import tarfile
import zipfile

SCALARS = {"string": "string", "number": "number", "boolean": "bool"}
GETTERS = {"String": "string", "Number": "number", "Boolean": "bool", "List": ["list", "string"]}
MAPS = {"StringMap": ["map", "string"], "NumberMap": ["map", "number"], "BooleanMap": ["map", "bool"]}

ARGUMENT = re.compile(
    r'^ +"?(?P<name>\w+)"?: \{\n'
    r" +value: (?P<value>.*),\n"
    r" +isBlock: (?P<block>true|false),\n"
    r' +type: "(?P<kind>\w+)",\n'
    r' +storageClassType: "(?P<storage>\w+)",',
    re.M,
)
FLAGS = re.compile(
    r"^ +// (?P<name>\w+) - computed: (?P<computed>\w+), optional: (?P<optional>\w+), required: (?P<required>\w+)$",
    re.M,
)


def attribute_type(kind, storage):
    if storage in SCALARS:
        return SCALARS[storage]
    found = re.fullmatch(r"(string|number|boolean)(List|Set|Map)", storage)
    if not found:
        return "dynamic"
    outer = {"List": "set" if kind == "set" else "list", "Set": "set", "Map": "map"}[found[2]]
    return [outer, SCALARS[found[1]]]


def computed_type(text):
    """The type of an output, by the getter that follows its comment."""
    if getter := re.search(r"\.get(\w+?)Attribute\('", text):
        return GETTERS.get(getter[1], "dynamic")
    if mapping := re.search(r"new cdktn\.(\w+Map)\(", text):
        return MAPS.get(mapping[1], "dynamic")
    return "dynamic"


class Binding:
    """One resource's file, and its declarations."""

    def __init__(self, script, declarations):
        self.functions = dict(re.findall(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", script, re.S | re.M))
        self.classes = dict(re.findall(r"^class (\w+) extends [^\n]*\{\n(.*?)^\}", script, re.S | re.M))
        self.enums, self.needed = {}, set()
        for interface, body in re.findall(r"^export interface (\w+)[^{]*\{\n(.*?)^\}", declarations, re.S | re.M):
            for comment, name, optional in re.findall(r"/\*\*(.*?)\*/\s+readonly (\w+)(\??):", body, re.S):
                if listed := re.search(r"Possible values: \[([^\]]*)\]", comment):
                    self.enums[interface, name] = re.findall(r'"([^"]*)"', listed[1])
                if not optional:
                    self.needed.add((interface, name))

    def schema(self):
        name, body = next((n, b) for n, b in self.classes.items() if "synthesizeHclAttributes() {" in b)
        arguments = body[body.index("synthesizeHclAttributes() {") :]
        return self.block(arguments, f"{name}Config", body)

    def block(self, arguments, interface, owner):
        attributes, blocks = {}, {}
        flags = {}
        for found in FLAGS.finditer(owner):
            flags[found["name"]] = {n: found[n] == "true" for n in ("computed", "optional", "required")}
            flags[found["name"]]["type"] = computed_type(owner[found.end() : found.end() + 250])
        for found in ARGUMENT.finditer(arguments):
            name, value = found["name"], found["value"]
            key = interface, re.search(r"(?:struct|this)\._?(\w+)", value)[1]
            if found["block"] == "true":
                blocks[name] = self.nested(found, key in self.needed)
                continue
            told = {"computed": False, "optional": key not in self.needed, "required": key in self.needed}
            own = flags.get(name, told)
            attributes[name] = own | {"type": attribute_type(found["kind"], found["storage"])}
            if key in self.enums:
                attributes[name]["enum"] = self.enums[key]
        for name, own in flags.items():
            if name not in attributes and name not in blocks and own["computed"] and not own["optional"]:
                attributes[name] = own
        return {"attributes": attributes, "blocks": blocks}

    def nested(self, found, is_needed):
        function = re.search(r"(\w+)ToHclTerraform\)?", re.sub(r"cdktn\.\w+\(", "", found["value"]))[1]
        interface = function[0].upper() + function[1:]
        inner = self.block(self.functions[function], interface, self.classes.get(f"{interface}OutputReference", ""))
        if found["name"] == "timeouts":
            return {"block": inner, "nesting": "single", "min": 0, "max": 0}
        is_many = "listMapper" in found["value"]
        nesting = "set" if found["kind"] == "set" else "list"
        return {"block": inner, "nesting": nesting, "min": int(is_needed), "max": 0 if is_many else 1}


def folder(name):
    data = "data-google-" if name.startswith("data.") else ""
    return data + name.removeprefix("data.").removeprefix("google_").replace("_", "-")


def read(wheel, names):
    wanted = {f"package/lib/{folder(name)}/index.{end}": (name, end) for name in names for end in ("js", "d.ts")}
    texts = {}
    with zipfile.ZipFile(wheel) as archive:
        package = next(name for name in archive.namelist() if name.endswith(".tgz"))
        with archive.open(package) as file, tarfile.open(fileobj=file, mode="r|gz") as members:
            for member in members:
                if member.name in wanted:
                    texts[wanted[member.name]] = members.extractfile(member).read().decode()
    return texts


def main(wheel, out, names):
    texts = read(wheel, [*names, "provider"])
    missing = sorted({name for name in names if (name, "js") not in texts})
    if missing:
        sys.exit(f"the provider has no {', '.join(missing)}")
    version = re.search(r"providers/hashicorp/google/([\d.]+)/", texts[names[0], "d.ts"])[1]
    schemas = {name: Binding(texts[name, "js"], texts[name, "d.ts"]).schema() for name in [*names, "provider"]}
    provider = schemas.pop("provider")
    data = {name.removeprefix("data."): schema for name, schema in schemas.items() if name.startswith("data.")}
    resources = {name: schema for name, schema in schemas.items() if not name.startswith("data.")}
    with open(out, "w") as file:
        json.dump({"version": version, "provider": provider, "resources": resources, "data": data}, file)
    print(version)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
