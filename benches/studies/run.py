"""Scores our change points, leaks and links beside published methods, on labelled series.

    pip install numpy ruptures pymannkendall
    cargo build --release -p fgm --features analysis --bin score-studies
    python benches/studies/run.py DATA SCORE_STUDIES [--quick]

DATA is what generate.py has written. A change is found if a prediction is within ten seconds of it, each one used once.
Times are CPU time a series (for links: a pair), reading the file included for ours and not for the others.
"""

import argparse
import csv
import pathlib
import resource
import subprocess
import time
from collections import defaultdict

import numpy as np
import pymannkendall
import ruptures

NEAR_S = 10


def series(path):
    of = defaultdict(list)
    with open(path) as rows:
        next(rows)
        for row in rows:
            name, _, value = row.rstrip("\n").split(",")
            of[name].append(float(value) if value else np.nan)
    return {name: np.array(values) for name, values in of.items()}


def rows(path):
    with open(path) as lines:
        return list(csv.DictReader(lines))


def filled(x):
    there = ~np.isnan(x)
    return np.interp(np.arange(len(x)), np.flatnonzero(there), x[there])


def ours(program, what, path):
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    begun = spent()
    out = subprocess.run([program, what, path], check=True, stdout=subprocess.PIPE, text=True).stdout
    return list(csv.DictReader(out.splitlines())), spent() - begun


def f1(hit, said, true):
    precision, recall = hit / max(1, said), hit / max(1, true)
    return 2 * precision * recall / max(1e-9, precision + recall), precision, recall


def report(what, name, scores, seconds, count):
    value, precision, recall = scores
    each = 1000 * seconds / count
    print(f"{what:8} {name:44} F1 {value:.3f}  precision {precision:.3f}  recall {recall:.3f}  {each:9.2f} ms", flush=True)


def score_changes(predicted, truth):
    """Hits, predictions and truths over all series."""
    hit = said = true = 0
    for name, at in truth.items():
        left = sorted(predicted.get(name, []))
        said, true = said + len(left), true + len(at)
        for t in at:
            near = [p for p in left if abs(p - t) <= NEAR_S]
            if near:
                left.remove(min(near, key=lambda p: abs(p - t)))
                hit += 1
    return f1(hit, said, true)


def by_class(predicted, truth):
    classes = defaultdict(dict)
    for name, at in truth.items():
        classes[name.rsplit("-", 1)[0]][name] = at
    for kind, part in classes.items():
        said = sum(len(predicted.get(n, [])) for n in part)
        true = sum(map(len, part.values()))
        print(f"         {kind:12} F1 {score_changes(predicted, part)[0]:.3f}  {said} said, {true} true")


def changes(data, program, quick):
    x = {n: filled(v) for n, v in series(data / "changes.csv").items()}
    truth = {r["series_id"]: [int(t) for t in r["times"].split(";") if t] for r in rows(data / "changes-truth.csv")}
    said, seconds = ours(program, "changes", data / "changes.csv")
    predicted = defaultdict(list)
    for r in said:
        predicted[r["series_id"]].append(float(r["time"]))
    report("changes", "fgm", score_changes(predicted, truth), seconds, len(x))
    by_class(predicted, truth)
    if quick:
        return

    def pelt(model, penalty):
        def find(v):
            return ruptures.Pelt(model=model, min_size=15, jump=5).fit(v).predict(penalty(v))[:-1]

        return find

    def kernel(v):
        return ruptures.KernelCPD(kernel="rbf", min_size=15).fit(v).predict(pen=3 * np.log(len(v)))[:-1]

    def difference_variance(v):
        return 3 * np.log(len(v)) * np.var(np.diff(v)) / 2

    def total_variance(v):
        return 3 * np.log(len(v)) * np.var(v)

    methods = {
        "ruptures PELT l2, 3 ln n × var(Δx)/2": pelt("l2", difference_variance),
        "ruptures PELT l2, 3 ln n × var(x)": pelt("l2", total_variance),
        "ruptures KernelCPD rbf, 3 ln n": kernel,
        "ruptures BinSeg l2, 3 ln n × var(x)": lambda v: ruptures.Binseg(model="l2", min_size=15)
        .fit(v)
        .predict(pen=total_variance(v))[:-1],
    }
    for name, method in methods.items():
        begun = time.process_time()
        predicted = {n: method(v) for n, v in x.items()}
        report("changes", name, score_changes(predicted, truth), time.process_time() - begun, len(x))


