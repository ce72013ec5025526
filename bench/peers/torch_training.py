#!/usr/bin/env python3
"""Trains CMML in PyTorch, as the peer of the benchmark's case `training`.

Reads what `bench/training.lua --export FILE` wrote: ratings, users to train and to validate, fields
of films and people, all as numbers. Prints a remark when it is ready, then a line an epoch, with
tabs between: epoch, processor seconds, training loss, validation MAE, peak MB, resident MB. All an
epoch does is timed: order, draws, tensors of ids, steps, validation on two draws, keeping the best
weights.
"""

import argparse
import resource
import sys
import time
from collections import namedtuple

import torch_peer as peer  # first: it sets the number of threads before the libraries load
import numpy as np
import torch
import torch.nn.functional as F
from archive import read_archive

VALID_DRAWS = 2

# The rows of one side of a batch: fields of their films, labels, the task of each row and how many
# rows each task has. `rating` is the label's place among the distinct ones. Where films are taken
# once, `rows` has the distinct ones and `place` where each row's film is among them.
Side = namedtuple("Side", "rows labels task lengths rating place")
Batch = namedtuple("Batch", "users support query")


class Bags:
    """The values of a field of several values: those of row r are ids[start[r] : start[r + 1]]."""

    def __init__(self, ids, length):
        self.ids, self.length, self.start = ids, length, np.cumsum(length) - length

    def __getitem__(self, rows):
        length = self.length[rows]
        offsets = np.cumsum(length) - length
        at = np.arange(length.sum()) + np.repeat(self.start[rows] - offsets, length)
        return torch.from_numpy(self.ids[at]), torch.from_numpy(offsets)


class Single:
    """The value of a field of one value."""

    def __init__(self, ids):
        self.ids = ids

    def __getitem__(self, rows):
        return torch.from_numpy(self.ids[rows])


