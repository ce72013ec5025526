#!/usr/bin/env python3
"""Times the user setting of CMML in PyTorch, as the peer of `make bench`.

The model, sizes and work of the benchmark of cmml, written as a careful PyTorch user would: all
tasks of a batch at once, embedding bags, a fused optimiser, eager mode, one thread in every
library. Output: lines that start with `#` are remarks, the first one gives versions and settings;
every other line is `case<TAB>processor seconds of a run<TAB>runs`. Weights, made data and tensors of ids are
prepared beforehand and not timed.

cases:
  step           one training step: 32 tasks, support 40, query 10; forward, MSE, backward, clamp of
                 the gradient to [-10, 10], fused Adam with L2
  step_algebra   the same loss and gradients by less work: pooling before the encoder's last map,
                 in the first maps each user, distinct item and distinct rating once
  adam           of it clamp, L2 and Adam alone, on zero gradients
  adapt          the context of one new user from 40 interactions
  adapt_algebra  the same by less work, as step_algebra has it
  adapt_compiled  adapt_algebra by torch.compile
  score          scores of 1,000 items for an adapted user, embeddings looked up
  score_algebra  the same with item vectors made beforehand, user part of the first maps once
  score_folded   of that also the items' part of the backbone's first map beforehand, and the hypernetwork's
                 first map with the context in its weights
  score_compiled  score_folded by torch.compile
  load           read a MovieLens-1M ratings.dat into int32 arrays (only with --ratings)
  gru, lstm      nn.GRU and nn.LSTM over 40 steps of width 256, batch 32: forward, sum, backward to
                 weights and inputs
  scenario       one training step in the scenario setting, 16 tasks, on the weights, vectors and draws
                 of a file (only with --scenario)
  scenario_one   the same, one task
  s2meta         one training step of S2Meta, 8 tasks of 20 steps, on the vectors, weights and pairs of a
                 file (only with --s2meta)
  s2meta_compiled  the same by torch.compile
  s2meta_one, s2meta_one_compiled  the same, one task
  dcn            one training step of DCN, 32 people of 50 ratings, on the fields, weights and ratings of
                 a file (only with --dcn)
  dcn_algebra    the same by less work: each distinct item and each person embedded and mapped once,
                 cross layers by a number for each row
  dcn_compiled   dcn_algebra by torch.compile
  sasrec         one training step of SASRec, 256 sequences of nearly equal length, dropout, a softmax over
                 the target and 256 items, on the sequences and weights of a file (only with --sasrec)
  sasrec_compiled  the same by torch.compile, for the sizes of each batch
  sasrec_bf16    that under autocast to bfloat16
  fomaml         one step of first-order MAML on SASRec, 64 users of nearly equal length, 5 inner steps
                 each, torch.func.vmap over grad, on the sequences and weights of a file (only with
                 --fomaml)
  melu_loop, melu_batched, melu_vmap, melu_algebra
                 one training step of MeLU, 32 tasks of 40 + 10 ratings, 5 inner steps of second order: a
                 task after another; all in batched products; torch.func.vmap; gradients of the steps
                 written out, the first layer never made for a task
  melu_one_..    the same with 1 inner step
  melu_adapt_loop, melu_adapt_algebra
                 5 inner steps on the 40 ratings of one user
  gemm           float32 matrix product 1024 x 1024 x 1024
  chain          10,000 adds on a tensor of one element, then the gradient
"""

import argparse
import itertools
import os
import statistics
import sys
import time
from collections import namedtuple
from functools import partial

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update(dict.fromkeys(_THREADS, "1"))  # read once, when the libraries load

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
import torch_dcn  # noqa: E402
import torch_fomaml  # noqa: E402
import torch_melu  # noqa: E402
import torch_s2meta  # noqa: E402
import torch_sasrec  # noqa: E402
from torch_scenario import training_step  # noqa: E402

try:
    import pandas  # only for the case `load`
except ImportError:
    pandas = None

