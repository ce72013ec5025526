"""First-order MAML on a sequence encoder in PyTorch, for the case `fomaml` of torch_peer.py: all
users of a batch at once by torch.func.vmap over grad.

Sequences, negatives, weights and losses are read from what `bench/fomaml.lua` wrote; a batch whose
loss behind the inner steps is another than cmml's ends the program. The encoder reads a sequence once
for all its prefixes; sequences of a batch are nearly equally long, and padded behind. The vectors of
items are looked up outside of vmap, so that no user has a gradient of the whole table.
"""

import itertools
import sys
from collections import namedtuple

import torch
import torch.nn.functional as F
from torch.func import grad, vmap
from archive import read_archive

HEADS, EPS, STEPS, RATE = 2, 1e-12, 5, 1e-3
# `items` and `following` padded [users, places], `worse` [users, steps + 1, places], `shares` of each
# row in the loss of the inner steps, and 1 in `query` for the last row.
Batch = namedtuple("Batch", "items following worse shares query loss")


def encode(p, e):
    """One user's rows, from vectors [places, width]."""
    places, width = e.shape

    def norm(name, x):
        return F.layer_norm(x, (width,), p[name + ".weight"], p[name + ".bias"], EPS)

    def linear(name, x):
        return F.linear(x, p[name + ".weight"], p[name + ".bias"])

    def split(name, x):
        return linear(name, x).view(places, HEADS, -1).transpose(0, 1)
    hidden = torch.ones(places, places, dtype=torch.bool).triu(1)
    h, layer = norm("input_norm", e + p["position.weight"][:places]), 0
    while f"layer.{layer}.ffn.0.weight" in p:
        here = f"layer.{layer}."
        q, k, v = (split(here + "attention." + name, h) for name in ("query", "key", "value"))
        weights = (q @ k.transpose(1, 2)) * (width // HEADS) ** -0.5
        mixed = weights.masked_fill(hidden, float("-inf")).softmax(-1) @ v
        mixed = linear(here + "attention.out", mixed.transpose(0, 1).reshape(places, width))
        s = norm(here + "attention_norm", h + mixed)
        h = norm(here + "ffn_norm", s + linear(here + "ffn.1", F.gelu(linear(here + "ffn.0", s))))
        layer += 1
    return h


def errors(h, lead):
    return -torch.log(torch.sigmoid((h * lead).sum(-1)) + 1e-10)


def support_loss(p, e, lead, shares):
    return (errors(encode(p, e), lead) * shares).sum()


def query_loss(p, e, lead, query):
    return errors((encode(p, e) * query.unsqueeze(1)).sum(0), lead)


def of_user(p, e, leads, shares, lead, query, rate):
    """Gradients of a user's query by the weights, the vectors read and the lead, and its loss."""
    own = p
    for step in range(STEPS):
        slopes = grad(support_loss)(own, e, leads[step], shares)
        own = {name: own[name] - rate * slopes[name] for name in own}
    return torch.func.grad_and_value(query_loss, argnums=(0, 1, 2))(own, e, lead, query)


of_users = vmap(of_user, in_dims=(None, 0, 0, 0, 0, 0, None))


class Trainer:
    def __init__(self, weights):
        self.table = weights.pop("item.weight").requires_grad_()
        self.weights = {name: value.requires_grad_() for name, value in weights.items()}
        self.adam = torch.optim.Adam([self.table, *self.weights.values()], lr=1e-3, fused=True)

    def gradients(self, batch, rate):
        """Into .grad; gives the mean loss."""
        last = batch.query.argmax(1, keepdim=True)
        better = batch.following.gather(1, last).squeeze(1)
        worse = batch.worse[:, STEPS].gather(1, last).squeeze(1)
        with torch.no_grad():
            table = self.table
            e = table[batch.items]
            leads = table[batch.following].unsqueeze(1) - table[batch.worse[:, :STEPS]]
            lead = table[better] - table[worse]
        start = {name: value.detach() for name, value in self.weights.items()}
        (own, by_e, by_lead), losses = of_users(start, e, leads, batch.shares, lead, batch.query,
                                                rate)
        users = len(losses)
        for name, slope in own.items():
            self.weights[name].grad = slope.sum(0) / users
        table.grad = torch.zeros_like(table)
        table.grad.index_add_(0, batch.items.flatten(), by_e.flatten(0, 1), alpha=1 / users)
        table.grad.index_add_(0, better, by_lead, alpha=1 / users)
        table.grad.index_add_(0, worse, by_lead, alpha=-1 / users)
        return losses.mean().item()

    def step(self, batch):
        self.gradients(batch, RATE)
        self.adam.step()


def read_batch(entries, number):
    """A batch by its number; ids count from 1 in the file."""
    here = f"batch.{number}."
    lengths = entries[here + "lengths"].long()
    valid = torch.arange(int(lengths.max())) < lengths[:, None]

    def padded(name):
        ids = torch.zeros(valid.shape, dtype=torch.long)
        ids[valid] = entries[here + name].long() - 1
        return ids
    at = torch.arange(valid.shape[1])
    last = (lengths - 1)[:, None]
    shares = torch.where(at < last, 1 / last.clamp(min=1), 0.0)
    worse = [padded(f"worse.{step + 1}") for step in range(STEPS + 1)]
    return Batch(padded("items"), padded("following"), torch.stack(worse, 1), shares,
                 (at == last).float(), entries[here + "loss"].item())


def training_step(path):
    """What does a step on the next batch."""
    entries = {name: torch.from_numpy(value.copy()) for name, value in read_archive(path).items()}
    trainer = Trainer({name[len("param."):]: value for name, value in entries.items()
                       if name.startswith("param.")})
    batches = []
    while f"batch.{len(batches) + 1}.loss" in entries:
        batches.append(read_batch(entries, len(batches) + 1))
        want = batches[-1].loss
        got = trainer.gradients(batches[-1], entries["far"].item())
        if not abs(got - want) <= 1e-5 * abs(want):
            sys.exit(f"torch_fomaml: the loss of batch {len(batches)} is {got:g}, but cmml has"
                     f" {want:g}")
    turns = itertools.cycle(batches)
    return lambda: trainer.step(next(turns))
