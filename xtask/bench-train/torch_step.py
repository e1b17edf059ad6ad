"""One training step of either recipe in PyTorch, eager or compiled: what `cargo xtask bench train` compares with.

Usage: python torch_step.py eager|compiled RECIPE IMAGES. RECIPE is seed or stable, IMAGES MNIST's training images,
gzipped. Each line read from standard input runs one round; the answer is one JSON line.
"""

import gzip
import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import leaky_relu, softplus

LATENT, PIXELS, HIDDEN, BATCH, SLOPE, STEPS = 100, 784, 128, 100, 0.2, 300
mode, recipe, images_path = sys.argv[1:4]
stable = recipe == "stable"
LR, BETAS = (0.002, (0.0, 0.99)) if stable else (0.001, (0.9, 0.999))
GAMMA, EMA = 2.0, 0.9998
OFFSET = 1.0 if stable else 0.0

torch.manual_seed(0)
raw = np.frombuffer(gzip.open(images_path).read(), dtype=np.uint8)[16:].reshape(-1, PIXELS)[5000:]
images = torch.from_numpy(raw.astype(np.float32) / 127.5 - 1.0)


class Network(nn.Module):
    def __init__(self, inputs, outputs, bounded):
        super().__init__()
        sizes = [inputs, HIDDEN, HIDDEN, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.bounded = bounded
        for layer in self.layers:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = x if self.bounded else x + OFFSET
        for layer in self.layers[:-1]:
            x = leaky_relu(layer(x), SLOPE)
        x = self.layers[-1](x)
        return torch.tanh(x) if self.bounded else x[:, 0]


g, d = Network(LATENT, PIXELS, True), Network(PIXELS, 1, False)
average = [p.detach().clone() for p in g.parameters()]
adam_g = torch.optim.Adam(g.parameters(), LR, BETAS, fused=True)
adam_d = torch.optim.Adam(d.parameters(), LR, BETAS, fused=True)


def penalty(x, logits):
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return GAMMA / 2 * gradient.square().sum(1).mean()


def d_loss(real, fake):
    if stable:
        real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
        of_real, of_fake = d(real), d(fake)
        return softplus(of_fake - of_real).mean() + penalty(real, of_real) + penalty(fake, of_fake)
    of_real, of_fake = d(real), d(fake)
    return (softplus(of_real) - 0.9 * of_real + softplus(of_fake)).mean()


def g_loss(real, z):
    of_fake = d(g(z))
    return softplus((d(real) if stable else 0.0) - of_fake).mean()


if mode == "compiled":
    # A second derivative is more than the compiler takes; there the networks alone are compiled.
    if stable:
        g.compile()
    else:
        d_loss, g_loss = torch.compile(d_loss), torch.compile(g_loss)


def step(indices):
    z, real = torch.randn(BATCH, LATENT), images[indices]
    with torch.no_grad():
        fake = g(z)
    adam_d.zero_grad(set_to_none=True)
    d_loss(real, fake).backward()
    adam_d.step()
    adam_g.zero_grad(set_to_none=True)
    d.requires_grad_(False)
    loss = g_loss(real, z)
    loss.backward()
    d.requires_grad_(True)
    adam_g.step()
    if stable:
        with torch.no_grad():
            torch._foreach_lerp_(average, list(g.parameters()), 1 - EMA)
    return loss


def round_of(steps):
    order = torch.randperm(len(images))[: steps * BATCH].view(steps, BATCH)
    for indices in order:
        loss = step(indices)
    return loss


round_of(20)
for _ in sys.stdin:
    began = time.perf_counter()
    loss = round_of(STEPS)
    seconds = time.perf_counter() - began
    assert torch.isfinite(loss), "the losses are no longer numbers"
    print(json.dumps({"ms_per_step": seconds / STEPS * 1e3, "steps": STEPS, "version": torch.__version__}), flush=True)
