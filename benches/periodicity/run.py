#!/usr/bin/env python3
"""How well periods are found, ours and others', scored in one run on one labelled set.

    pip install numpy pandas pyarrow scipy pyriodicity astropy
    cargo build --release --bin score-periodicity
    run.py DIR [--ours PATH/score-periodicity] [--csv OUT_DIR]

DIR holds series.parquet and truth.parquet (generate.py makes such a set). Every method gets what ours gets: counters as
rates, holes bridged by straight lines, and a period must fit 4.5 times. F1 is for periodic or not; a hit counts for joint
F1 only when its first period is right within 2 % or 1 s.
"""
import argparse
import io
import pathlib
import subprocess
import time

import numpy as np
import pandas as pd
from astropy.timeseries import LombScargle
from pyriodicity import CFDAutoperiod, SAZED
from scipy.signal import detrend, find_peaks


def prepare(frame):
    """The rate of what looks like a counter, on a grid of one second."""
    t, x = frame.time.to_numpy(float), frame.value.to_numpy(float)
    d = np.diff(x)
    if (d < 0).sum() <= 3 and (d > 0).sum() > 0.3 * len(x):
        t, x = t[1:], np.where(d < 0, np.nan, d / np.diff(t))
    good = np.isfinite(x)
    grid = np.arange(t[0], t[-1] + 1)
    return np.interp(grid, t[good], x[good])


def autocorrelation(x):
    n = len(x)
    spectrum = np.fft.rfft(x - x.mean(), 2 * n)
    c = np.fft.irfft(spectrum * spectrum.conj())[:n]
    return c / c[0] if c[0] > 0 else c * 0


def original(x):
    """Windows of 60 samples every 30, lags 2 to 30: the best normalised autocorrelation of any window, from 0.6 on."""
    best = (0.0, 0.0)
    for start in range(0, len(x) - 59, 30):
        w = x[start:start + 60] - x[start:start + 60].mean()
        power = (w * w).sum()
        if power > 0:
            r = [(w[:-k] * w[k:]).sum() / power for k in range(2, 31)]
            best = max(best, (max(r), 2.0 + int(np.argmax(r))))
    return ([best[1]] if best[0] >= 0.6 else []), best[0]


def acf_peak(x):
    """The highest peak of the detrended autocorrelation, if it stands out of its surroundings."""
    r = autocorrelation(detrend(x))[: max(3, int(len(x) / 4.5))]
    peaks, found = find_peaks(r, height=0.2, prominence=0.2)
    if not len(peaks):
        return [], 0.0
    best = np.argmax(found["peak_heights"])
    return [float(peaks[best])], float(found["peak_heights"][best])


def lomb_scargle(x):
    """astropy: the highest line, at a false-alarm probability below 0.001."""
    y, t = detrend(x), np.arange(len(x), dtype=float)
    if y.std() <= 1e-9 * (abs(x).max() + 1e-300):
        return [], 0.0
    ls = LombScargle(t, y)
    frequency, power = ls.autopower(minimum_frequency=4.5 / len(x), maximum_frequency=0.5, samples_per_peak=3)
    best = int(np.argmax(power))
    alarm = float(ls.false_alarm_probability(power[best], maximum_frequency=0.5))
    return ([1 / frequency[best]] if alarm < 1e-3 else []), float(power[best])


def library(detector):
    def found(x):
        if x.std() == 0:
            return [], 0.0
        periods = [float(p) for p in np.atleast_1d(detector(x)) if 2 <= p <= len(x) / 4.5]
        r = autocorrelation(detrend(x))
        return periods, float(max((r[round(p)] for p in periods), default=0.0))
    return found


def sazed(x):
    return [p for p in [SAZED().detect(x)] if p is not None]


def autoperiod(x):
    return CFDAutoperiod().detect(x, seed=1)


OTHERS = {
    "original (60-sample windows, lags 2-30)": original,
    "ACF peak": acf_peak,
    "Lomb-Scargle (astropy), FAP 0.001": lomb_scargle,
    "CFD-Autoperiod (pyriodicity)": library(autoperiod),
    "SAZED (pyriodicity)": library(sazed),
}


def score(truth, said):
    tp = fp = fn = right = 0
    for row in truth.itertuples():
        periods = said[row.series_id]
        tp += bool(row.is_periodic and periods)
        fp += bool(not row.is_periodic and periods)
        fn += bool(row.is_periodic and not periods)
        right += bool(periods and any(abs(periods[0] - p) <= max(0.02 * p, 1.0) for p in row.periods))
    f1 = lambda hits: 2 * hits / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    return f1(tp), f1(right), fp / max(1, int((~truth.is_periodic).sum()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--ours", default="target/release/score-periodicity")
    parser.add_argument("--csv", type=pathlib.Path, help="write each method's answers here, for another scorer")
    args = parser.parse_args()
    truth = pd.read_parquet(args.dir / "truth.parquet")
    frame = pd.read_parquet(args.dir / "series.parquet")
    series = {str(key): prepare(part) for key, part in frame.groupby("series_id", observed=True)}
    hours = sum(len(x) for x in series.values()) / 3600

    run = subprocess.run([args.ours, args.dir / "series.parquet"], check=True, capture_output=True, text=True)
    answers = {"ours": pd.read_csv(io.StringIO(run.stdout), dtype={"series_id": str, "period_s": str})}
    cpu = {"ours": float(run.stderr.split(",")[-1].split()[0])}
    for name, method in OTHERS.items():
        rows, failed, began = [], 0, time.process_time()
        for key, x in series.items():
            try:
                periods, strength = method(x)
            except (ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
                periods, strength, failed = [], 0.0, failed + 1
            rows.append((key, bool(periods), ";".join(f"{p:.4f}" for p in periods), strength))
        cpu[name] = (time.process_time() - began) * 1e3
        answers[name] = pd.DataFrame(rows, columns=["series_id", "is_periodic", "period_s", "score"])
        if failed:
            print(f"{name}: gave up on {failed} series, counted as not periodic")

    print("| method | F1 | joint F1 | false positives | CPU ms for 3,600 samples |\n|---|---|---|---|---|")
    for name, table in answers.items():
        said = {
            row.series_id: [float(p) for p in str(row.period_s).split(";")] if row.is_periodic else []
            for row in table.itertuples()
        }
        f1, joint, false = score(truth, said)
        print(f"| {name} | {f1:.3f} | {joint:.3f} | {false:.3f} | {cpu[name] / hours:.1f} |", flush=True)
        if args.csv:
            args.csv.mkdir(parents=True, exist_ok=True)
            table.to_csv(args.csv / (name.split(" ")[0].lower() + ".csv"), index=False)


if __name__ == "__main__":
    main()
