"""DCN in PyTorch, for the cases `dcn`, `dcn_algebra` and `dcn_compiled` of torch_peer.py.

Fields, weights, ratings and losses are read from what `bench/dcn.lua` wrote; a batch whose loss is
another than cmml's ends the program.
"""

import itertools
import sys
from collections import namedtuple

import torch
import torch.nn.functional as F
from torch import nn
from archive import read_archive

# A field's ids by row: `lengths` for bags, whose mean counts, None where each row has one id.
Field = namedtuple("Field", "ids starts lengths")
# `rows` of items and people for each rating; `items`, the distinct ones, with their `place`.
Batch = namedtuple("Batch", "rows item_rows user_rows place task labels")


def take(field, rows):
    """What an embedding takes for these rows: ids, or values and offsets of bags."""
    if field.lengths is None:
        return (field.ids[rows],)
    lengths = field.lengths[rows]
    ends = lengths.cumsum(0)
    offsets = ends - lengths
    within = torch.arange(int(ends[-1])) - offsets.repeat_interleave(lengths)
    return field.ids[field.starts[rows].repeat_interleave(lengths) + within], offsets


class Dcn(nn.Module):
    """Every rating is a row, cross layers as the paper has them."""

    def __init__(self, sides, weights):
        super().__init__()
        self.sides = sides
        self.embedding = nn.ModuleDict()
        for name, field in [*sides["items"].items(), *sides["users"].items()]:
            weight = weights["embedding." + name + ".weight"]
            kind = nn.Embedding if field.lengths is None else nn.EmbeddingBag
            self.embedding[name] = kind(*weight.shape)
        size = weights["project.weight"].shape
        self.project = nn.Linear(size[1], size[0])
        self.cross_weight = nn.Parameter(torch.empty_like(weights["cross_weight"]))
        self.cross_bias = nn.Parameter(torch.empty_like(weights["cross_bias"]))
        self.deep = nn.ModuleList()
        while f"deep.{len(self.deep)}.weight" in weights:
            out, inp = weights[f"deep.{len(self.deep)}.weight"].shape
            self.deep.append(nn.Linear(inp, out))
        self.out = nn.Linear(weights["out.weight"].shape[1], 1)
        self.load_state_dict(weights)

    def embed(self, side, rows):
        return torch.cat([self.embedding[name](*ids)
                          for name, ids in zip(self.sides[side], rows)], 1)

    def x0(self, batch):
        items, users = batch.rows
        return self.project(torch.cat((self.embed("items", items), self.embed("users", users)), 1))

    def forward(self, batch):
        x, deep = self.x0(batch), None
        cross = deep = x
        for w, b in zip(self.cross_weight, self.cross_bias):
            cross = torch.addcmul(cross + b, x, (cross @ w).unsqueeze(1))
        for layer in self.deep:
            deep = F.relu(layer(deep))
        return self.out(torch.cat((deep, cross), 1)).squeeze(1)

    def loss(self, batch):
        # People have equally many ratings: the mean over all is the mean of the people's means.
        return F.mse_loss(self(batch), batch.labels)


class Short(Dcn):
    """The same function by less work, as cmml does it: each distinct item and each person is
    embedded and mapped once, up to the first activation, and x_l is a x_0 + c with a number a of
    the row."""

    def forward(self, batch):
        items, users = self.embed("items", batch.item_rows), self.embed("users", batch.user_rows)
        of_items, of_users = self.project.weight.split((items.shape[1], users.shape[1]), 1)
        items, users = F.linear(items, of_items), F.linear(users, of_users, self.project.bias)

        def mapped(weight, bias=None):  # x_0 is items[place] + users[task]
            return (F.embedding(batch.place, F.linear(items, weight))
                    + F.embedding(batch.task, F.linear(users, weight, bias)))
        deep = F.relu(mapped(self.deep[0].weight, self.deep[0].bias))
        for layer in self.deep[1:]:
            deep = F.relu(layer(deep))
        width, layers = deep.shape[1], len(self.cross_weight)
        of_deep, of_cross = self.out.weight.split((width, items.shape[1]), 1)
        weight = torch.cat((self.cross_weight, of_cross))
        before = torch.cat((torch.zeros_like(self.cross_bias[:1]), self.cross_bias.cumsum(0)))
        shift, factors = (before * weight).sum(1), mapped(weight)
        a = 1 + factors[:, 0]
        for i in range(1, layers):
            a = a * (1 + factors[:, i]) + shift[i]
        return F.linear(deep, of_deep, self.out.bias).squeeze(1) + a * factors[:, -1] + shift[-1]


def read_sides(entries):
    sides = {"items": {}, "users": {}}
    for key in sorted(name for name in entries if name.endswith(".ids")):
        side, number, name = key.split(".")[:3]
        lengths = entries.get(f"{side}.{number}.{name}.lengths")
        lengths = None if lengths is None else lengths.long()
        starts = None if lengths is None else lengths.cumsum(0) - lengths
        sides[side][name] = Field(entries[key].long() - 1, starts, lengths)
    return sides


def read_batch(entries, sides, number):
    """A batch by its number; ids count from 1 in the file."""
    def rows(name):
        return entries[f"batch.{number}.{name}"]
    people = rows("people").long() - 1
    shown, asked = (rows(part + "_items").long().view(len(people), -1) - 1
                    for part in ("support", "query"))
    items = torch.cat((shown, asked), 1).flatten()
    labels = torch.cat([rows(part + "_labels").view(len(people), -1)
                        for part in ("support", "query")], 1).flatten()
    task = torch.arange(len(people)).repeat_interleave(len(items) // len(people))
    distinct, place = items.unique(return_inverse=True)

    def of(side, wanted):
        return [take(field, wanted) for field in sides[side].values()]
    return Batch((of("items", items), of("users", people[task])), of("items", distinct),
                 of("users", people), place, task, labels)


def training_step(path, form):
    """What does a training step on the next batch: forward, backward, fused Adam with L2. `form` is
    "plain", "algebra" or "compiled", the latter by torch.compile."""
    entries = {name: torch.from_numpy(value.copy()) for name, value in read_archive(path).items()}
    sides = read_sides(entries)
    weights = {name[len("param."):]: value for name, value in entries.items()
               if name.startswith("param.")}
    model, batches = (Dcn if form == "plain" else Short)(sides, weights), []
    while f"batch.{len(batches) + 1}.loss" in entries:
        number = len(batches) + 1
        batches.append(read_batch(entries, sides, number))
        want, got = entries[f"batch.{number}.loss"].item(), model.loss(batches[-1]).item()
        if not abs(got - want) <= 1e-5 * abs(want):
            sys.exit(f"torch_dcn: the loss of batch {number} is {got:g}, but cmml has {want:g}")
    loss = torch.compile(model.loss, dynamic=True) if form == "compiled" else model.loss
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5, fused=True)
    turns = itertools.cycle(batches)

    def step():
        adam.zero_grad()
        loss(next(turns)).backward()
        adam.step()
    return step
