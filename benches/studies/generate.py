"""Labelled series for change points, leaks and links: the same for the same seed.

    python benches/studies/generate.py OUT [--seed N] [--each N]

writes {changes,leaks,links}.csv (series_id,time,value) and {…}-truth.csv into OUT. Series look like containers at 1 Hz:
noise whose neighbours are alike, heavy tails, bursts, cycles, saw-teeth, quantised values, holes; half of the classes have
nothing to find.
"""

import argparse
import pathlib

import numpy as np


def slow(rng, n, phi, scale=1.0):
    """Noise of which each value remembers the one before; variance scale²."""
    e = rng.normal(0, np.sqrt(1 - phi * phi), n)
    x = np.empty(n)
    last = rng.normal()
    for i in range(n):
        last = phi * last + e[i]
        x[i] = last
    return scale * x


def noise(rng, n, kind):
    """Noise of variance about 1."""
    if kind == "white":
        return rng.normal(0, 1, n)
    if kind == "slow":
        return slow(rng, n, rng.uniform(0.4, 0.9))
    if kind == "heavy":
        return rng.standard_t(3, n) / np.sqrt(3)
    if kind == "spikes":
        x = rng.normal(0, 0.5, n)
        at = rng.random(n) < 0.02
        x[at] += rng.exponential(8, at.sum())
        return x
    if kind == "cycle":
        period = rng.uniform(5, 40)
        phase = (np.arange(n) + rng.uniform(0, period)) % period
        return np.where(phase < period * rng.uniform(0.2, 0.5), 2.0, 0.0) + rng.normal(0, 0.4, n)
    if kind == "quantised":
        return np.round(slow(rng, n, 0.6))
    raise ValueError(kind)


NOISES = ["white", "slow", "heavy", "spikes", "cycle", "quantised"]


def spoil(rng, x):
    """Another unit and zero, and a few holes."""
    x = x * 10 ** rng.uniform(-1, 6) + 10 ** rng.uniform(-1, 3)
    if rng.random() < 0.3:
        x[rng.random(len(x)) < 0.03] = np.nan
    return x


def changes(rng, each):
    """(id, values, times of changes)"""
    for kind in NOISES:
        for k in range(each):
            n = int(rng.choice([600, 900, 1800, 3600]))
            x, at = noise(rng, n, kind), []
            wanted = int(rng.integers(0, 5))
            t = int(rng.integers(60, n // 4))
            while len(at) < wanted and t < n - 60:
                x[t:] += rng.choice([-1, 1]) * rng.uniform(3, 8)
                at.append(t)
                t += int(rng.integers(60, max(61, n // 3)))
            yield f"{kind}-{k}", spoil(rng, x), at
    for k in range(each):
        n = 1800
        yield f"walk-{k}", spoil(rng, np.cumsum(rng.normal(0, 1, n))), []
        yield f"slope-{k}", spoil(rng, np.arange(n) * rng.uniform(0.002, 0.05) + noise(rng, n, "slow")), []
        yield f"drift-{k}", spoil(rng, noise(rng, n, "slow") + 6 * np.sin(np.arange(n) / n * rng.uniform(2, 5))), []
        teeth = (np.arange(n) + rng.integers(0, 300)) % int(rng.integers(40, 120)) * 0.05
        yield f"teeth-{k}", spoil(rng, teeth + noise(rng, n, "white") * 0.5), []


def leaks(rng, each):
    """(id, values, whether it leaks)"""
    for k in range(each):
        n = int(rng.choice([900, 1800, 3600]))
        t = np.arange(n)
        # What it climbs over the whole, in standard deviations of the noise.
        climb = rng.uniform(4, 15) * t / n
        base = {"white": noise(rng, n, "white"), "slow": slow(rng, n, 0.9), "spikes": noise(rng, n, "spikes")}
        tooth = (t + rng.integers(0, 300)) % int(rng.integers(n // 30, n // 8)) / (n / 16) * rng.uniform(2, 6)
        wave = rng.uniform(2, 5) * np.sin(t / rng.uniform(n / 25, n / 8) * 2 * np.pi)
        for kind, x in base.items():
            yield f"leak-{kind}-{k}", spoil(rng, x + climb), True
        yield f"leak-teeth-{k}", spoil(rng, tooth + climb + base["white"] * 0.5), True
        yield f"leak-cycle-{k}", spoil(rng, wave + climb + base["white"] * 0.5), True
        yield f"leak-steps-{k}", spoil(rng, np.floor(climb * 2) / 2 + base["white"] * 0.2), True
        for kind, x in base.items():
            yield f"none-{kind}-{k}", spoil(rng, x), False
        yield f"none-teeth-{k}", spoil(rng, tooth + base["white"] * 0.5), False
        yield f"none-cycle-{k}", spoil(rng, wave + base["white"] * 0.5), False
        yield f"none-jump-{k}", spoil(rng, base["slow"] + np.where(t > n * rng.uniform(0.2, 0.8), 10.0, 0.0)), False
        warm = 10 * (1 - np.exp(-t / (n * rng.uniform(0.03, 0.12))))
        yield f"none-warm-{k}", spoil(rng, warm + base["white"]), False
        yield f"none-very-slow-{k}", spoil(rng, slow(rng, n, 0.99)), False
        yield f"none-falls-{k}", spoil(rng, base["slow"] - climb), False


def links(rng, each):
    """(id, values), then the true (a, b, lag)"""
    n, truth = 1000, []
    for s in range(max(1, each // 10)):
        for k in range(40):
            kind = NOISES[k % len(NOISES)]
            x = noise(rng, n, kind) if k % 2 else np.cumsum(noise(rng, n, "heavy"))
            # What nobody sees coming moves the other, too.
            moves = slow(rng, n, 0.3) * 2 + (rng.random(n) < 0.03) * rng.exponential(10, n)
            lag = int(rng.integers(0, 40))
            sign = rng.choice([-1, 1])
            if k % 4 == 0:
                follower = sign * np.concatenate([np.zeros(lag), moves[: n - lag]]) * rng.uniform(0.5, 1.5)
                y = follower + noise(rng, n, "slow")
                yield f"set{s}/lead{k}", spoil(rng, moves + 0.5 * rng.normal(0, 1, n))
                yield f"set{s}/follow{k}", spoil(rng, y)
                truth.append((f"set{s}/follow{k}", f"set{s}/lead{k}", -lag, sign))
            else:
                yield f"set{s}/alone{k}", spoil(rng, x)
    links.truth = truth


def write(path, rows):
    with open(path, "w") as out:
        out.write("series_id,time,value\n")
        for row in rows:
            for t, v in enumerate(row[1]):
                out.write(f"{row[0]},{t},{'' if np.isnan(v) else repr(float(v))}\n")
            yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=20, help="series of each class")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(args.seed)
    with open(args.out / "changes-truth.csv", "w") as truth:
        truth.write("series_id,times\n")
        for name, _, at in write(args.out / "changes.csv", changes(rng, args.each)):
            truth.write(f"{name},{';'.join(map(str, at))}\n")
    with open(args.out / "leaks-truth.csv", "w") as truth:
        truth.write("series_id,is_leak\n")
        for name, _, leak in write(args.out / "leaks.csv", leaks(rng, args.each)):
            truth.write(f"{name},{str(leak).lower()}\n")
    for _ in write(args.out / "links.csv", links(rng, args.each)):
        pass
    with open(args.out / "links-truth.csv", "w") as truth:
        truth.write("a,b,lag_s,sign\n")
        for row in links.truth:
            truth.write(",".join(map(str, row)) + "\n")


if __name__ == "__main__":
    main()
