__version__ = "0.6.0"

import os

# Nothing leaves this machine: ONNX Runtime and the Hugging Face client look these up when they are imported
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
