"""MeLU in PyTorch, for the cases `melu..` of torch_peer.py: one training step through inner steps of
second order, 32 tasks of 40 + 10 ratings, and adapting one user, in the best forms that are known:

  loop      a task after another, torch.autograd.grad with create_graph (as the published code)
  batched   all tasks at once: weights of every task in batched matrix products
  vmap      torch.func: vmap over grad of a task's loss
  algebra   the gradients of the steps written out, and the first layer never made for a task: with
            K = X X' + 1 its value is x W + b - rate K (sum of deltas)

All give the same loss and gradients, which is checked in double precision before anything is timed.
"""

import itertools
import sys

import torch
import torch.nn.functional as F
from torch import nn

RATE, STEPS, TASKS = 0.01, 5, 32


class Melu(nn.Module):
    """`peer` is torch_peer: its embeddings of fields and sizes."""

    def __init__(self, peer, form, steps=STEPS):
        super().__init__()
        self.embedding = peer.Cmml().embedding
        self.layers = peer.linears(len(peer.FIELDS) * peer.WIDTH, (64, 64, 1))
        self.form, self.steps = form, steps

    def embed(self, rows):
        return torch.cat([self.embedding[f](*(ids if isinstance(ids, tuple) else (ids,)))
                          for f, ids in rows.items()], 1)

    def weights(self):
        return [t for layer in self.layers for t in (layer.weight, layer.bias)]

    def loss(self, batch, tasks=TASKS):
        x = self.embed(batch.support.rows).view(tasks, -1, self.layers[0].in_features)
        q = self.embed(batch.query.rows).view(tasks, -1, self.layers[0].in_features)
        y = batch.support.labels.to(x.dtype).view(tasks, -1)
        z = batch.query.labels.to(x.dtype).view(tasks, -1)
        return getattr(self, self.form)(x, y, q, z)

    @staticmethod
    def scores(x, weights):
        w1, b1, w2, b2, w3, b3 = weights
        return F.linear(F.relu(F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)), w3, b3).squeeze(-1)

    def adapted(self, x, y, create_graph=True):
        weights = self.weights()
        for _ in range(self.steps):
            loss = F.mse_loss(self.scores(x, weights), y)
            slopes = torch.autograd.grad(loss, weights, create_graph=create_graph)
            weights = [w - RATE * g for w, g in zip(weights, slopes)]
        return weights

    def loop(self, x, y, q, z):
        losses = [F.mse_loss(self.scores(q[t], self.adapted(x[t], y[t])), z[t])
                  for t in range(len(x))]
        return torch.stack(losses).mean()

    @staticmethod
    def scores_batched(x, weights):
        for i in range(0, 6, 2):
            x = torch.baddbmm(weights[i + 1].unsqueeze(1), x, weights[i].transpose(1, 2))
            x = F.relu(x) if i < 4 else x
        return x.squeeze(-1)

    def batched(self, x, y, q, z):
        weights = [w.expand(len(x), *w.shape) for w in self.weights()]
        for _ in range(self.steps):
            loss = (self.scores_batched(x, weights) - y).square().mean(1).sum()
            slopes = torch.autograd.grad(loss, weights, create_graph=True)
            weights = [w - RATE * g for w, g in zip(weights, slopes)]
        return F.mse_loss(self.scores_batched(q, weights), z)

    def vmap(self, x, y, q, z):
        shared = self.weights()

        def task(x, y, q, z):
            def inner(weights):
                return F.mse_loss(self.scores(x, weights), y)
            weights = shared
            for _ in range(self.steps):
                slopes = torch.func.grad(inner)(weights)
                weights = [w - RATE * g for w, g in zip(weights, slopes)]
            return F.mse_loss(self.scores(q, weights), z)
        return torch.func.vmap(task)(x, y, q, z).mean()

    def steps_written_out(self, x, y):
        w1, b1, w2, b2, w3, b3 = self.weights()
        tasks, n = y.shape
        base = F.linear(x, w1, b1)
        kernel = torch.baddbmm(torch.ones(1, 1, 1, dtype=x.dtype), x, x.transpose(1, 2))
        w2, b2 = w2.expand(tasks, -1, -1), b2.expand(tasks, 1, -1)
        w3, b3 = w3.expand(tasks, -1, -1), b3.expand(tasks, 1, -1)
        share, sums = 2 * RATE / n, None
        for _ in range(self.steps):
            first = base if sums is None else torch.baddbmm(base, kernel, sums, alpha=-1)
            a1 = F.relu(first)
            a2 = F.relu(torch.baddbmm(b2, a1, w2.transpose(1, 2)))
            d3 = (torch.baddbmm(b3, a2, w3.transpose(1, 2)) - y.unsqueeze(-1)) * share
            d2 = d3 * w3 * (a2 > 0)
            d1 = torch.bmm(d2, w2) * (a1 > 0)
            w3 = torch.baddbmm(w3, d3.transpose(1, 2), a2, alpha=-1)
            b3 = b3 - d3.sum(1, True)
            w2 = torch.baddbmm(w2, d2.transpose(1, 2), a1, alpha=-1)
            b2 = b2 - d2.sum(1, True)
            sums = d1 if sums is None else sums + d1
        return sums, (w2, b2, w3, b3)

    def algebra(self, x, y, q, z):
        sums, (w2, b2, w3, b3) = self.steps_written_out(x, y)
        near = torch.baddbmm(torch.ones(1, 1, 1, dtype=x.dtype), q, x.transpose(1, 2))
        a = F.linear(q, self.layers[0].weight, self.layers[0].bias)
        a = F.relu(torch.baddbmm(a, near, sums, alpha=-1))
        a = F.relu(torch.baddbmm(b2, a, w2.transpose(1, 2)))
        return F.mse_loss(torch.baddbmm(b3, a, w3.transpose(1, 2)).squeeze(-1), z)


