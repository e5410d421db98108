"""Makes ``engines/<name>/parity.npz``: inputs and reference outputs that a converted engine has to reproduce.

The reference is ai-edge-litert (TensorFlow Lite's own runtime). The attention mesh has custom operators that only MediaPipe's
runtime knows; for it give ``--mediapipe-python``, the interpreter of an environment with ``mediapipe==0.10.21``.

    python tools/make_parity_vectors.py --wheel mediapipe-0.10.21-...whl --mediapipe-python /path/to/python
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

STEP_FROM = 3000  # outputs with more elements are sampled
SAMPLES = 1200
SEEDS = (1, 2)
NATIVE_ONLY = "face_mesh"

# Run by the other interpreter: one packet through MediaPipe's own calculators, every output tensor as floats.
NATIVE = """
import os, sys
import numpy as np
import mediapipe as mp
from mediapipe.python import packet_creator, packet_getter
from mediapipe.python._framework_bindings import resource_util
model, count, source, target = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
resource_util.set_resource_dir(os.path.dirname(os.path.dirname(mp.__file__)))
numbers = range(count)
image = np.load(source)
split = ' '.join(f'ranges {{ begin: {k} end: {k + 1} }}' for k in numbers)
config = f'''
input_stream: "IMAGE:image"
node {{ calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:ops" }}
node {{ calculator: "ImageToTensorCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:in" options {{
  [mediapipe.ImageToTensorCalculatorOptions.ext] {{ output_tensor_width: {image.shape[1]} output_tensor_height: {image.shape[0]}
    output_tensor_float_range {{ min: 0.0 max: 1.0 }} }} }} }}
node {{ calculator: "InferenceCalculator" input_side_packet: "OP_RESOLVER:ops"
  input_stream: "TENSORS:in" output_stream: "TENSORS:all"
  options {{ [mediapipe.InferenceCalculatorOptions.ext] {{ model_path: "{model}" delegate {{ tflite {{}} }} }} }} }}
node {{ calculator: "SplitTensorVectorCalculator" input_stream: "all" {' '.join(f'output_stream: "one{k}"' for k in numbers)}
  options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{ {split} }} }} }}
'''
for k in numbers:
    config += f'''output_stream: "out{k}"
node {{ calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:one{k}" output_stream: "FLOATS:out{k}" }}
'''
graph, result = mp.CalculatorGraph(graph_config=config), {}
for k in numbers:
    graph.observe_output_stream(f'out{k}', lambda name, packet: result.update({name: packet_getter.get_float_list(packet)}))
graph.start_run()
frame = packet_creator.create_image_frame(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image))
graph.add_packet_to_input_stream('image', frame.at(0))
graph.close_all_packet_sources()
graph.wait_until_done()
np.savez(target, **{str(k): np.asarray(result[f'out{k}'], np.float32) for k in numbers})
"""


def pictures():
    """One public-domain portrait (NASA), cut and scaled for each engine: ``uint8 [1, H, W, C]``."""
    import cv2
    from skimage import data

    colour = data.astronaut()
    grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)

    def cut(image, centre, side, size):
        (x, y), half = centre, side // 2
        part = image[y - half : y + half, x - half : x + half]
        return cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA).reshape(1, size, size, -1)

    return {
        "face_detector": cut(grey, (256, 256), 512, 192),
        "face_mesh": cut(grey, (226, 120), 160, 192),
        "eye_landmarks": cut(grey, (202, 103), 52, 64),
        "palm_detector": cut(colour, (256, 256), 512, 192),
        "hand_landmarks": cut(colour, (226, 120), 160, 224),
    }


def as_rgb(image):
    return np.repeat(image, 3, axis=3) if image.shape[3] == 1 else image


def litert_outputs(definition, model, image):
    """Outputs by our names, from TensorFlow Lite's runtime."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    values = as_rgb(image).astype(np.float32)
    values = values / 127.5 - 1 if definition.source.input_range == "symmetric" else values / 255
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values.astype(np.float32))
    interpreter.invoke()
    found = {item["name"]: interpreter.get_tensor(item["index"]) for item in interpreter.get_output_details()}
    return {ours: found[theirs].ravel() for ours, theirs in definition.source_outputs.items()}


def native_outputs(definition, order, python, image):
    """Outputs by our names, from MediaPipe's own graph; ``order`` names the source's outputs."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.npy"), Path(folder, "out.npz")
        np.save(source, as_rgb(image)[0])
        command = [str(python), "-c", NATIVE, definition.source.member, str(len(order)), str(source), str(target)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        found = dict(np.load(target))
    return {ours: found[str(order.index(theirs))] for ours, theirs in definition.source_outputs.items()}


def make(definition, model, python):
    from dms.inference.convert.reader import SourceGraph
    from dms.inference.parity import noise

    graph = SourceGraph(model)
    order = [graph.name(tensor) for tensor in graph.outputs]
    portrait = pictures()[definition.name]
    arrays = {f"noise{seed}/seed": np.int64(seed) for seed in SEEDS} | {"portrait/image": portrait}
    inputs = {f"noise{seed}": noise(seed, definition.inputs[0].shape) for seed in SEEDS} | {"portrait": portrait}
    for case, image in inputs.items():
        if definition.name == NATIVE_ONLY:
            outputs = native_outputs(definition, order, python, image)
        else:
            outputs = litert_outputs(definition, model, image)
        for name, values in outputs.items():
            step = 1 if values.size < STEP_FROM else values.size // SAMPLES | 1
            arrays[f"{case}/step/{name}"] = np.int64(step)
            arrays[f"{case}/out/{name}"] = values[::step].astype(np.float32)
    path = definition.folder / "parity.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")


def main():
    from dms import manifest
    from dms.inference.definition import LISTED, definitions
    from dms.inference.wheel import read_members
    from dms.resources import shipped

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--mediapipe-python", type=Path, required=True)
    options = parser.parse_args()
    wanted = [item for item in definitions() if item.source]
    members = read_members(options.wheel, wanted)
    for definition in wanted:
        make(definition, members[definition.name], options.mediapipe_python)
    manifest.write(shipped("engines"), LISTED)


if __name__ == "__main__":
    sys.exit(main())
