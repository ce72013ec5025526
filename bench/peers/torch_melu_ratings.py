#!/usr/bin/env python3
"""Trains MeLU (Lee et al., KDD 2019) on real ratings in PyTorch and puts it beside cmml's.

    lua5.4 bench/melu_ratings.lua --data ml-1m --out runs/melu-capped
    python3 bench/peers/torch_melu_ratings.py runs/melu-capped

The folder says who is learnt from and what is tested; both programs are judged by the same ratings.
Weights, the order of people and the draws of training are this program's own. Before it trains, it
takes the first training steps from cmml's weights on cmml's tasks in double precision, and stops if
a loss, a gradient or a metric of a test person after them differs.

The model: the vector x of a rating has the embeddings of the item's and the person's fields, the
mean where a field has several values; a task, one person, starts from the shared weights w of an
MLP and takes K steps on its support,

    w_0 = w,    w_k = w_{k-1} - rate * d/dw_{k-1} mean over the support of (MLP(x; w_{k-1}) - y)^2;

what Adam minimises over w and the embeddings is the mean over tasks of the mean squared error that
w_K makes on the query, differentiated through the steps. Gradients are clamped. The epoch with the
best MAE of the validation people counts; training ends after `patience` epochs without a better
one, or where the MAE is no finite number. All tasks of a batch are padded to one length, so that their layers are batched products: the
class Melu. Short is the same function in half the time.

A line an epoch, with tabs between: seed, epoch, processor seconds, training loss, validation MAE.
In the end a table of the trainings of both that are in the folder.
"""

import argparse
import copy
import json
import os
import sys
import time
from collections import namedtuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries load
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from archive import read_archive

METRICS = ("mae", "rmse", "ndcg_exp@1")
RESAMPLES = 2000
# 97.5 % points of Student's t with 1, 2, .. degrees of freedom.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)

# A field's values by row, padded with 0, which stands for none; `single` fields have one.
Field = namedtuple("Field", "name size single values")
# Rows of tasks, padded: items and labels [tasks, longest], mask 1 where there is a rating.
Rows = namedtuple("Rows", "items labels mask")
Batch = namedtuple("Batch", "people support query")


def padded(values, lengths):
    """[rows, longest] with the values of each row, then zeros."""
    table = np.zeros((len(lengths), lengths.max(initial=1)), values.dtype)
    table[np.arange(table.shape[1]) < lengths[:, None]] = values
    return torch.from_numpy(table)


def read_fields(archive, side):
    """The fields of items or users, in the order in which they stand in a vector."""
    fields = []
    for key in sorted((k for k in archive if k.startswith(side + ".") and k.endswith(".ids")),
                      key=lambda k: int(k.split(".")[1])):
        stem, name = key[:-len("ids")], key.split(".")[2]
        ids, lengths = archive[key].astype(np.int64), archive.get(stem + "lengths")
        single = lengths is None
        values = torch.from_numpy(ids.copy()) if single else padded(ids, lengths)
        fields.append(Field(name, archive[stem + "size"].item(), single, values))
    return fields


def read_batch(archive, name):
    """Tasks that the file holds; rows count from 1 there and from 0 here."""
    rows = []
    for part in ("support", "query"):
        here = f"{name}.{part}_"
        items, labels, lengths = (archive[here + k] for k in ("items", "labels", "lengths"))
        rows.append(Rows(padded(items.astype(np.int64) - 1, lengths), padded(labels, lengths),
                         padded(np.ones_like(labels), lengths)))
    return Batch(torch.from_numpy(archive[name + ".people"].astype(np.int64) - 1), *rows)


def converted(batch, dtype):
    return Batch(batch.people, *(Rows(rows.items, rows.labels.to(dtype), rows.mask.to(dtype))
                                 for rows in batch[1:]))


def split(batch, size):
    """A batch in batches of at most `size` tasks."""
    for at in range(0, len(batch.people), size):
        def part(t):
            return t[at:at + size]
        yield Batch(part(batch.people), Rows(*map(part, batch.support)),
                    Rows(*map(part, batch.query)))