# MovieLens-1M: rows of the tables, WIDTH columns each, joined in this order to x [n, 256].
ITEM_FIELDS = {"rate": 6, "genre": 25, "director": 2186, "actor": 8030}
USER_FIELDS = {"gender": 2, "age": 7, "occupation": 21, "zip": 3402}
FIELDS = {**ITEM_FIELDS, **USER_FIELDS}
BAGS = ("genre", "director", "actor")
WIDTH, LABEL, ENCODER, TRUNK, BACKBONE = 32, 64, 64, (256, 256), (64, 64)
ITEMS, USERS, TASKS, SUPPORT, QUERY, SCORED, GEMM = 3706, 6040, 32, 40, 10, 1000, 1024
BATCHES = 8  # steps take them in turn, so that no step finds its rows in the cache of the last one

# `rows` and `unique` are ids: a field maps to indices, or to (values, offsets) of its bags.
# `unique` has the distinct items of one side of a batch, `place` [n] where each row's item is.
Side = namedtuple("Side", "rows labels unique place")
Batch = namedtuple("Batch", "support query users rating")


class Data:
    """Made ids with the sizes of MovieLens-1M: a catalogue, its users, and draws of tasks."""

    def __init__(self, seed):
        self.rng = rng = np.random.default_rng(seed)
        counts = {"genre": rng.integers(2, 4, ITEMS), "director": [1] * ITEMS, "actor": [4] * ITEMS}
        self.bags = {f: [rng.choice(ITEM_FIELDS[f], n, False) for n in counts[f]] for f in BAGS}
        self.rates = rng.integers(ITEM_FIELDS["rate"], size=ITEMS)
        self.users = {f: rng.integers(size, size=USERS) for f, size in USER_FIELDS.items()}
        # By this law 32 tasks of 40 + 10 draw about as many distinct items as from real ratings.
        popularity = np.exp(-np.arange(ITEMS) / 575)
        self.popularity = popularity / popularity.sum()

    def item_rows(self, items):
        rows = {"rate": torch.from_numpy(self.rates[items])}
        for field, lists in self.bags.items():
            chosen = [lists[i] for i in items]
            offsets = np.cumsum([0] + [len(c) for c in chosen[:-1]])
            rows[field] = torch.from_numpy(np.concatenate(chosen)), torch.from_numpy(offsets)
        return rows

    def user_rows(self, users):
        return {f: torch.from_numpy(ids[users]) for f, ids in self.users.items()}

    def side(self, items, users, labels):
        unique, place = np.unique(items.ravel(), return_inverse=True)
        users = self.user_rows(np.repeat(users, items.shape[1]))
        rows = {**self.item_rows(items.ravel()), **users}
        labels = torch.from_numpy(labels.ravel().astype(np.float32))
        return Side(rows, labels, self.item_rows(unique), torch.from_numpy(place))

    def batch(self, tasks):
        """Tasks of distinct users, the items of each of them distinct."""
        users, n, s = self.rng.choice(USERS, tasks, False), SUPPORT + QUERY, SUPPORT
        items = np.stack([self.rng.choice(ITEMS, n, False, self.popularity) for _ in users])
        labels = self.rng.choice(5, (tasks, n), p=[0.056, 0.108, 0.262, 0.348, 0.226]) + 1
        return Batch(self.side(items[:, :s], users, labels[:, :s]),
                     self.side(items[:, s:], users, labels[:, s:]),
                     self.user_rows(users), torch.from_numpy(labels[:, :s].ravel() - 1))


def linears(first, widths):
    return nn.ModuleList(nn.Linear(a, b) for a, b in zip((first,) + widths, widths))


