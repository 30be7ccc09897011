#!/usr/bin/env python3
"""A labelled set of 1 Hz series as containers make them, half of them periodic; the same for the same seed.

    generate.py OUT_DIR [--seed 1] [--each 12]

Writes series.parquet (series_id, time, value) and truth.parquet (series_id, is_periodic, periods, class). Needs numpy
and pyarrow. Periodic: what schedulers, collectors and throttling do. Not periodic: what only looks like it, such as
noise of every colour, bursts and collections at random times. Either kind is degraded at random by trend, steps,
outliers, missing samples and coarse units; some are counters, some hold only for a while.
"""
import argparse
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LENGTHS = [300, 600, 600, 900, 1200, 1800, 3600, 3600, 3600, 7200, 10800]
CRON = [5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600, 900]


def ar(rng, n, phi):
    out, last = np.empty(n), 0.0
    for i, shock in enumerate(rng.normal(size=n)):
        last = phi * last + shock
        out[i] = last
    return out / (out.std() + 1e-12)


def noise(rng, n):
    kind = rng.choice(["white", "ar", "heavy"])
    if kind == "ar":
        return ar(rng, n, rng.uniform(0.5, 0.95))
    return rng.normal(size=n) if kind == "white" else np.clip(rng.standard_t(2.5, n), -30, 30) / 1.8


def period_for(rng, n, least=2.0):
    top = n / 5.2
    fit = [p for p in CRON if least <= p <= top]
    if fit and rng.random() < 0.5:
        return float(rng.choice(fit))
    return round(float(np.exp(rng.uniform(np.log(least), np.log(top)))), 2)


def square(rng, t, p):
    return ((t + rng.uniform(0, p)) % p < max(1.0, rng.uniform(0.04, 0.4) * p)) * 1.0


def sine(rng, t, p):
    return 0.5 + 0.5 * np.sin(2 * np.pi * (t / p + rng.random()))


def sawtooth(rng, t, p):
    return ((t / p + rng.random()) % 1.0) ** rng.uniform(0.7, 1.4)


def load(rng, t, p):
    x = t / p + rng.random()
    overtones = [rng.uniform(0.2, 0.9) / k * np.sin(2 * np.pi * (k * x + rng.random())) for k in (2, 3)]
    return np.sin(2 * np.pi * x) + sum(overtones)


def throttle(rng, t, p):
    return ((t + rng.uniform(0, p)) % p < rng.uniform(0.45, 0.8) * p) * 1.0


def jitter(rng, t, p):
    out, at, width = np.zeros(len(t)), rng.uniform(0, p), max(1, int(rng.uniform(0.05, 0.2) * p))
    spread = rng.uniform(0.02, 0.15) * p
    while at < len(t):
        start = int(at + rng.normal() * spread)
        out[max(0, start):max(0, start + width)] = rng.uniform(0.7, 1.3)
        at += p
    return out


SHAPES = {
    "cron_square": (square, 4.0), "sinusoid": (sine, 4.0), "gc_sawtooth": (sawtooth, 5.0),
    "load_cycle": (load, 12.0), "throttle": (throttle, 2.0), "pulse_jitter": (jitter, 10.0),
}


def bursts(rng, n, rate, width):
    out = np.zeros(n)
    for start in np.flatnonzero(rng.random(n) < rate):
        out[start:start + 1 + int(rng.exponential(width))] += rng.uniform(0.5, 1.5)
    return out


def random_gc(rng, n):
    out, level, limit = np.empty(n), 0.0, rng.exponential(1) + 0.3
    rise = rng.uniform(0.005, 0.05)
    for i in range(n):
        level += rise * rng.uniform(0.3, 1.7)
        if level > limit:
            level, limit = rng.uniform(0, 0.2), rng.exponential(1) + 0.3
        out[i] = level
    return out


def levels(rng, n, count):
    cuts = np.sort(rng.integers(0, n, count))
    return np.repeat(rng.normal(size=count + 1) * 3, np.diff(np.r_[0, cuts, n]))


def telegraph(rng, n):
    return np.cumsum(rng.random(n) < 1 / rng.uniform(8, 120)) % 2.0


def pink(rng, n):
    f = np.fft.rfftfreq(n)
    f[0] = 1
    x = np.fft.irfft((rng.normal(size=len(f)) + 1j * rng.normal(size=len(f))) / f ** rng.uniform(0.35, 0.7), n)
    return x / x.std()


