"""Trains the denoiser of ddim_digits and writes its weights.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python train.py          (about 5 minutes on one core)

Files, all raw little-endian float32 without a header:

denoiser.f32        the parameters in the order of SHAPES below, each array in C order
classifier.f32      a multinomial logistic regression on real digits: weights [10, 64], biases [10]
denoiser_check.f32  for the C++ test: CHECK_ROWS times (timestep, label, x [64], epsilon [64]), then DIGIT_ROWS times
                    (label, pixels [64]) of held-out real digits
"""
import argparse
import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.linear_model import LogisticRegression

import digits_data

WIDTH, LAYERS, EMBEDDING, PIXELS, NO_LABEL = 96, 3, 32, 64, 10
TRAIN_STEPS, BETA_START, BETA_END = 1000, 0.00085, 0.012
BATCH, LABEL_DROPOUT, LEARNING_RATE, WARM_UP, WEIGHT_DECAY = 512, 0.15, 2e-3, 1000, 1e-4
CHECK_ROWS, DIGIT_ROWS = 8, 50

# Matrices are [inputs, outputs].
SHAPES = [("in_w", (PIXELS, WIDTH)), ("in_b", (WIDTH,)),
          ("time_w1", (32, EMBEDDING)), ("time_b1", (EMBEDDING,)),
          ("time_w2", (EMBEDDING, EMBEDDING)), ("time_b2", (EMBEDDING,)),
          ("label", (NO_LABEL + 1, EMBEDDING))]
for k in range(LAYERS):
    SHAPES += [(f"film_w{k}", (EMBEDDING, 2 * WIDTH)), (f"film_b{k}", (2 * WIDTH,)),
               (f"hidden_w{k}", (WIDTH, WIDTH)), (f"hidden_b{k}", (WIDTH,))]
SHAPES += [("out_w", (WIDTH, PIXELS)), ("out_b", (PIXELS,)), ("skip_w", (EMBEDDING,)), ("skip_b", (1,))]


def initial_parameters(rng):
    parameters = {}
    for name, shape in SHAPES:
        # The output and the learned skip start at zero, so that training starts from a prediction of 0.
        if len(shape) == 2 and name != "out_w":
            scale = 1.0 if name == "label" else shape[0] ** -0.5
            parameters[name] = jnp.asarray(rng.normal(0.0, scale, shape), jnp.float32)
        else:
            parameters[name] = jnp.zeros(shape, jnp.float32)
    return parameters


def predict(p, x, timestep, label):
    """epsilon [n, 64] of x [n, 64] at timestep [n] for label [n]; label 10 is "no label"."""
    frequency = 10000.0 ** (-jnp.arange(16) / 16.0)
    angle = timestep[:, None] * frequency
    features = jnp.concatenate([jnp.cos(angle), jnp.sin(angle)], axis=1)
    embedding = jax.nn.silu(features @ p["time_w1"] + p["time_b1"])
    embedding = jax.nn.silu(embedding @ p["time_w2"] + p["time_b2"] + p["label"][label])
    hidden = x @ p["in_w"] + p["in_b"]
    for k in range(LAYERS):
        scale, shift = jnp.split(embedding @ p[f"film_w{k}"] + p[f"film_b{k}"], 2, axis=1)
        hidden += jax.nn.silu(hidden * (1.0 + scale) + shift) @ p[f"hidden_w{k}"] + p[f"hidden_b{k}"]
    # The learned multiple of x is what lets a network this narrow work at high noise.
    skip = embedding @ p["skip_w"] + p["skip_b"]
    return jax.nn.silu(hidden) @ p["out_w"] + p["out_b"] + skip[:, None] * x


def alphas_cumprod():
    betas = np.linspace(BETA_START**0.5, BETA_END**0.5, TRAIN_STEPS) ** 2
    return jnp.asarray(np.cumprod(1.0 - betas), jnp.float32)


