"""Writes Tests/Golden/workflows/api: ComfyUI's templates in API format, from `ui` and `nodes.json` beside it.

An implementation of the conversion that shares nothing with Diorama's: plain recursion over Python dictionaries, after
what ComfyUI's editor does. It needs nothing but Python. How the two differ, and why, stands in WorkflowTemplateTests.
"""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "Tests/Golden/workflows"
VIRTUAL = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode"}
WIDGETS = set(
    "INT FLOAT STRING BOOLEAN COMBO MARKDOWN COLOR BOUNDING_BOX CURVE COMFY_DYNAMICCOMBO_V3 PAINTER COLORS BOUNDING_BOXES "
    "RANGE COMPOSITOR VIDEO_EDIT TEXTAREA CHART GALLERIA".split()
)
MUTED, BYPASSED = 2, 4
BORDER = -10


def kind(spec):
    return "COMBO" if isinstance(spec[0], list) else spec[0]


def details(spec):
    return spec[1] if len(spec) > 1 else {}


def members(inputs):
    """Name and declaration of each widget of `{"required": ..., "optional": ...}`."""
    for section in ("required", "optional"):
        for name, spec in inputs.get(section, {}).items():
            if kind(spec) in WIDGETS and not details(spec).get("forceInput"):
                yield name, spec


def chosen(spec, value):
    """The inputs that a value of a dynamic choice brings."""
    return next((option["inputs"] for option in details(spec)["options"] if option["key"] == value), {})


def positions(inputs, values, prefix="", at=0):
    """Where in `widgets_values` each widget's value stands, None for the editor's own; and the position after them."""
    found = []
    for name, spec in members(inputs):
        name = prefix + name
        found.append((name, at))
        at += 1
        if kind(spec) == "COMFY_DYNAMICCOMBO_V3":
            first = details(spec)["options"][0]["key"]
            value = values[at - 1] if at <= len(values) else first
            inner, at = positions(chosen(spec, value), values, name + ".", at)
            found += inner
        elif details(spec).get("control_after_generate") or (
            kind(spec) == "INT" and name in ("seed", "noise_seed")
        ):
            at += 1
    return found, at


def default(spec):
    options = details(spec)
    if "default" in options:
        return options["default"]
    if isinstance(spec[0], list):
        return next(iter(spec[0]), None)
    if kind(spec) == "COMBO":
        return next(iter(options.get("options", [])), None)
    if kind(spec) == "COMFY_DYNAMICCOMBO_V3":
        return options["options"][0]["key"]
    if kind(spec) in ("INT", "FLOAT"):
        return max(options.get("min", 0), 0)
    return {"STRING": "", "BOOLEAN": False}.get(kind(spec))


def complete(inputs, values, prefix=""):
    for name, spec in members(inputs):
        name = prefix + name
        if name not in values and default(spec) is not None:
            values[name] = default(spec)
        if kind(spec) == "COMFY_DYNAMICCOMBO_V3":
            complete(chosen(spec, values.get(name)), values, name + ".")


