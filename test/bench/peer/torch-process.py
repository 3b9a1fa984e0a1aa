"""The child process of the comparison with torch: transformers as documented, with all cores.

usage: torch-process.py <checkpoint> <threads>

Reads one request a line, {"images": [...], "prompts": [...], "batch": n, "dtype": "float32" | "bfloat16"}, and answers
each with a line, {"seconds": [...]}: of each batch, from its files to its boxes. bfloat16 is autocast. The first line of
all says what is installed.
"""

import json
import sys
import time

import torch
import transformers
from PIL import Image
from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

THRESHOLD = 0.1

checkpoint, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
processor = AutoProcessor.from_pretrained(checkpoint)
model = AutoModelForZeroShotObjectDetection.from_pretrained(checkpoint, dtype=torch.float32).eval()


def detect(paths, prompts, dtype):
    images = [Image.open(path).convert("RGB") for path in paths]
    inputs = processor(text=[prompts] * len(images), images=images, return_tensors="pt")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
        outputs = model(**inputs)
    sizes = [(image.height, image.width) for image in images]
    return processor.post_process_grounded_object_detection(outputs, threshold=THRESHOLD, target_sizes=sizes)


def answer(request):
    images, batch = request["images"], request["batch"]
    seconds = []
    for first in range(0, len(images), batch):
        begun = time.perf_counter()
        detect(images[first : first + batch], request["prompts"], request["dtype"])
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds}


def send(message):
    print(json.dumps(message), flush=True)


send({"versions": f"torch {torch.__version__}, transformers {transformers.__version__}"})
for line in sys.stdin:
    send(answer(json.loads(line)))
