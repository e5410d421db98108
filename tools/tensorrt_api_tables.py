"""Makes the tables of names in ``tests/inference/data/tensorrt_api_*.json`` from NVIDIA's own Python bindings, without TensorRT.

The bindings' wheels are on PyPI; the libraries they need are not. Their compiled module wants fewer than ten functions of those
libraries, so libraries that have these names and do nothing let it be imported and looked through. Only names and arguments are
kept; nothing of the wheels is. Needs pip, gcc, nm and readelf, x86-64, and this Python's version among the wheels'.

    python tools/tensorrt_api_tables.py [--out FOLDER]
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEELS = {
    "10.3": "tensorrt-cu12-bindings==10.3.0",
    "10.16": "tensorrt-cu12-bindings==10.16.1.11",
    "11.4": "tensorrt-cu13-bindings==11.4.0.106",
}
"""JetPack 6.2 ships 10.3, JetPack 7.2 10.16, the newest one 11.4."""

OUT = Path(__file__).resolve().parents[1] / "tests" / "inference" / "data"

LOOK = r"""
import inspect, json, re, sys
sys.path.insert(0, sys.argv[1])
import tensorrt_bindings as trt

def arguments(text):
    # "network: X, flags: int = 0" to ["network", "flags?"], self left out
    parts, depth, part = [], 0, ""
    for letter in text + ",":
        depth += letter in "[(<{"
        depth -= letter in "])>}"
        if letter == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    names = [(p.split(":")[0].split("=")[0].strip(), "=" in p) for p in parts if p and p not in "*/"]
    return ", ".join(name + "?" * optional for name, optional in names if name != "self")

def calls(name, thing):
    # every overload pybind11 tells of; None for what is not called
    found = re.findall(rf"^(?:\d+\. )?{re.escape(name)}\((.*)\) ->", thing.__doc__ or "", re.MULTILINE)
    found = [text for text in found if not text.startswith("*args")]
    if not found and inspect.isfunction(thing):
        found = [str(inspect.signature(thing))[1:-1]]
    return sorted(map(arguments, found)) if found and callable(thing) else None

def members(kind):
    names = [n for n in dir(kind) if not n.startswith("_") or n == "__init__"]
    return {name: calls(name, getattr(kind, name)) for name in names}

table = {}
for name in sorted(dir(trt)):
    thing = getattr(trt, name)
    if name.startswith("_") or inspect.ismodule(thing):
        continue
    table[name] = members(thing) if inspect.isclass(thing) and thing.__module__.startswith("tensorrt") else calls(name, thing)
json.dump({"version": trt.__version__, "names": table}, sys.stdout)
"""


def output(*command: str, **environment: str) -> str:
    """What a program says; ends with its complaint if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment or None)
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def fetch(requirement: str, folder: Path) -> Path:
    """The wheel for this Python and machine."""
    output(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", str(folder), requirement)
    return next(folder.glob("*.whl"))


def stand_ins(module: Path, folder: Path) -> None:
    """Empty libraries under the names ``module`` needs, with the functions it wants."""
    needed = re.findall(r"\(NEEDED\).*\[(libnv[^\]]+)\]", output("readelf", "-d", str(module)))
    wanted = re.findall(
        r" U (\w*(?:INTERNAL|PluginRegistry|NvOnnxParserVersion|LibNvInferPlugins)\w*)", output("nm", "-D", str(module))
    )
    source = folder / "none.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in wanted))
    for name in needed:
        output("gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source))


def table(requirement: str) -> dict[str, object]:
    """Names and arguments of everything public in one version."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = fetch(requirement, folder)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "wheel")
        module = next((folder / "wheel").rglob("tensorrt.so"))
        stand_ins(module, folder)
        found = json.loads(
            output(sys.executable, "-c", LOOK, str(folder / "wheel"), LD_LIBRARY_PATH=str(folder), PATH="/usr/bin:/bin")
        )
        return {"schema": "dms.tensorrt-api/1", "source": wheel.name, "sha256": digest, **found}


def text_of(data: dict[str, object]) -> str:
    """JSON with one class a line: a change shows as a line."""
    names = data.pop("names")
    assert isinstance(names, dict)
    head = json.dumps(data, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in sorted(names.items()))
    return f'{head},\n "names": {{\n{lines}\n }}\n}}\n'


def main() -> None:
    """Write one file a version."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the tables")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for version, requirement in WHEELS.items():
        data = table(requirement)
        path = folder / f"tensorrt_api_{version}.json"
        path.write_text(text_of(data))
        print(f"{path.name}: TensorRT {data['version']}, {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
