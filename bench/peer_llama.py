"""Drives llama.cpp as its own llama-bench counts: random tokens, no sampling, no text, logits of the
last token only. Run by compare_peer.py inside its virtual environment:

    peer_llama.py MODEL --threads N --ctx N --batch N --flash-attn auto|on|off

Answers each line "prefill N DEPTH" or "decode N DEPTH" on standard input with the seconds it took.
The first line written is JSON: what was built and chosen.
"""

import argparse
import ctypes
import json
import random
import sys
import time

import llama_cpp as llama


@llama.llama_log_callback
def say_nothing(_level, _text, _user):
    pass


class Peer:
    def __init__(self, arguments):
        llama.llama_log_set(say_nothing, ctypes.c_void_p(0))
        llama.llama_backend_init()
        model_options = llama.llama_model_default_params()
        model_options.n_gpu_layers = 0
        self.model = llama.llama_model_load_from_file(arguments.model.encode(), model_options)
        if not self.model:
            sys.exit(f"llama.cpp cannot open {arguments.model}")
        options = llama.llama_context_default_params()
        options.n_ctx = arguments.ctx
        options.n_batch = arguments.batch
        options.n_ubatch = min(arguments.batch, 512)
        options.n_threads = options.n_threads_batch = arguments.threads
        options.flash_attn_type = {"auto": -1, "off": 0, "on": 1}[arguments.flash_attn]
        options.offload_kqv = False
        options.swa_full = False  # as llama-bench: sliding windows keep only their window
        options.type_k = options.type_v = {"f32": 0, "f16": 1}[arguments.kv_type]
        self.n_batch = arguments.batch
        self.context = llama.llama_init_from_model(self.model, options)
        if not self.context:
            sys.exit("llama.cpp cannot make the context")
        self.memory = llama.llama_get_memory(self.context)
        n_vocab = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        numbers = random.Random(1)
        self.tokens = [numbers.randrange(n_vocab) for _ in range(arguments.ctx)]
        self.saved = {}  # depth: state after that many tokens

    def read(self, tokens):
        array = (llama.llama_token * len(tokens))(*tokens)
        if llama.llama_decode(self.context, llama.llama_batch_get_one(array, len(tokens))) != 0:
            sys.exit("llama_decode failed")

    def read_many(self, tokens):
        for first in range(0, len(tokens), self.n_batch):
            self.read(tokens[first:first + self.n_batch])

    def go_to(self, depth):
        llama.llama_memory_clear(self.memory, False)
        if depth == 0:
            return
        if depth in self.saved:
            state = self.saved[depth]
            if llama.llama_state_seq_set_data(self.context, state, len(state), 0) == 0:
                sys.exit("llama.cpp cannot restore its state")
            return
        self.read_many(self.tokens[:depth])
        n_bytes = llama.llama_state_seq_get_size(self.context, 0)
        state = (ctypes.c_uint8 * n_bytes)()
        llama.llama_state_seq_get_data(self.context, state, n_bytes, 0)
        self.saved[depth] = state

    def prefill(self, n_tokens, depth):
        self.go_to(depth)
        start = time.perf_counter()
        self.read_many(self.tokens[depth:depth + n_tokens])
        llama.llama_synchronize(self.context)
        return time.perf_counter() - start

    def decode(self, n_tokens, depth):
        self.go_to(depth)
        batches = []  # made before the clock starts: ctypes shall not be timed
        for token in self.tokens[depth:depth + n_tokens]:
            array = (llama.llama_token * 1)(token)
            batches.append((array, llama.llama_batch_get_one(array, 1)))
        start = time.perf_counter()
        for _, batch in batches:
            if llama.llama_decode(self.context, batch) != 0:
                sys.exit("llama_decode failed")
            llama.llama_synchronize(self.context)
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--ctx", type=int, required=True)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--kv-type", choices=["f16", "f32"], default="f16")
    parser.add_argument("--flash-attn", choices=["auto", "on", "off"], default="auto")
    arguments = parser.parse_args()
    start = time.perf_counter()
    peer = Peer(arguments)
    print(json.dumps({"version": llama.__version__,
                      "system": llama.llama_print_system_info().decode().strip(),
                      "open_seconds": time.perf_counter() - start}), flush=True)
    for line in sys.stdin:
        what, n_tokens, depth = line.split()
        measure = {"prefill": peer.prefill, "decode": peer.decode}[what]
        print(f"{measure(int(n_tokens), int(depth)):.9f}", flush=True)


if __name__ == "__main__":
    main()
