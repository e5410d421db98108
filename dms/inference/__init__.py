"""One job, many back ends: engines (networks) behind slots, run by ONNX Runtime, TensorRT, a recording or a fake."""