def loss(p, x0, label, timestep, noise, levels):
    a = levels[timestep][:, None]
    x = jnp.sqrt(a) * x0 + jnp.sqrt(1.0 - a) * noise
    return jnp.mean((predict(p, x, timestep.astype(jnp.float32), label) - noise) ** 2)


@functools.partial(jax.jit, static_argnames="total")
def train_chunk(state, key, first, images, labels, levels, total):
    """100 steps of AdamW with warm-up, cosine decay and an average of the weights."""

    def step(carry, i):
        p, m, v, average, key = carry
        key, k1, k2, k3, k4 = jax.random.split(key, 5)
        rows = jax.random.randint(k1, (BATCH,), 0, images.shape[0])
        label = jnp.where(jax.random.uniform(k2, (BATCH,)) < LABEL_DROPOUT, NO_LABEL, labels[rows])
        timestep = jax.random.randint(k3, (BATCH,), 0, TRAIN_STEPS)
        noise = jax.random.normal(k4, (BATCH, PIXELS))
        value, g = jax.value_and_grad(loss)(p, images[rows], label, timestep, noise, levels)
        rate = LEARNING_RATE * jnp.minimum(1.0, (i + 1) / WARM_UP) * 0.5 * (1.0 + jnp.cos(jnp.pi * i / total))
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        c1, c2 = 1.0 - 0.9 ** (i + 1.0), 1.0 - 0.999 ** (i + 1.0)
        p = jax.tree.map(lambda p, m, v: p - rate * (m / c1 / (jnp.sqrt(v / c2) + 1e-8) + WEIGHT_DECAY * p), p, m, v)
        keep = jnp.minimum(0.999, (1.0 + i) / (10.0 + i))
        average = jax.tree.map(lambda a, p: keep * a + (1.0 - keep) * p, average, p)
        return (p, m, v, average, key), value

    carry, values = jax.lax.scan(step, (*state, key), first + jnp.arange(100))
    return carry[:4], carry[4], values.mean()


def train(images, labels, steps):
    p = initial_parameters(np.random.default_rng(0))
    zeros = jax.tree.map(jnp.zeros_like, p)
    state, key = (p, zeros, zeros, p), jax.random.PRNGKey(0)
    for first in range(0, steps, 100):
        state, key, value = train_chunk(state, key, first, images, labels, alphas_cumprod(), steps)
        if first % 1000 == 0:
            print(f"step {first:6d}  loss {value:.4f}", flush=True)
    return state[3]


def write_check(path, p, images, labels):
    rng = np.random.default_rng(1)
    x = rng.normal(0.0, 1.0, (CHECK_ROWS, PIXELS)).astype(np.float32)
    timestep = np.array([0, 1, 101, 250, 501, 750, 981, 999], np.float32)
    label = np.array([0, 3, 10, 7, 9, 10, 5, 1])
    epsilon = np.asarray(predict(p, x, timestep, label))
    rows = np.column_stack([timestep, label, x, epsilon]).astype("<f4")
    digits = np.column_stack([labels[:DIGIT_ROWS], images[:DIGIT_ROWS]]).astype("<f4")
    path.write_bytes(rows.tobytes() + digits.tobytes())


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    arguments.add_argument("--steps", type=int, default=20000, help="a multiple of 100")
    options = arguments.parse_args()
    train_x, test_x, train_y, test_y = digits_data.split()

    p = train(jnp.asarray(train_x), jnp.asarray(train_y), options.steps)
    flat = np.concatenate([np.asarray(p[name], "<f4").ravel() for name, _ in SHAPES])
    (options.out / "denoiser.f32").write_bytes(flat.tobytes())
    print(f"{flat.size} parameters")

    classifier = LogisticRegression(C=0.1, max_iter=5000).fit(train_x, train_y)
    print(f"linear classifier on held-out digits: {classifier.score(test_x, test_y):.4f}")
    weights = np.concatenate([classifier.coef_.ravel(), classifier.intercept_]).astype("<f4")
    (options.out / "classifier.f32").write_bytes(weights.tobytes())
    write_check(options.out / "denoiser_check.f32", p, test_x, test_y)


if __name__ == "__main__":
    main()