def link_table(graph):
    """Links by id: `(origin, slot, target, type)`."""
    table = {}
    for link in graph["links"]:
        if isinstance(link, dict):
            link = [link[key] for key in ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")]
        table[link[0]] = (link[1], link[2], link[3], link[5])
    return table


class Conversion:
    def __init__(self, workflow, declarations):
        self.declarations = declarations
        subgraphs = workflow.get("definitions", {}).get("subgraphs", [])
        self.subgraphs = {graph["id"]: graph for graph in subgraphs}
        self.nodes = {}  # by path: the node, its graph, whether it runs
        self.walk(workflow, (), True)

    def walk(self, graph, path, active):
        for node in graph["nodes"]:
            runs = active and node.get("mode", 0) not in (MUTED, BYPASSED)
            place = path + (node["id"],)
            self.nodes[place] = (node, graph, runs)
            if node["type"] in self.subgraphs:
                self.walk(self.subgraphs[node["type"]], place, runs)

    def result(self):
        graph = {}
        for place, (node, _, runs) in self.nodes.items():
            if not runs or node["type"] in VIRTUAL or node["type"] in self.subgraphs:
                continue
            inputs = self.widgets(node)
            for slot in node.get("inputs", []):
                source = self.before(place, slot)
                if source is not None:
                    inputs[slot["name"]] = source[0]
            graph[name(place)] = {
                "class_type": node["type"],
                "inputs": inputs,
                "_meta": {"title": node.get("title", node["type"])},
            }
        return graph

    def widgets(self, node):
        declaration = self.declarations.get(node["type"], {}).get("input")
        values = node.get("widgets_values") or []
        if "widgets_values_named" in node:
            named = dict(node["widgets_values_named"])
        elif isinstance(values, dict):
            named = dict(values)
        elif declaration is None:
            names = [slot["name"] for slot in node.get("inputs", []) if "widget" in slot]
            named = dict(zip(names, values)) if len(names) == len(values) else {}
        else:
            found, _ = positions(declaration, values)
            named = {name: values[at] for name, at in found if at < len(values)}
        named = {k: v for k, v in named.items() if k.split(".")[-1] != "control_after_generate"}
        if declaration is not None:
            complete(declaration, named)
        return named

    # Where a value comes from: a list of one value or link, None for nowhere.

    def before(self, place, slot):
        _, graph, _ = self.nodes[place]
        link = link_table(graph).get(slot.get("link"))
        if link is None:
            return None
        origin, output, _, type = link
        if origin == BORDER:
            return self.outside(place[:-1], output, promoted=True)
        return self.behind(place[:-1] + (origin,), output, slot["type"] if type in ("*", "") else type)

    def outside(self, host, port, promoted):
        node = self.nodes[host][0]
        name = self.subgraphs[node["type"]]["inputs"][port]["name"]
        slot = next((slot for slot in node.get("inputs", []) if slot["name"] == name), {})
        if slot.get("link") is not None:
            return self.before(host, slot)
        return self.host_value(node, port) if promoted else None

    def host_value(self, node, port):
        graph = self.subgraphs[node["type"]]
        name = graph["inputs"][port]["name"]
        if name in (node.get("widgets_values_named") or {}):
            return [node["widgets_values_named"][name]]
        slots = [slot for inner in graph["nodes"] for slot in inner.get("inputs", [])]
        widgets = {slot["link"] for slot in slots if "widget" in slot and slot.get("link") is not None}
        order = [i for i, item in enumerate(graph["inputs"]) if widgets & set(item.get("linkIds") or [])]
        values = node.get("widgets_values") or []
        if port in order and order.index(port) < len(values) and values[order.index(port)] is not None:
            return [values[order.index(port)]]
        return None

    def behind(self, place, output, type):
        node, _, _ = self.nodes[place]
        slots = node.get("inputs", [])
        if node.get("mode") == MUTED:
            return None
        if node.get("mode") == BYPASSED:
            given = node["outputs"][output]["type"] if output < len(node["outputs"]) else type
            beside = slots[output : output + 1]
            fitting = [slot for slot in beside if slot["type"] == given == type]
            fitting += [slot for slot in slots if slot["type"] == type]
            return self.before(place, fitting[0]) if fitting else None
        if node["type"] == "Reroute":
            return self.before(place, slots[0])
        if node["type"] == "PrimitiveNode":
            return node["widgets_values"][:1]
        if node["type"] in self.subgraphs:
            return self.inside(place, self.subgraphs[node["type"]], output, type)
        return [[name(place), output]]

    def inside(self, place, graph, output, type):
        table = link_table(graph)
        for id in graph["outputs"][output].get("linkIds") or []:
            if id in table:
                origin, slot, _, _ = table[id]
                if origin == BORDER:
                    return self.outside(place, slot, promoted=False)
                return self.behind(place + (origin,), slot, type)
        return None


def name(place):
    return ":".join(map(str, place))


def main():
    declarations = json.loads((FOLDER / "nodes.json").read_text())
    for path in sorted((FOLDER / "ui").glob("*.json")):
        graph = Conversion(json.loads(path.read_text()), declarations).result()
        text = json.dumps(graph, separators=(",", ":"), ensure_ascii=False)
        (FOLDER / "api" / path.name).write_text(text + "\n")


if __name__ == "__main__":
    main()
