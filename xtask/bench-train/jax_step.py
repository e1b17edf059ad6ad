"""One training step of either recipe in JAX, compiled, a scan over many steps: what `cargo xtask bench train` compares with.

Usage: python jax_step.py RECIPE IMAGES [HIDDEN [BATCH]]. RECIPE is seed or stable, IMAGES MNIST's training images,
gzipped. Each line read from standard input runs one round; the answer is one JSON line.
"""

import gzip
import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

LATENT, PIXELS, SLOPE = 100, 784, 0.2
recipe, images_path = sys.argv[1:3]
hidden, batch = (int(text) for text in (sys.argv[3:5] + ["128", "100"][len(sys.argv[3:5]) :]))
stable = recipe == "stable"
LR, BETA1, BETA2, EPSILON = (0.002, 0.0, 0.99, 1e-8) if stable else (0.001, 0.9, 0.999, 1e-8)
GAMMA, EMA = 2.0, 0.9998
OFFSET = 1.0 if stable else 0.0

raw = np.frombuffer(gzip.open(images_path).read(), dtype=np.uint8)[16:].reshape(-1, PIXELS)[5000:]
images = jnp.asarray(raw.astype(np.float32) / 127.5 - 1.0)


def network(key, sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        key, own = jax.random.split(key)
        limit = (6.0 / (inputs + outputs)) ** 0.5
        layers.append((jax.random.uniform(own, (inputs, outputs), minval=-limit, maxval=limit), jnp.zeros(outputs)))
    return layers


def forward(layers, x):
    for weight, bias in layers[:-1]:
        x = jax.nn.leaky_relu(x @ weight + bias, SLOPE)
    weight, bias = layers[-1]
    return x @ weight + bias


def generate(g, z):
    return jnp.tanh(forward(g, z))


def logits(d, x):
    return forward(d, x + OFFSET)[:, 0]


def penalty(d, x):
    gradient = jax.grad(lambda x: logits(d, x).sum())(x)
    return GAMMA / 2 * jnp.mean(jnp.sum(gradient**2, axis=1))


def d_loss(d, real, fake):
    of_real, of_fake = logits(d, real), logits(d, fake)
    if stable:
        return jnp.mean(jax.nn.softplus(of_fake - of_real)) + penalty(d, real) + penalty(d, fake)
    return jnp.mean(jax.nn.softplus(of_real) - 0.9 * of_real + jax.nn.softplus(of_fake))


def g_loss(g, d, real, z):
    of_fake = logits(d, generate(g, z))
    return jnp.mean(jax.nn.softplus((logits(d, real) if stable else 0.0) - of_fake))


def adam(parameters, moments, gradient, step):
    rate = LR * jnp.sqrt(1 - BETA2**step) / (1 - BETA1**step)
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, moments[0], gradient)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, moments[1], gradient)
    moved = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), parameters, first, second)
    return moved, (first, second)


def step(state, indices):
    g, d, g_moments, d_moments, ema, count, key = state
    key, own = jax.random.split(key)
    z = jax.random.normal(own, (batch, LATENT))
    real, count = images[indices], count + 1
    d_value, d_gradient = jax.value_and_grad(d_loss)(d, real, generate(g, z))
    d, d_moments = adam(d, d_moments, d_gradient, count)
    g_value, g_gradient = jax.value_and_grad(g_loss)(g, d, real, z)
    g, g_moments = adam(g, g_moments, g_gradient, count)
    if stable:
        ema = jax.tree.map(lambda average, p: EMA * average + (1 - EMA) * p, ema, g)
    return (g, d, g_moments, d_moments, ema, count, key), (d_value, g_value)


@jax.jit
def round_of(state, indices):
    return jax.lax.scan(step, state, indices)


def zeros(tree):
    return jax.tree.map(jnp.zeros_like, tree)


g = network(jax.random.key(0), [LATENT, hidden, hidden, PIXELS])
d = network(jax.random.key(1), [PIXELS, hidden, hidden, 1])
state = (g, d, (zeros(g), zeros(g)), (zeros(d), zeros(d)), g, jnp.float32(0), jax.random.key(2))
steps = max(20, min(550, int(550 * (100 / batch) * (128 / hidden) ** 1.5)))
rng = np.random.default_rng(0)


def indices():
    return jnp.asarray(rng.permutation(len(images))[: steps * batch].reshape(steps, batch) if steps * batch <= len(images)
                       else rng.integers(0, len(images), (steps, batch)))


state, _ = jax.block_until_ready(round_of(state, indices()))
for _ in sys.stdin:
    chosen = jax.block_until_ready(indices())
    began = time.perf_counter()
    state, losses = jax.block_until_ready(round_of(state, chosen))
    seconds = time.perf_counter() - began
    assert np.isfinite(np.asarray(losses)).all(), "the losses are no longer numbers"
    print(json.dumps({"ms_per_step": seconds / steps * 1e3, "steps": steps, "version": jax.__version__}), flush=True)