class Cmml(nn.Module):
    """Content embeddings, pooling encoder, element-wise hybrid, FiLM head."""

    def __init__(self, fields=FIELDS, bags=BAGS, padding=None):
        super().__init__()
        d = len(fields) * WIDTH
        self.embedding = nn.ModuleDict({
            f: nn.EmbeddingBag(n, WIDTH, mode="mean", padding_idx=padding) if f in bags
            else nn.Embedding(n, WIDTH, padding_idx=padding) for f, n in fields.items()})
        for f in bags:  # the published code has linear maps of multi-hot rows here
            weight = self.embedding[f].weight
            nn.init.uniform_(weight, -fields[f] ** -0.5, fields[f] ** -0.5)
            if padding is not None:
                weight.data[padding] = 0
        self.label = nn.Sequential(nn.Linear(1, LABEL), nn.ReLU(), nn.Linear(LABEL, LABEL))
        self.encoder = linears(d + LABEL, (ENCODER, d))
        self.trunk = linears(d, TRUNK)
        self.head = nn.ModuleList(nn.Linear(a, 2 * b) for a, b in zip(TRUNK, BACKBONE))
        self.backbone = linears(d, BACKBONE)
        self.out = nn.Linear(BACKBONE[-1], 1)

    def embed(self, rows):
        """The parts of x that the fields of `rows` give, side by side."""
        return torch.cat([self.embedding[f](*(ids if isinstance(ids, tuple) else (ids,)))
                          for f, ids in rows.items()], 1)

    def label_part(self, labels):
        return self.label(labels.unsqueeze(1).to(self.out.weight.dtype))

    def context(self, batch, tasks):
        """Contexts [tasks, 256] of the batch's support, equally many rows a task."""
        with torch.no_grad():  # the encoder sees x as a constant
            x = self.embed(batch.support.rows)
        s = torch.cat((x, self.label_part(batch.support.labels)), 1)
        s = self.encoder[1](F.relu(self.encoder[0](s)))
        return s.view(tasks, -1, s.shape[1]).mean(1)

    def film(self, t, a):
        """Scores [n], given what the first maps of trunk and backbone make of z and of x."""
        for layer, head in enumerate(self.head):
            t = F.relu(self.trunk[layer](t) if layer else t)
            gamma, beta = head(t).chunk(2, 1)
            a = self.backbone[layer](a) if layer else a
            a = F.leaky_relu(torch.addcmul(beta, gamma, a), 0.01)
        return self.out(a).squeeze(1)

    def predict(self, x, context):
        """Scores [n] of rows x [n, 256] for contexts [tasks, 256], equally many rows a task."""
        z = (x.view(len(context), -1, x.shape[1]) * context.unsqueeze(1)).view_as(x)
        return self.film(self.trunk[0](z), self.backbone[0](x))

    def loss(self, batch, tasks=TASKS):
        scores = self.predict(self.embed(batch.query.rows), self.context(batch, tasks))
        # Tasks have equally many query rows: the mean over all is the mean of the tasks' means.
        return F.mse_loss(scores, batch.query.labels)


class Short(Cmml):
    """The same function by less work; nothing here is an approximation. W [x | y] is the sum of two
    maps, and what repeats (items in a batch, a user in a task, ratings) is mapped once. `spread`
    repeats rows of tasks for the rows of a batch."""

    def hidden(self, item, user, stars, place, rating, spread):
        """The encoder's hidden rows, from the distinct items, users and ratings."""
        first = self.encoder[0]
        w_item, w_user, w_label = first.weight.split((item.shape[1], user.shape[1], LABEL), 1)
        rows = F.embedding(place, F.linear(item, w_item))
        rows = rows + F.embedding(rating, F.linear(self.label_part(stars), w_label))
        return F.relu(rows + spread(F.linear(user, w_user, first.bias)))

    def joined(self, item, user, place, context, spread):
        """Scores of rows that join an item and the user of the task."""
        cut, trunk, backbone = (item.shape[1], user.shape[1]), self.trunk[0], self.backbone[0]
        c_item, c_user = context.split(cut, 1)
        w_item, w_user = trunk.weight.split(cut, 1)
        t = F.linear(F.embedding(place, item) * spread(c_item), w_item)
        t = t + spread(F.linear(user * c_user, w_user, trunk.bias))
        w_item, w_user = backbone.weight.split(cut, 1)
        a = F.embedding(place, F.linear(item, w_item))
        return self.film(t, a + spread(F.linear(user, w_user, backbone.bias)))

    def context(self, batch, tasks):
        side = batch.support
        with torch.no_grad():
            item, user = self.embed(side.unique), self.embed(batch.users)
        rows = self.hidden(item, user, torch.arange(1.0, 6.0), side.place, batch.rating,
                           lambda x: x.repeat_interleave(SUPPORT, 0))
        # The last map is linear: pool before it.
        return self.encoder[1](rows.view(tasks, -1, ENCODER).mean(1))

    def loss(self, batch, tasks=TASKS):
        item, user, side = self.embed(batch.query.unique), self.embed(batch.users), batch.query
        scores = self.joined(item, user, side.place, self.context(batch, tasks),
                             lambda x: x.repeat_interleave(QUERY, 0))
        return F.mse_loss(scores, side.labels)

    def score(self, item, user, context):
        """Scores of items [n, 128] for one user [1, 128]: the user's part of a map once."""
        def split(layer, factor):
            w = layer.weight * factor  # W (C * x) = (W * C) x
            half = item.shape[1]
            return F.linear(item, w[:, :half], F.linear(user, w[:, half:], layer.bias).squeeze(0))
        return self.film(split(self.trunk[0], context), split(self.backbone[0], 1.0))

    def folded(self, item, user, context):
        """What of the scores depends on the item or on the user alone."""
        half, first = item.shape[1], self.backbone[0]
        trunk = self.trunk[0].weight * context
        bias = F.linear(user, trunk[:, half:], self.trunk[0].bias).squeeze(0)
        start = F.linear(item, first.weight[:, :half])
        return item, start, F.linear(user, first.weight[:, half:], first.bias), \
            trunk[:, :half].contiguous(), bias

    def score_folded(self, item, start, user, trunk, bias):
        return self.film(F.linear(item, trunk, bias), start + user)


