"""ONNX: networks exported to graphs, and run by ONNX Runtime."""
