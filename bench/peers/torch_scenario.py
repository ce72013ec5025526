"""The scenario setting of CMML in PyTorch, for the cases `scenario` and `scenario_one` of
torch_peer.py.

Vectors, weights, draws and losses are read from what `bench/scenario.lua` wrote; a batch whose loss
is another than cmml's ends the program.
"""

import itertools
import sys

import torch
import torch.nn.functional as F
from torch import nn
from archive import read_archive


def linears(*widths):
    return nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))


class Scenario(nn.Module):
    """GRU encoder, element-wise product, FiLM layers; parameters are named as in cmml. All tasks of
    a batch go together; the GRU sees sequences of one length, so nothing is padded."""

    def __init__(self, users, items):
        super().__init__()
        self.users, self.items = users, items
        dim = users.shape[1] + items.shape[1]
        self.encoder = nn.ModuleDict({"gru": nn.GRU(dim + 2, 256, batch_first=True),
                                      "mlp": linears(256, 256, dim)})
        self.hyper = nn.ModuleDict({
            "trunk": linears(dim, 64, 64, 64),
            "head": nn.ModuleList(nn.Linear(64, 128) for _ in range(3))})
        self.backbone = linears(dim, 64, 64, 64)
        self.out = nn.Linear(64, 1)

    def vectors(self, users, items):
        return torch.cat((F.embedding(users, self.users), F.embedding(items, self.items)), -1)

    def contexts(self, batch):
        samples = torch.cat((self.vectors(batch["users"], batch["items"]), batch["labels"]), -1)
        first, last = self.encoder["mlp"]
        return last(F.relu(first(self.encoder["gru"](samples)[1][0])))

    def film(self, a, t):
        """Scores of rows a under the conditions t."""
        for trunk, head, layer in zip(self.hyper["trunk"], self.hyper["head"], self.backbone):
            t = F.relu(trunk(t))
            gamma, beta = head(t).chunk(2, 1)
            a = F.leaky_relu(torch.addcmul(beta, gamma, layer(a)), 0.01)
        return self.out(a).squeeze(1)

    def loss(self, batch):
        x = self.vectors(batch["query_users"], batch["query_items"])
        condition = x * self.contexts(batch).unsqueeze(1)
        scores = self.film(x.flatten(0, 1), condition.flatten(0, 1))
        positive, negative = scores.view(len(x), 2, -1).unbind(1)
        return F.relu(1 - positive + negative).mean()


def read_model(entries):
    model = Scenario(entries["vectors.users"], entries["vectors.items"])
    model.load_state_dict({name: entries["param." + name.replace("_l0", "")]
                           for name in model.state_dict()})
    return model


def read_batch(entries, number, tasks):
    """A batch by its number; ids count from 1 in the file. Of a task's query the positives come
    first, then the negatives of the same users."""
    def rows(name):
        return entries[f"batch.{number}.{name}"].view(tasks, -1)
    ids = {name: rows(name).long() - 1
           for name in ("users", "items", "query_users", "positives", "negatives")}
    positive = (rows("labels") > 0).float()
    return {"users": ids["users"], "items": ids["items"],
            "labels": torch.stack((positive, 1 - positive), -1),
            "query_users": ids["query_users"].repeat(1, 2),
            "query_items": torch.cat((ids["positives"], ids["negatives"]), 1)}


def read_setting(path, tasks):
    """The model, and its batches of so many tasks, checked against the losses in the file."""
    prefix = f"{tasks}."
    entries = {name[len(prefix):]: torch.from_numpy(value.copy())
               for name, value in read_archive(path).items() if name.startswith(prefix)}
    model, batches = read_model(entries), []
    while f"batch.{len(batches) + 1}.loss" in entries:
        number = len(batches) + 1
        batches.append(read_batch(entries, number, tasks))
        want, got = entries[f"batch.{number}.loss"].item(), model.loss(batches[-1]).item()
        if not abs(got - want) <= 1e-5 * abs(want):
            sys.exit(f"torch_scenario: the loss of batch {number} of {tasks} tasks is {got:g}, but "
                     f"cmml has {want:g}")
    return model, batches


def training_step(path, tasks):
    """What does a training step on the next batch: forward, backward, fused Adam with L2."""
    model, batches = read_setting(path, tasks)
    adam = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-5, fused=True)
    turns = itertools.cycle(batches)

    def step():
        adam.zero_grad()
        model.loss(next(turns)).backward()
        adam.step()
    return step