class Trainer:
    """One call is one training step; gives the loss."""

    def __init__(self, model):
        self.model, self.params = model, list(model.parameters())
        self.adam = torch.optim.Adam(self.params, lr=3e-4, weight_decay=1e-5, fused=True)

    def __call__(self, batch):
        self.adam.zero_grad()
        loss = self.model.loss(batch)
        loss.backward()
        self.step()
        return loss

    def step(self):
        for p in self.params:
            p.grad.clamp_(-10, 10)  # quicker on one thread than clip_grad_value_
        self.adam.step()


def adam(model):
    trainer = Trainer(model)
    for p in trainer.params:
        p.grad = torch.zeros_like(p)
    return trainer.step


def next_step(model, batches):
    trainer, turns = Trainer(model), itertools.cycle(batches)
    return lambda: trainer(next(turns))


def read_ratings(path):
    """Four int32 columns of a `::`-separated file, by the quickest reader at hand."""
    if pandas:  # a single-character separator takes the C parser; every second column is empty
        table = pandas.read_csv(path, sep=":", header=None, usecols=[0, 2, 4, 6], dtype=np.int32)
        return [table[c].to_numpy() for c in table]
    with open(path, "rb") as file:
        text = file.read().replace(b"::", b" ")
    return list(np.fromstring(text, np.int32, sep=" ").reshape(-1, 4).T)


def check_equal(what, want, got):
    error = (want - got).abs().max().item()
    if not error <= 1e-9 * want.abs().max().item():
        sys.exit(f"torch_peer: the short form differs from the plain one in {what} by {error:g}")


def chain():
    """What an op costs besides its arithmetic."""
    x = torch.ones(1, requires_grad=True)

    def run():
        y = x
        for _ in range(10000):
            y = y + x
        return torch.autograd.grad(y, x)
    return run


