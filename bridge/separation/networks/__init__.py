"""The networks: each is written as an ONNX graph by our own code, and gets the tensors of the official weights."""