FORMS = ("loop", "batched", "vmap", "algebra")


def check(peer, batch):
    """Every form must give what the loop gives."""
    models = [Melu(peer, form).double() for form in FORMS]
    for model in models[1:]:
        model.load_state_dict(models[0].state_dict())
    losses = [model.loss(batch) for model in models]
    for loss in losses:
        loss.backward()
    for model, loss in zip(models[1:], losses[1:]):
        peer.check_equal(f"the loss of {model.form}", losses[0], loss)
        for (name, p), q in zip(models[0].named_parameters(), model.parameters()):
            peer.check_equal(f"the gradient of {name} of {model.form}", p.grad, q.grad)


class Trainer:
    """One call is one training step: clamp to [-10, 10] and fused Adam."""

    def __init__(self, model):
        self.model, self.params = model, list(model.parameters())
        self.adam = torch.optim.Adam(self.params, lr=3e-4, fused=True)

    def __call__(self, batch):
        self.adam.zero_grad()
        loss = self.model.loss(batch)
        loss.backward()
        for p in self.params:
            p.grad.clamp_(-10, 10)
        self.adam.step()
        return loss


def training_step(peer, batches, form, steps):
    trainer, turns = Trainer(Melu(peer, form, steps)), itertools.cycle(batches)
    return lambda: trainer(next(turns))


def adapting(peer, user, form):
    """Five steps on one user's 40 ratings."""
    model = Melu(peer, form)

    def rows():
        return model.embed(user.support.rows), user.support.labels.to(torch.float32)

    def recorded():
        with torch.no_grad():
            x, y = rows()
        return model.adapted(x, y, create_graph=False)

    @torch.inference_mode()
    def written_out():
        x, y = rows()
        return model.steps_written_out(x.unsqueeze(0), y.unsqueeze(0))
    return written_out if form == "algebra" else recorded


def cases(peer, batches, user):
    """What is timed, by name."""
    found = {}
    for form in FORMS:
        found["melu_" + form] = lambda form=form: training_step(peer, batches, form, STEPS)
        found["melu_one_" + form] = lambda form=form: training_step(peer, batches, form, 1)
    for form in ("loop", "algebra"):
        found["melu_adapt_" + form] = lambda form=form: adapting(peer, user, form)
    return found


if __name__ == "__main__":
    sys.exit("run torch_peer.py --cases melu_loop,melu_batched,..")