class Cases:
    """The work that is timed: `make(name)` prepares a case and returns what runs it once."""

    def __init__(self, seed, ratings, scenario, dcn, s2meta, sasrec, fomaml):
        torch.manual_seed(seed)
        data = Data(seed)
        self.plain, self.short = Cmml(), Short()
        self.short.load_state_dict(self.plain.state_dict())
        self.batches = [data.batch(TASKS) for _ in range(BATCHES)]
        self.user = data.batch(1)
        self.items = data.item_rows(data.rng.choice(ITEMS, SCORED, False))
        self.check()
        a, b, out = (torch.randn(GEMM, GEMM) for _ in range(3))
        self.prepare = {
            "step": lambda: next_step(self.plain, self.batches),
            "step_algebra": lambda: next_step(self.short, self.batches),
            "adam": lambda: adam(Cmml()), "adapt": self.adapt,
            "adapt_algebra": lambda: self.adapt(self.short),
            "adapt_compiled": lambda: self.adapt(self.short, True),
            "score": self.score, "score_algebra": self.score_algebra,
            "score_folded": self.score_folded,
            "score_compiled": lambda: self.score_folded(True),
            "gru": lambda: recurrent(nn.GRU), "lstm": lambda: recurrent(nn.LSTM),
            "gemm": lambda: lambda: torch.mm(a, b, out=out), "chain": chain}
        self.prepare.update(torch_melu.cases(sys.modules[__name__], self.batches, self.user))
        if ratings:
            self.prepare["load"] = lambda: lambda: read_ratings(ratings)
        if scenario:
            self.prepare["scenario"] = lambda: training_step(scenario, 16)
            self.prepare["scenario_one"] = lambda: training_step(scenario, 1)
        for name, tasks in (("s2meta", 8), ("s2meta_one", 1)) if s2meta else ():
            for ending, compiled in ("", False), ("_compiled", True):
                self.prepare[name + ending] = partial(torch_s2meta.training_step, s2meta, tasks,
                                                      compiled)
        if dcn:
            self.prepare["dcn"] = lambda: torch_dcn.training_step(dcn, "plain")
            self.prepare["dcn_algebra"] = lambda: torch_dcn.training_step(dcn, "algebra")
            self.prepare["dcn_compiled"] = lambda: torch_dcn.training_step(dcn, "compiled")
        if fomaml:
            self.prepare["fomaml"] = lambda: torch_fomaml.training_step(fomaml)
        if sasrec:
            self.prepare["sasrec"] = lambda: torch_sasrec.training_step(sasrec, "plain")
            self.prepare["sasrec_compiled"] = lambda: torch_sasrec.training_step(sasrec, "compiled")
            self.prepare["sasrec_bf16"] = lambda: torch_sasrec.training_step(sasrec, "bf16")

    def make(self, name):
        if name not in self.prepare:
            known = ", ".join(self.prepare)
            raise ValueError(f"no case '{name}'; there are: {known} (load needs --ratings, scenario"
                             " and scenario_one --scenario, dcn and dcn_* --dcn, "
                             " sasrec and sasrec_* --sasrec, fomaml --fomaml, s2meta_* --s2meta)")
        return self.prepare[name]()

    def check(self):
        """Short forms must give what plain ones give; in double, to tell faults from rounding."""
        losses = [model.double().loss(self.batches[0]) for model in (self.plain, self.short)]
        check_equal("the loss", *losses)
        sum(losses).backward()
        for (name, p), q in zip(self.plain.named_parameters(), self.short.parameters()):
            check_equal("the gradient of " + name, p.grad, q.grad)
        check_equal("the scores", self.score()(), self.score_algebra()())
        check_equal("the scores, folded", self.score()(), self.score_folded()())
        self.plain.float()
        self.short.float()
        torch_melu.check(sys.modules[__name__], self.batches[0])

    def adapt(self, model=None, compiled=False):
        model = model or self.plain
        context = torch.compile(model.context, dynamic=False) if compiled else model.context
        return torch.inference_mode()(lambda: context(self.user, 1))

    def score(self):
        model, context = self.plain, self.adapt()()

        def run():
            item, user = model.embed(self.items), model.embed(self.user.users)
            return model.predict(torch.cat((item, user.expand(len(item), -1)), 1), context)
        return torch.inference_mode()(run)

    def score_algebra(self):
        model = self.short
        with torch.inference_mode():
            item, user = model.embed(self.items), model.embed(self.user.users)
            context = model.context(self.user, 1)
        return torch.inference_mode()(lambda: model.score(item, user, context))

    def score_folded(self, compiled=False):
        model = self.short
        with torch.inference_mode():
            folded = model.folded(model.embed(self.items), model.embed(self.user.users),
                                  model.context(self.user, 1))
        run = torch.compile(model.score_folded, dynamic=False) if compiled else model.score_folded
        return torch.inference_mode()(lambda: run(*folded))


