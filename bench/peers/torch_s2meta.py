"""A training step of S2Meta in PyTorch, for the cases `s2meta*` of torch_peer.py.

Vectors, weights, pairs and losses are read from what `bench/s2meta.lua` wrote; a batch whose loss is
another than cmml's ends the program. All tasks of a batch go together: the network by `bmm`, its
gradients for the steps on the support written out (they are constants, so autograd would only cost),
an update controller by one product over all coordinates of all tasks.
It runs in eager mode, or with the update of a tensor, and its gradient, by torch.compile.
"""

import itertools
import sys

import torch
import torch.nn.functional as F
from archive import read_archive

SMALLEST, STEPS, GATES = torch.exp(torch.tensor(-10.0)).item(), 20, 4


def log_part(v):
    return v.abs().clamp_min(SMALLEST).log() / 10


def sign_part(v):
    return (v / SMALLEST).clamp(-1, 1)


def update(theta, gradient, loss, h, c, weight, bias, norm_weight, norm_bias, gates, gate_bias):
    """The next theta, h and c of all coordinates: theta and gradient [tasks, n], loss [tasks], h and c
    [tasks, n, hidden]."""
    seen = theta.detach()
    x = torch.stack((log_part(gradient), sign_part(gradient), log_part(seen), sign_part(seen),
                     log_part(loss)[:, None].expand_as(seen)), -1)
    i, f, u, o = F.linear(torch.cat((x, h), -1), weight, bias).chunk(GATES, -1)
    c = f.sigmoid() * c + i.sigmoid() * u.tanh()
    h = F.layer_norm(o.sigmoid() * c.tanh(), c.shape[-1:], norm_weight, norm_bias)
    take, keep = F.linear(h, gates, gate_bias).sigmoid().unbind(-1)
    return keep * theta - take * gradient, h, c


def scores(x, theta):
    """Scores [tasks, rows] and what the layers saw, by theta: weight, bias, weight, .."""
    seen = [x]
    for weight, bias in zip(theta[0::2], theta[1::2]):
        x = torch.baddbmm(bias[:, None], seen[-1], weight.transpose(1, 2))
        seen.append(x if weight.shape[1] == 1 else x.relu())
    return seen.pop().squeeze(2), seen


def hinge(score):
    """Loss of each task from the scores of its positives, then of its negatives."""
    positive, negative = score.chunk(2, 1)
    return (1 - positive + negative).relu().mean(1)


def slopes(x, theta):
    """Loss of each task and its gradients by theta."""
    score, seen = scores(x, theta)
    positive, negative = score.chunk(2, 1)
    off = 1 - positive + negative
    g = (off > 0).to(x.dtype) / off.shape[1]
    g = torch.cat((-g, g), 1)[:, :, None]
    found = []
    for layer in reversed(range(len(seen))):
        found[:0] = torch.bmm(g.transpose(1, 2), seen[layer]), g.sum(1)
        if layer > 0:
            g = torch.bmm(g, theta[2 * layer]) * (seen[layer] > 0)
    return off.relu().mean(1), found