def queue(rng, n):
    return sum((np.arange(n) >= a) & (np.arange(n) < a + rng.pareto(1.5) * 10 + 1) for a in rng.integers(-100, n, n // 25)) * 1.0


NEGATIVE = {
    "white": lambda r, n: r.normal(size=n),
    "ar1": lambda r, n: ar(r, n, r.uniform(0.5, 0.99)),
    "heavy": lambda r, n: np.clip(r.standard_t(2, n), -50, 50),
    "pink": pink,
    "random_walk": lambda r, n: np.cumsum(r.normal(size=n)),
    "trend_noise": lambda r, n: np.linspace(0, r.uniform(3, 30), n) + r.normal(size=n),
    "poisson_bursts": lambda r, n: bursts(r, n, r.uniform(0.005, 0.08), r.uniform(1, 8)) + 0.05 * r.normal(size=n),
    "random_gc": lambda r, n: random_gc(r, n) + 0.02 * r.normal(size=n),
    "steps": lambda r, n: levels(r, n, int(r.integers(2, 9))) + 0.3 * r.normal(size=n),
    "sparse_spikes": lambda r, n: bursts(r, n, 8 / n, 0.7) * 20 + r.normal(size=n) * 0.3,
    "few_events": lambda r, n: bursts(r, n, 4 / n, 3),
    "telegraph": lambda r, n: telegraph(r, n) + 0.05 * r.normal(size=n),
    "quantised": lambda r, n: np.round(ar(r, n, r.uniform(0, 0.9)) * r.uniform(0.4, 1.2)),
    "queue": queue,
    "decay": lambda r, n: 10 * np.exp(-np.arange(n) / (n * r.uniform(0.05, 0.5))) + 0.2 * r.normal(size=n),
    "constant": lambda r, n: np.full(n, r.uniform(0, 100)),
}


def degrade(rng, x):
    """Trend, step, outliers: what happens to a series besides what it shows."""
    x, n, spread = x.copy(), len(x), max(float(np.ptp(x)), 1e-9)
    if rng.random() < 0.4:
        x += np.linspace(0, rng.uniform(-3, 3) * spread, n)
    if rng.random() < 0.4:
        x[int(rng.uniform(0.2, 0.8) * n):] += rng.uniform(-2, 2) * spread
    if rng.random() < 0.4:
        at = rng.integers(0, n, max(1, n // 300))
        x[at] += rng.uniform(2, 8, len(at)) * spread
    return x


def missing(rng, n):
    """Cells that hold a value: single samples and stretches lost."""
    keep = np.ones(n, bool)
    if rng.random() < 0.5:
        keep &= rng.random(n) > rng.uniform(0, 0.08)
        for _ in range(rng.integers(0, 3)):
            start = rng.integers(0, n)
            keep[start:start + int(rng.uniform(0.01, 0.06) * n)] = False
    keep[[0, -1]] = True
    return keep


def periodic(rng, name):
    n = int(rng.choice(LENGTHS))
    t = np.arange(n)
    if name == "nested":
        slow = float(rng.choice([p for p in CRON if 30 <= p <= n / 5.2]))
        fast = float(rng.choice([p for p in CRON if 3 * p <= slow]))
        x, periods, snr = square(rng, t, slow) * rng.uniform(0.6, 1.5) + square(rng, t, fast), [fast, slow], rng.uniform(2, 15)
    else:
        shape, least = SHAPES[name]
        period = period_for(rng, n, least)
        x, periods, snr = shape(rng, t, period), [period], float(np.exp(rng.uniform(np.log(0.8), np.log(20))))
        if rng.random() < 0.12 and n / period > 20:
            start = int(rng.uniform(0, 0.5) * n)
            inside = (t >= start) & (t < start + n // 2)
            x = np.where(inside, x, x.min())
    return x * snr / (x.std() + 1e-9) / 2 + noise(rng, n), periods


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=12, help="series per class that is not periodic; three times as many per periodic class")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    classes = [(name, True) for name in [*SHAPES, "nested"] for _ in range(3 * args.each)]
    classes += [(name, False) for name in NEGATIVE for _ in range(args.each)]
    ids, times, values, truth = [], [], [], []
    for number, (name, is_periodic) in enumerate(classes):
        if is_periodic:
            x, periods = periodic(rng, name)
        else:
            x, periods = np.asarray(NEGATIVE[name](rng, int(rng.choice(LENGTHS))), float), []
        if rng.random() < 0.15 and np.ptp(x) > 0:
            # Before a trend comes in: a straight line in coarse units is a staircase, which does repeat.
            unit = np.ptp(x) / rng.integers(6, 40)
            x = np.round(x / unit) * unit
        elif rng.random() < 0.55 and name != "constant":
            x = degrade(rng, x)
        x = x * 10 ** rng.uniform(-1, 6)
        if rng.random() < 0.15 and name != "constant":
            x = np.cumsum(np.maximum(x - np.quantile(x, 0.02), 0))  # a counter of what was a rate
        keep = missing(rng, len(x))
        series = f"s{number:04d}"
        ids += [series] * int(keep.sum())
        times.append(np.flatnonzero(keep))
        values.append(x[keep])
        truth.append({"series_id": series, "is_periodic": is_periodic, "periods": periods, "class": name, "base": name})
    args.out.mkdir(parents=True, exist_ok=True)
    table = pa.table({"series_id": pa.array(ids).dictionary_encode(), "time": pa.array(np.concatenate(times), pa.int32()), "value": np.concatenate(values)})
    pq.write_table(table, args.out / "series.parquet", compression="zstd")
    pq.write_table(pa.Table.from_pylist(truth), args.out / "truth.parquet")


if __name__ == "__main__":
    main()