class Tasks:
    """Draws batches of tasks. Rows and values count from 0 here, value 0 being the unknown one."""

    def __init__(self, archive, seed, distinct):
        self.rng, self.distinct = np.random.default_rng(seed), distinct
        wide = {name: a.astype(np.int64) if a.dtype == np.int32 else a
                for name, a in archive.items()}
        self.train, self.valid = wide["train"] - 1, wide["valid"] - 1
        self.length = wide["ratings.lengths"]
        self.first = np.cumsum(self.length) - self.length
        self.items, self.labels = wide["ratings.items"] - 1, wide["ratings.labels"]
        self.stars, self.star = np.unique(self.labels, return_inverse=True)
        self.sizes, self.fields = {}, {"item": {}, "user": {}}
        for name in wide:
            side, field, *part = name.split(".") if name.endswith(".ids") else (None, None)
            if side:
                ids, length = wide[name], wide.get(f"{side}.{field}.lengths")
                self.fields[side][field] = Single(ids) if length is None else Bags(ids, length)
                self.sizes[field] = 1 + wide[f"{side}.{field}.size"].item()
        self.bags = [f for fields in self.fields.values() for f in fields
                     if isinstance(fields[f], Bags)]

    def rows_of(self, side, rows):
        return {field: values[rows] for field, values in self.fields[side].items()}

    def side(self, rows, lengths):
        items, place = self.items[rows], None
        if self.distinct:
            items, place = np.unique(items, return_inverse=True)
            place = torch.from_numpy(place)
        task = np.repeat(np.arange(len(lengths)), lengths)
        return Side(self.rows_of("item", items), torch.from_numpy(self.labels[rows]),
                    torch.from_numpy(task), torch.from_numpy(lengths),
                    torch.from_numpy(self.star[rows]), place)

    def batch(self, users):
        """Of each user's n ratings up to 10, at most half, as query, up to 40 as support."""
        n = self.length[users]
        query = np.minimum(peer.QUERY, (n + 1) // 2)
        support = np.minimum(peer.SUPPORT, n - query)
        column = np.arange(n.max())
        keys = self.rng.random((len(users), len(column)))
        keys[column >= n[:, None]] = 2  # what a user does not have comes last
        rows = self.first[users][:, None] + keys.argsort(1)
        is_query = column < query[:, None]
        is_support = ~is_query & (column < (query + support)[:, None])
        return Batch(self.rows_of("user", users), self.side(rows[is_support], support),
                     self.side(rows[is_query], query))

    def batches(self, users):
        return (self.batch(users[at:at + peer.TASKS]) for at in range(0, len(users), peer.TASKS))


def mean_by_task(values, side):
    """The mean of the rows of each task; on one thread quicker than segment_reduce."""
    lengths = side.lengths.view(-1, *[1] * (values.dim() - 1))
    sums = values.new_zeros(len(lengths), *values.shape[1:]).index_add(0, side.task, values)
    return sums / lengths


class Ragged(peer.Cmml):
    """The model for tasks of unequally many rows. `stars` are the distinct labels."""

    def __init__(self, stars, *fields, **options):
        super().__init__(*fields, **options)
        self.register_buffer("stars", torch.from_numpy(stars), persistent=False)

    def context(self, side, user):
        with torch.no_grad():
            x = torch.cat((self.embed(side.rows), user[side.task]), 1)
        s = torch.cat((x, self.label_part(side.labels)), 1)
        return mean_by_task(self.encoder[1](F.relu(self.encoder[0](s))), side)

    def scores(self, batch):
        user = self.embed(batch.users)
        context, side = self.context(batch.support, user), batch.query
        x = torch.cat((self.embed(side.rows), F.embedding(side.task, user)), 1)
        z = x * F.embedding(side.task, context)
        return self.film(self.trunk[0](z), self.backbone[0](x))

    def loss(self, batch):
        error = (self.scores(batch) - batch.query.labels) ** 2
        return mean_by_task(error, batch.query).mean()


class ShortRagged(Ragged, peer.Short):
    """The same function by less work."""

    def context(self, side, user):
        with torch.no_grad():
            item, user = self.embed(side.rows), user.detach()
        rows = self.hidden(item, user, self.stars, side.place, side.rating,
                           lambda x: F.embedding(side.task, x))
        return self.encoder[1](mean_by_task(rows, side))

    def scores(self, batch):
        user, side = self.embed(batch.users), batch.query
        return self.joined(self.embed(side.rows), user, side.place,
                           self.context(batch.support, user), lambda x: F.embedding(side.task, x))


def validate(model, tasks):
    """Mean over users of the mean absolute error of their query, over the draws."""
    total = 0.0
    with torch.inference_mode():
        for _ in range(VALID_DRAWS):
            for batch in tasks.batches(tasks.valid):
                error = (model.scores(batch) - batch.query.labels).abs()
                total += mean_by_task(error, batch.query).sum()
    return total.item() / (VALID_DRAWS * len(tasks.valid))


def memory():
    """Peak and present resident memory in MB."""
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, resident


def train(model, tasks, epochs, turns):
    trainer, best, kept = peer.Trainer(model), float("inf"), None
    print("# torch", torch.__version__, flush=True)
    for epoch in range(1, epochs + 1):
        if turns and not sys.stdin.readline():
            break
        start, losses = time.process_time(), []
        for batch in tasks.batches(tasks.rng.permutation(tasks.train)):
            losses.append(trainer(batch).item())
        mae = validate(model, tasks)
        if mae < best:
            best, kept = mae, {name: p.clone() for name, p in model.state_dict().items()}
        print(epoch, f"{time.process_time() - start:.4f}", f"{np.mean(losses):.4f}", f"{mae:.4f}",
              *(f"{x:.1f}" for x in memory()), sep="\t", flush=True)
    if kept:
        model.load_state_dict(kept)


def check(archive, make):
    """The short form must give what the plain one gives; in double, so that no fault hides."""
    plain, short = make(Ragged).double(), make(ShortRagged).double()
    plain.load_state_dict(short.state_dict())
    results = []
    for model, distinct in ((plain, False), (short, True)):
        tasks = Tasks(archive, 1, distinct)
        batch = tasks.batch(tasks.train[:peer.TASKS])
        loss = model.loss(batch)
        results.append((loss, *torch.autograd.grad(loss, list(model.parameters()))))
    names = ("the loss", *("the gradient of " + name for name, _ in plain.named_parameters()))
    for name, want, got in zip(names, *results):
        peer.check_equal(name, want, got)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("file", help="what bench/training.lua --export wrote")
    add("--epochs", type=int, default=30, metavar="N", help="(%(default)s)")
    add("--seed", type=int, default=1, metavar="N", help="of weights and draws (%(default)s)")
    add("--turns", action="store_true", help="wait for a line of input before each epoch")
    add("--algebra", action="store_true", help="the same by less work: pooling before the last"
        " map, each user, distinct item and distinct rating mapped once")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    archive = read_archive(args.file)
    tasks = Tasks(archive, args.seed, args.algebra)

    def make(form):
        torch.manual_seed(args.seed)
        return form(tasks.stars, tasks.sizes, tasks.bags, padding=0)
    if args.algebra:
        check(archive, make)
    train(make(ShortRagged if args.algebra else Ragged), tasks, args.epochs, args.turns)


if __name__ == "__main__":
    main()