class Model:
    def __init__(self, entries, compiled):
        self.users, self.items = entries["vectors.users"], entries["vectors.items"]
        self.parameters = {name[6:]: value.requires_grad_()
                           for name, value in entries.items() if name.startswith("param.")}
        self.start = [self.parameters[f"net.{layer}.{name}"] for layer in range(4)
                      for name in ("weight", "bias")]
        torch._dynamo.config.recompile_limit = 64  # tensors of each size, with and without gradients
        self.update = torch.compile(update, fullgraph=True, dynamic=False) if compiled else update

    def controller(self, j):
        """The weights of update controller j, joined once for all steps."""
        def own(name):
            return self.parameters[f"update.{j}.{name}"]
        return (torch.cat((own("lstm.weight_ih"), own("lstm.weight_hh")), 1),
                own("lstm.bias_ih") + own("lstm.bias_hh"), own("norm.weight"), own("norm.bias"),
                torch.cat((own("input_gate.weight"), own("forget_gate.weight"))),
                torch.cat((own("input_gate.bias"), own("forget_gate.bias"))))

    def rows(self, pairs):
        users, positives, negatives = pairs
        return torch.cat((F.embedding(users, self.users).repeat(1, 2, 1),
                          F.embedding(torch.cat((positives, negatives), 1), self.items)), 2)

    def stop(self, losses, gradients, state):
        """Logits to stop, and the state of the stop controller."""
        own = self.parameters
        x = log_part(torch.stack([g.flatten(1).norm(dim=1) for g in gradients] + [losses], 1))
        h, c = torch._VF.lstm_cell(x, state, *(own[f"stop.lstm.{name}"] for name in
                                               ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
        return F.linear(h, own["stop.out.weight"], own["stop.out.bias"]).squeeze(1), (h, c)

    def loss(self, batch):
        tasks, query = len(batch["query"][0]), self.rows(batch["query"])
        theta = [start.flatten().repeat(tasks, 1) for start in self.start]
        controllers = [self.controller(j) for j in range(len(theta))]
        states = [tuple(self.parameters[f"update.{j}.{name}"].repeat(tasks, value.shape[1], 1)
                        for name in ("h0", "c0")) for j, value in enumerate(theta)]
        stop = tuple(self.parameters[f"stop.{name}"].expand(tasks, -1) for name in ("h0", "c0"))

        def shaped(values):
            return [value.view(tasks, *start.shape) for value, start in zip(values, self.start)]
        logits, before = [], []
        for pairs in batch["steps"]:
            with torch.no_grad():
                constants = shaped(theta)
                losses, gradients = slopes(self.rows(pairs), constants)
                before.append(hinge(scores(query, constants)[0]))
            logit, stop = self.stop(losses, gradients, stop)
            logits.append(logit)
            for j, gradient in enumerate(gradients):
                theta[j], *states[j] = self.update(theta[j], gradient.flatten(1).clamp(-1, 1), losses,
                                                   *states[j], *controllers[j])
        final = hinge(scores(query, shaped(theta))[0])
        gained = torch.stack(before) - final.detach()
        return (final + (F.softplus(torch.stack(logits)) * gained).sum(0)).mean()


def read_pairs(entries, prefix, tasks):
    """Pairs of a batch [tasks, each]; ids count from 1 in the file."""
    return tuple(entries[prefix + name].view(tasks, -1).long() - 1
                 for name in ("users", "positives", "negatives"))


def read_setting(path, tasks, compiled):
    """The model, and its batches of so many tasks, checked against the losses in the file."""
    prefix = f"{tasks}."
    entries = {name[len(prefix):]: torch.from_numpy(value.copy())
               for name, value in read_archive(path).items() if name.startswith(prefix)}
    model, batches = Model(entries, compiled), []
    while f"batch.{len(batches) + 1}.loss" in entries:
        here = f"batch.{len(batches) + 1}."
        batches.append({"query": read_pairs(entries, here + "query.", tasks),
                        "steps": [read_pairs(entries, f"{here}step.{step}.", tasks)
                                  for step in range(STEPS)]})
        want, got = entries[here + "loss"].item(), model.loss(batches[-1]).item()
        if not abs(got - want) <= 1e-4 * abs(want):
            sys.exit(f"torch_s2meta: the loss of batch {len(batches)} of {tasks} tasks is {got:g}, but "
                     f"cmml has {want:g}")
    return model, batches


def training_step(path, tasks, compiled):
    """What does a training step on the next batch: forward, backward, clipping, fused Adam with L2."""
    model, batches = read_setting(path, tasks, compiled)
    groups = [[p for name, p in model.parameters.items() if name.startswith("stop.") == of_stop]
              for of_stop in (False, True)]
    adam = torch.optim.Adam([{"params": groups[0], "lr": 1e-4}, {"params": groups[1], "lr": 5e-5}],
                            weight_decay=1e-5, fused=True)
    turns = itertools.cycle(batches)

    def step():
        adam.zero_grad()
        model.loss(next(turns)).backward()
        torch.nn.utils.clip_grad_value_(model.parameters.values(), 0.25)
        adam.step()
    return step
