"""TensorRT 10.3 to 11: ONNX file to plan on the device, a cache of plans, and the engine that runs one."""