class Histories:
    """What people rated, and tasks drawn from it."""

    def __init__(self, archive, settings, seed):
        self.rng, self.settings = np.random.default_rng(seed), settings
        self.people = archive["train"].astype(np.int64) - 1
        self.length = archive["ratings.lengths"].astype(np.int64)
        self.first = self.length.cumsum() - self.length
        self.items = archive["ratings.items"].astype(np.int64) - 1
        self.labels = archive["ratings.labels"]

    def task(self, person):
        """Rows of a random support and query: of n ratings up to 10, at most half, as query."""
        n = self.length[person]
        n_query = min(self.settings["query"], (n + 1) // 2)
        n_support = min(self.settings["support"], n - n_query)
        rows = self.first[person] + self.rng.permutation(n)[:n_query + n_support]
        return rows[n_query:], rows[:n_query]

    def rows(self, lists):
        lengths, rows = np.array([len(rows) for rows in lists]), np.concatenate(lists)
        labels = self.labels[rows]
        return Rows(padded(self.items[rows], lengths), padded(labels, lengths),
                    padded(np.ones_like(labels), lengths))

    def batches(self):
        """An epoch: everybody once, in random order."""
        order, size = self.rng.permutation(self.people), self.settings["batch"]
        for at in range(0, len(order), size):
            people = order[at:at + size]
            support, query = zip(*map(self.task, people))
            yield Batch(torch.from_numpy(people), self.rows(support), self.rows(query))


def mean_of_rows(values, mask):
    """The mean of the rows of each task; 0 where there are none."""
    return (values * mask).sum(1) / mask.sum(1).clamp(min=1)


class Melu(nn.Module):
    def __init__(self, items, users, settings):
        super().__init__()
        self.items, self.users = items, users
        self.steps, self.rate = settings["inner_steps"], settings["inner_rate"]
        self.embedding = nn.ModuleDict()
        for field in (*items, *users):
            kind = nn.Embedding if field.single else nn.EmbeddingBag
            table = kind(field.size + 1, settings["width"], padding_idx=0)
            if not field.single:  # those of single fields are from N(0, 1)
                nn.init.uniform_(table.weight[1:].detach(), -field.size ** -0.5, field.size ** -0.5)
            self.embedding[field.name] = table
        widths = [len(self.embedding) * settings["width"], *settings["hidden"], 1]
        self.layers = nn.ModuleList(map(nn.Linear, widths, widths[1:]))

    def embed(self, fields, rows):
        return torch.cat([self.embedding[f.name](f.values[rows]) for f in fields], 1)

    def vectors(self, people, items):
        """[tasks, longest, columns]"""
        distinct, place = items.unique(return_inverse=True)
        of_items = F.embedding(place, self.embed(self.items, distinct))
        of_people = self.embed(self.users, people).unsqueeze(1)
        return torch.cat((of_items, of_people.expand(-1, items.shape[1], -1)), 2)

    @staticmethod
    def mlp(x, weights):
        """[tasks, longest] with `weights` of each task: weight [tasks, out, in], bias [tasks, out],
        .."""
        for i in range(0, len(weights), 2):
            x = F.relu(x) if i > 0 else x
            x = torch.baddbmm(weights[i + 1].unsqueeze(1), x, weights[i].transpose(1, 2))
        return x.squeeze(2)

    def adapted(self, people, support, through):
        """The weights of each task after its steps."""
        x = self.vectors(people, support.items)
        weights = [w.expand(len(people), *w.shape) for w in self.layers.parameters()]
        for _ in range(self.steps):
            error = (self.mlp(x, weights) - support.labels) ** 2
            loss = mean_of_rows(error, support.mask).sum()  # tasks have no weight in common
            slopes = torch.autograd.grad(loss, weights, create_graph=through)
            weights = [w - self.rate * slope for w, slope in zip(weights, slopes)]
        return weights

    def scores(self, batch, through=False):
        """Of the query's rows; `through` the steps gradients can be taken."""
        weights = self.adapted(batch.people, batch.support, through)
        return self.mlp(self.vectors(batch.people, batch.query.items), weights)

    def loss(self, batch):
        error = (self.scores(batch, through=True) - batch.query.labels) ** 2
        return mean_of_rows(error, batch.query.mask).mean()


class Short(Melu):
    """The same function by less work: no task has a first layer of its own. A step of that layer
    changes its values z on rows x by -rate (x X' + 1) dL/dz, where X are the support's rows and
    dL/dz what the loss has as gradient at its values on them."""

    def scores(self, batch, through=False):
        people, support, query = batch
        first, others = self.layers[0], self.layers[1:]
        x, q = self.vectors(people, support.items), self.vectors(people, query.items)
        near, near_query = (torch.bmm(rows, x.transpose(1, 2)) + 1 for rows in (x, q))
        z, z_query, slopes = first(x), first(q), 0
        weights = [w.expand(len(people), *w.shape) for w in others.parameters()]
        for _ in range(self.steps):
            error = (self.mlp(F.relu(z), weights) - support.labels) ** 2
            loss = mean_of_rows(error, support.mask).sum()
            slope, *own = torch.autograd.grad(loss, [z, *weights], create_graph=through)
            weights = [w - self.rate * g for w, g in zip(weights, own)]
            slopes = slopes + slope
            z = torch.baddbmm(z, near, slope, alpha=-self.rate)
        z_query = torch.baddbmm(z_query, near_query, slopes, alpha=-self.rate)
        return self.mlp(F.relu(z_query), weights)


class Trainer:
    """One call is one training step; gives the loss."""

    def __init__(self, model, settings):
        self.model, self.clip = model, settings.get("clip", float("inf"))
        self.adam = torch.optim.Adam(model.parameters(), lr=settings["lr"],
                                     weight_decay=settings["weight_decay"], fused=True)

    def __call__(self, batch):
        self.adam.zero_grad()
        loss = self.model.loss(batch)
        loss.backward()
        for p in self.model.parameters():
            p.grad.clamp_(-self.clip, self.clip)
        self.adam.step()
        return loss.item()


def ndcg_at_1(scores, labels):
    """Gain 2^label - 1 of the item with the highest score over that of the best one."""
    gain = 2.0 ** labels - 1
    return gain[scores == scores.max()].mean() / gain.max()


def judge(model, draws):
    """Of each person and metric the mean over the draws of the tasks, in double."""
    found = {name: [] for name in METRICS}
    for batch in draws:
        values = {name: [] for name in METRICS}
        for part in split(batch, 64):
            scores = model.scores(part).detach().double().numpy()
            query = (t.double().numpy() for t in part.query[1:])
            for score, label, mask in zip(scores, *query):
                score, label = score[mask > 0], label[mask > 0]
                values["mae"].append(np.abs(score - label).mean())
                values["rmse"].append(np.sqrt(((score - label) ** 2).mean()))
                values["ndcg_exp@1"].append(ndcg_at_1(score, label))
        for name in METRICS:
            found[name].append(values[name])
    return {name: np.mean(values, 0) for name, values in found.items()}


def load(model, archive):
    """cmml's weights, of whose tables row 0 is the first value."""
    with torch.no_grad():
        for name, table in model.embedding.items():
            table.weight[1:] = torch.from_numpy(archive[f"param.embedding.{name}.weight"].copy())
        for i, layer in enumerate(model.layers):
            for part in ("weight", "bias"):
                given = archive[f"param.mlp.{i}.{part}"]
                getattr(layer, part).copy_(torch.from_numpy(given.copy()))


def gradients(model):
    """As cmml has them, by its names."""
    for name, table in model.embedding.items():
        yield f"embedding.{name}.weight", table.weight.grad[1:]
    for i, layer in enumerate(model.layers):
        for part in ("weight", "bias"):
            yield f"mlp.{i}.{part}", getattr(layer, part).grad


def difference(want, got):
    """The largest, as a fraction of the largest number."""
    want = torch.from_numpy(np.array(want))
    return ((want - got).abs().max() / want.abs().max()).item()


def check(archive, make, settings, test):
    """Training steps must have cmml's losses, the first one its gradients, and what the model is
    worth on the test people after them must be the same. In single precision the first step alone:
    Adam divides by small numbers, so that later ones make rounding larger."""
    losses = archive["losses"]
    for form, dtype, limit, steps in ((Melu, torch.float64, 1e-9, len(losses)),
                                      (Short, torch.float64, 1e-9, len(losses)),
                                      (Short, torch.float32, 1e-4, 1)):
        model = make(form).to(dtype)
        load(model, archive)
        trainer, wrong = Trainer(model, settings), {}

        def compare(what, want, got):
            wrong[what] = difference(want, got)
            if not wrong[what] <= limit:
                sys.exit(f"torch_melu_ratings: {what} differs from cmml's by {wrong[what]:g} of it")
        for step, want in enumerate(losses[:steps], 1):
            batch = converted(read_batch(archive, f"step.{step}"), dtype)
            if step == 1:
                model.loss(batch).backward()
                for name, got in gradients(model):
                    compare("the gradient of " + name, archive["grad." + name], got)
            compare(f"the loss of step {step}", want, torch.tensor(trainer(batch), dtype=dtype))
        if dtype == torch.float64:
            for name, got in judge(model, [converted(test, dtype)]).items():
                compare(name, archive["test." + name], torch.from_numpy(got))
        what = max(wrong, key=wrong.get)
        print(f"# {form.__name__}, {dtype}, training steps: {steps}; most differs from cmml's"
              f" {what}, by {wrong[what]:.1e} of it", flush=True)


def train(archive, make, settings, seed):
    """A training until validation stops improving, and what it is worth on the test people."""
    torch.manual_seed(seed)
    model, histories = make(), Histories(archive, settings, seed)
    trainer = Trainer(model, settings)
    valid = [read_batch(archive, f"valid.{seed}.{draw + 1}")
             for draw in range(settings["valid_draws"])]
    best, seconds = {"valid_mae": float("inf"), "best_epoch": 0}, 0.0
    for epoch in range(1, settings["epochs"] + 1):
        start = time.process_time()
        losses = [trainer(batch) for batch in histories.batches()]
        mae = judge(model, valid)["mae"].mean()
        if mae < best["valid_mae"]:
            best = {"valid_mae": mae, "best_epoch": epoch}
            kept = copy.deepcopy(model.state_dict())
        used = time.process_time() - start
        seconds += used
        print(seed, epoch, f"{used:.2f}", f"{np.mean(losses):.4f}", f"{mae:.4f}", sep="\t",
              flush=True)
        diverged = not np.isfinite(mae)
        if diverged or epoch - best["best_epoch"] >= settings["patience"]:
            break
    if best["best_epoch"] == 0:
        sys.exit(f"torch_melu_ratings: the training with seed {seed} diverged: the validation MAE"
                 f" of epoch {epoch} is {mae}, and no epoch before it counts")
    model.load_state_dict(kept)
    test = [read_batch(archive, f"test.{draw + 1}") for draw in range(settings["draws"])]
    found = {name: values.tolist() for name, values in judge(model, test).items()}
    for name, values in found.items():
        print(f"# seed {seed}: {name} {np.mean(values):.4f}", flush=True)
    return {**best, **found, "epochs": epoch, "seconds": seconds}


def read_runs(folder, program):
    """The trainings of a program that are there, by seed."""
    runs, seed = [], 1
    while os.path.exists(path := f"{folder}/{program}-{seed}.json"):
        with open(path, encoding="utf-8") as file:
            runs.append(json.load(file))
        seed += 1
    return runs


def of_seeds(runs, name):
    """The mean over trainings, with half of its 95 % interval where there are several."""
    values = [np.mean(run[name]) for run in runs]
    n, text = len(values), f"{np.mean(values):.4f}"
    if n == 1:
        return text
    t = STUDENT[min(n - 2, len(STUDENT) - 1)]
    return f"{text} ± {t * np.std(values, ddof=1) / n ** 0.5:.4f}"


def paired(ours, theirs):
    """The difference of the means, and its 95 % interval by a bootstrap over people, who are drawn
    for both at once, and over the trainings of each."""
    ours, theirs, rng = np.array(ours), np.array(theirs), np.random.default_rng(1)
    found = []
    for _ in range(RESAMPLES):
        people = rng.integers(ours.shape[1], size=ours.shape[1])
        means = [runs[rng.integers(len(runs), size=len(runs))][:, people].mean()
                 for runs in (ours, theirs)]
        found.append(means[0] - means[1])
    return ours.mean() - theirs.mean(), *np.quantile(found, (0.025, 0.975))


def report(folder):
    runs = {program: read_runs(folder, program) for program in ("cmml", "torch")}
    if not all(runs.values()):
        return
    print("| | " + " | ".join(METRICS) + " | epochs | seconds |\n|---|" + "---|" * 5)
    for program, title in (("cmml", "cmml"), ("torch", "PyTorch")):
        cells = [of_seeds(runs[program], name) for name in METRICS]
        cells += [f"{np.mean([run[key] for run in runs[program]]):.0f}"
                  for key in ("epochs", "seconds")]
        n = len(runs[program])
        print(f"| {title}, {n} {'seed' if n == 1 else 'seeds'} |", " | ".join(cells), "|")
    cells = ["{:+.4f} [{:+.4f}, {:+.4f}]".format(
        *paired(*([run[name] for run in runs[program]] for program in runs))) for name in METRICS]
    print("| difference |", " | ".join(cells), "| | |")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("folder", help="what bench/melu_ratings.lua wrote")
    add("--seeds", type=int, default=5, metavar="N", help="train with seeds 1 to N (%(default)s);"
        " those that are in the folder already are not trained again; 0: show the table")
    add("--plain", action="store_true", help="every task has all layers of its own, as it is"
        " usually written; takes twice the time")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    with open(args.folder + "/settings.json", encoding="utf-8") as file:
        settings = json.load(file)
    archive = read_archive(args.folder + "/data.safetensors")
    items, users = (read_fields(archive, side) for side in ("items", "users"))

    def make(form=Melu if args.plain else Short):
        return form(items, users, settings)
    print("# torch", torch.__version__, flush=True)
    check(read_archive(args.folder + "/check.safetensors"), make, settings,
          read_batch(archive, "test.1"))
    for seed in range(1, args.seeds + 1):
        path = f"{args.folder}/torch-{seed}.json"
        if not os.path.exists(path):
            found = train(archive, make, settings, seed)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(found, file)
    report(args.folder)


if __name__ == "__main__":
    main()
