"""One clear line for a mistake in a scenario file: which field, and what is allowed there."""

import re
from typing import Any

Schema = dict[str, Any]
_WHERE = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_STEP = re.compile(r"\[(\d+)\]|\.?([A-Za-z_][A-Za-z0-9_]*)|\[\.\.\.\]")


def line(message: str, plain: Any, schema: Schema) -> str:
    """The decoder's ``message`` with the field in front and what ``schema`` allows there behind."""
    found = _WHERE.search(message)
    path = found.group(1) if found else ""
    what = message[: found.start()] if found else message
    node, name = _resolve(schema, schema, plain), path or "the file"
    for index, key in _STEP.findall(path):
        plain = _into(plain, int(index) if index else key)
        node = _resolve(schema, _child(node, index, key), plain)
    return f"{name}: {what}; allowed: {_allowed(node)}"


def _into(plain: Any, key: int | str) -> Any:
    try:
        return plain[key]
    except (KeyError, IndexError, TypeError):
        return None


def _child(node: Schema, index: str, key: str) -> Schema:
    if index:
        items = node.get("prefixItems")
        found: Schema = items[int(index)] if items and int(index) < len(items) else node.get("items") or {}
        return found
    if "discriminator" in node and key == node["discriminator"]["propertyName"]:
        return {"enum": list(node["discriminator"]["mapping"])}
    child: Schema = node.get("properties", {}).get(key) or node.get("additionalProperties") or {}
    return child


def _resolve(root: Schema, node: Schema, plain: Any) -> Schema:
    """Follow references, and choose the arm of a tagged union by the tag in ``plain``."""
    while True:
        if "discriminator" in node:
            tag = _into(plain, node["discriminator"]["propertyName"])
            target = node["discriminator"]["mapping"].get(tag) if isinstance(tag, str) else None
            if target is None:
                return node
            node = {"$ref": target}
        elif "$ref" in node:
            node = root["$defs"][node["$ref"].rsplit("/", 1)[1]]
        else:
            return node


def _allowed(node: Schema) -> str:
    if "enum" in node:
        return ", ".join(str(v) for v in node["enum"])
    if "discriminator" in node:
        field = node["discriminator"]
        return f"{field['propertyName']}: {', '.join(field['mapping'])}"
    if "properties" in node:
        needed = set(node.get("required", ()))
        return ", ".join(f"{name} (needed)" if name in needed else name for name in node["properties"])
    if "anyOf" in node:
        return " or ".join(_allowed(arm) for arm in node["anyOf"])
    return _plainly(node)


def _plainly(node: Schema) -> str:
    """Type and bounds in words."""
    bounds = [
        f"{words} {node[key]:g}"
        for key, words in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "up to"),
            ("exclusiveMaximum", "below"),
        )
        if key in node
    ]
    if "pattern" in node:
        bounds.append(f"matching {node['pattern']}")
    return " ".join([str(node.get("type", "anything")), *bounds])