def recurrent(layer):
    """One pass over 40 steps and its gradients; the outputs h alone are summed."""
    layer = layer(256, 256, batch_first=True)
    x = torch.rand(32, 40, 256, requires_grad=True)
    of = [x, *layer.parameters()]
    return lambda: torch.autograd.grad(layer(x)[0].sum(), of)


def prepare(run, warmup):
    """Warms up; returns what runs a batch, about 0.1 s, and gives the mean seconds of a run."""
    for _ in range(warmup):
        run()
    start = time.perf_counter()
    run()
    runs = max(1, min(1000, round(0.1 / (time.perf_counter() - start))))

    def batch():
        start = time.process_time()  # what other programs take of the processor is not counted
        for _ in range(runs):
            run()
        return (time.process_time() - start) / runs, runs
    return batch


def report(name, batches):
    seconds, runs = zip(*batches)
    print(f"{name}\t{statistics.median(seconds):.9f}\t{sum(runs)}", flush=True)


def serve(cases, warmup):
    batches = {}
    for name in filter(None, map(str.strip, sys.stdin)):
        try:
            if name not in batches:
                batches[name] = prepare(cases.make(name), warmup)
            report(name, [batches[name]()])
        except (ValueError, OSError) as error:
            print(f"error\t{error}", flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--cases", help="names joined by commas (default: all that can run)")
    add("--repeat", type=int, default=10, metavar="N", help="batches of runs a case, the cases"
        " taking turns; a batch fills about 0.1 s (%(default)s)")
    add("--warmup", type=int, default=5, metavar="N", help="untimed runs of a case (%(default)s)")
    add("--seed", type=int, default=1, help="of made data and weights (%(default)s)")
    add("--ratings", metavar="FILE", help="a ratings.dat, for the case load")
    add("--scenario", metavar="FILE", help="what bench/scenario.lua wrote, for the cases scenario and"
        " scenario_one")
    add("--sasrec", metavar="FILE", help="what bench/sasrec.lua wrote, for the cases sasrec and sasrec_*")
    add("--fomaml", metavar="FILE", help="what bench/fomaml.lua wrote, for the case fomaml")
    add("--dcn", metavar="FILE", help="what bench/dcn.lua wrote, for the cases dcn and dcn_*")
    add("--s2meta", metavar="FILE", help="what bench/s2meta.lua wrote, for the cases s2meta_*")
    add("--serve", action="store_true", help="read a case name a line, run one batch of it, print"
        " its line at once (or error<TAB>message); ends with the input")
    args = parser.parse_args()
    if args.repeat < 1 or args.warmup < 0 or args.seed < 0:
        parser.error("--repeat must be at least 1, --warmup and --seed at least 0")
    return parser, args


def main():
    parser, args = parse_arguments()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    print(f"# torch {torch.__version__}, numpy {np.__version__}, "
          f"pandas {pandas.__version__ if pandas else 'none'}, python {sys.version.split()[0]}, "
          f"threads {torch.get_num_threads()}, mkl {torch.backends.mkl.is_available()}, "
          f"mkldnn {torch.backends.mkldnn.is_available()}, "
          f"cpu {torch.backends.cpu.get_cpu_capability()}, seed {args.seed}", flush=True)
    cases = Cases(args.seed, args.ratings, args.scenario, args.dcn, args.s2meta,
                  args.sasrec, args.fomaml)
    if args.serve:
        return serve(cases, args.warmup)
    names = args.cases.split(",") if args.cases else cases.prepare
    try:
        batches = {name: prepare(cases.make(name), args.warmup) for name in names}
    except (ValueError, OSError) as error:
        parser.error(str(error))
    results = {name: [] for name in batches}
    for name in list(batches) * args.repeat:
        results[name].append(batches[name]())
    for name in batches:
        report(name, results[name])
    if "gemm" in results:
        seconds = statistics.median(mean for mean, _ in results["gemm"])
        print(f"# gemm {2e-9 * GEMM ** 3 / seconds:.1f} GF/s")


if __name__ == "__main__":
    main()
