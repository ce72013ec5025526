"""SASRec in PyTorch, for the cases `sasrec`, `sasrec_compiled` and `sasrec_bf16` of torch_peer.py.

Sequences, negatives, weights and losses are read from what `bench/sasrec.lua` wrote; a batch whose
loss without dropout is another than cmml's ends the program. The sequences of a batch are nearly
equally long; what is padded comes behind the sequences, so that no row of a sequence sees it, and
the loss takes the rows of sequences alone.
"""

import itertools
import sys
from collections import namedtuple

import torch
import torch._inductor.config
import torch.nn.functional as F
from torch import nn
from archive import read_archive

HEADS, RATE, EPS = 2, 0.5, 1e-12
# `items` padded [sequences, steps], `rows` of sequences among all of these, `hit` where a negative
# is the target.
Batch = namedtuple("Batch", "items rows following negatives hit")


class Layer(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.attention = nn.ModuleDict(
            {name: nn.Linear(width, width) for name in ("query", "key", "value", "out")})
        self.attention_norm = nn.LayerNorm(width, eps=EPS)
        self.ffn = nn.ModuleList((nn.Linear(width, inner), nn.Linear(inner, width)))
        self.ffn_norm = nn.LayerNorm(width, eps=EPS)

    def forward(self, h):
        def split(name):
            return self.attention[name](h).unflatten(2, (HEADS, -1)).transpose(1, 2)
        rate = RATE if self.training else 0.0
        mixed = F.scaled_dot_product_attention(split("query"), split("key"), split("value"),
                                               dropout_p=rate, is_causal=True)
        mixed = self.attention["out"](mixed.transpose(1, 2).flatten(2))
        s = self.attention_norm(h + F.dropout(mixed, RATE, self.training))
        y = self.ffn[1](F.gelu(self.ffn[0](s)))
        return self.ffn_norm(s + F.dropout(y, RATE, self.training))


class SasRec(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.item = nn.Embedding(*weights["item.weight"].shape)
        self.position = nn.Embedding(*weights["position.weight"].shape)
        width = self.item.weight.shape[1]
        self.input_norm = nn.LayerNorm(width, eps=EPS)
        self.layer = nn.ModuleList()
        while f"layer.{len(self.layer)}.ffn.0.weight" in weights:
            inner = len(weights[f"layer.{len(self.layer)}.ffn.0.weight"])
            self.layer.append(Layer(width, inner))
        self.load_state_dict(weights)

    def loss(self, batch):
        h = self.item(batch.items) + self.position.weight[:batch.items.shape[1]]
        h = F.dropout(self.input_norm(h), RATE, self.training)
        for layer in self.layer:
            h = layer(h)
        h = h.flatten(0, 1)[batch.rows]
        own = (h * self.item(batch.following)).sum(1, keepdim=True)
        others = h @ self.item(batch.negatives).T
        logits = torch.cat((own, others.masked_fill(batch.hit, -1e30)), 1)
        return (logits.logsumexp(1) - own.squeeze(1)).mean()


def read_batch(entries, number):
    """A batch by its number; ids count from 1 in the file."""
    def ids(name):
        return entries[f"batch.{number}.{name}"].long() - 1
    lengths = entries[f"batch.{number}.lengths"].long()
    valid = torch.arange(int(lengths.max())) < lengths[:, None]
    items = torch.zeros(valid.shape, dtype=torch.long)
    items[valid] = ids("items")
    following, negatives = ids("following"), ids("negatives")
    return Batch(items, valid.flatten().nonzero().squeeze(1), following, negatives,
                 following[:, None] == negatives)


def training_step(path, form):
    """What does a training step on the next batch: forward, backward, fused Adam. `form` is "plain",
    "compiled" (by torch.compile, each batch for its own sizes) or "bf16" (compiled, under
    autocast)."""
    entries = {name: torch.from_numpy(value.copy()) for name, value in read_archive(path).items()}
    model = SasRec({name[len("param."):]: value for name, value in entries.items()
                    if name.startswith("param.")})
    batches = []
    while f"batch.{len(batches) + 1}.loss" in entries:
        number = len(batches) + 1
        batches.append(read_batch(entries, number))
        want = entries[f"batch.{number}.loss"].item()
        got = model.eval().loss(batches[-1]).item()
        if not abs(got - want) <= 1e-5 * abs(want):
            sys.exit(f"torch_sasrec: the loss of batch {number} is {got:g}, but cmml has {want:g}")
    model.train()
    loss = model.loss
    if form != "plain":
        torch._dynamo.config.cache_size_limit = 2 * len(batches)
        # What inductor draws by itself takes it longer: 56 ms a step in place of 43.
        torch._inductor.config.fallback_random = True
        loss = torch.compile(loss, dynamic=False)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    turns = itertools.cycle(batches)

    def step():
        adam.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=form == "bf16"):
            found = loss(next(turns))
        found.backward()
        adam.step()
    if form != "plain":
        for _ in batches:  # the first step of each batch compiles
            step()
    return step