def leaks(data, program, quick):
    x = {n: filled(v) for n, v in series(data / "leaks.csv").items()}
    truth = {r["series_id"]: r["is_leak"] == "true" for r in rows(data / "leaks-truth.csv")}

    def score(said):
        hit = sum(said[n] and truth[n] for n in truth)
        return f1(hit, sum(said.values()), sum(truth.values()))

    predicted, seconds = ours(program, "leaks", data / "leaks.csv")
    predicted = {r["series_id"]: r["is_leak"] == "true" for r in predicted}
    report("leaks", "fgm", score(predicted), seconds, len(x))
    wrong = defaultdict(int)
    for n in truth:
        wrong[n.rsplit("-", 1)[0]] += predicted[n] != truth[n]
    print("         wrong:", ", ".join(f"{k} {v}" for k, v in wrong.items() if v) or "none")
    if quick:
        return
    methods = {
        "pymannkendall original_test": pymannkendall.original_test,
        "pymannkendall hamed_rao_modification_test": pymannkendall.hamed_rao_modification_test,
        "pymannkendall trend_free_pre_whitening": pymannkendall.trend_free_pre_whitening_modification_test,
    }
    for name, method in methods.items():
        begun = time.process_time()
        # A tenth of the samples, as means: their tests are quadratic.
        said = {n: method(v[: len(v) // 10 * 10].reshape(-1, 10).mean(1)).trend == "increasing" for n, v in x.items()}
        report("leaks", name + ", 10 s means", score(said), time.process_time() - begun, len(x))


def links(data, program, quick):
    x = {n: filled(v) for n, v in series(data / "links.csv").items()}
    truth = {frozenset((r["a"], r["b"])): (r["a"], int(r["lag_s"])) for r in rows(data / "links-truth.csv")}
    sets = defaultdict(list)
    for n in x:
        sets[n.split("/")[0]].append(n)
    pairs = sum(len(names) * (len(names) - 1) // 2 for names in sets.values())

    def score(said):
        def right(a, b, lag):
            first, wanted = truth.get(frozenset((a, b)), (None, 0))
            return first is not None and abs((wanted if first == a else -wanted) - lag) <= 1

        return f1(sum(right(*s) for s in said), len(said), len(truth))

    predicted, seconds = ours(program, "links", data / "links.csv")
    report("links", "fgm (ms a pair)", score([(r["a"], r["b"], float(r["lag_s"])) for r in predicted]), seconds, pairs)
    if quick:
        return

    def cross(differences, threshold):
        said = []
        for names in sets.values():
            v = [np.diff(x[n]) if differences else x[n] for n in names]
            v = [(a - a.mean()) / (a.std() or 1) for a in v]
            for i, a in enumerate(v):
                for j in range(i + 1, len(v)):
                    n = len(a)
                    at = [np.dot(a[max(0, -k) : n - max(0, k)], v[j][max(0, k) : n - max(0, -k)]) / n for k in range(-60, 61)]
                    best = int(np.argmax(np.abs(at)))
                    if abs(at[best]) >= threshold:
                        said.append((names[i], names[j], best - 60))
        return said

    for name, differences, threshold in [
        ("cross-correlation, |r| ≥ 0.5", False, 0.5),
        ("cross-correlation of differences, |r| ≥ 0.2", True, 0.2),
    ]:
        begun = time.process_time()
        said = cross(differences, threshold)
        report("links", name, score(said), time.process_time() - begun, pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="ours only")
    args = parser.parse_args()
    for study in (changes, leaks, links):
        study(args.data, args.program, args.quick)


if __name__ == "__main__":
    main()
