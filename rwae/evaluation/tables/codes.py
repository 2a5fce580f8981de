"""The probes and the mutual information of one model as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rwae.codes import Factor
from rwae.evaluation.tables.scores import layout

CODES = {"draw": "Read from draws of the posteriors", "mean": "Read from posterior means"}
VIEWS = {"static": "z_c", "dynamic": "z_1:T", "frame": "one z_t"}
KINDS = ("linear", "nonlinear")
INFORMATION = {
    "static": ("I(x; z_c); the entropy of who", "who"),
    "dynamic": ("I(x; z_1:T); the entropy of how", "how"),
    "shared": ("I(x; z_c) + I(x; z_1:T) - I(x; both)", None),
}


def code_tables(scores: Mapping[str, Any], factors: Sequence[Factor], markdown: bool) -> str:
    """What `analysis.analyse` found, or an empty text if the scores do not hold it."""
    tables = []
    if "probes" in scores:
        tables.append(_probes(scores["probes"], factors, markdown))
    if "information" in scores:
        tables.append(_information(scores["information"], markdown))
    return "\n\n".join(tables)


def _probes(probes: Mapping[str, Any], factors: Sequence[Factor], markdown: bool) -> str:
    head = [f"{code}, {kind}" for code in VIEWS.values() for kind in KINDS]
    lines = [["Probes: accuracy on held-out clips", "chance", *head]]
    for codes, title in CODES.items():
        if codes in probes:
            lines.append([title, *[""] * (1 + len(head))])
            for factor in factors:
                cells = [
                    probes[codes][view][kind][factor.name] for view in VIEWS for kind in KINDS
                ]
                cells = [probes["chance"][factor.name], *cells]
                lines.append(["  " + factor.name, *(f"{share:.1%}" for share in cells)])
    return layout(lines, markdown)


def _information(found: Mapping[str, Any], markdown: bool) -> str:
    lines = [
        [
            f"Mutual information in nats, at most {found['ceiling']:.2f}",
            "estimate",
            "standard error",
            "labels alone",
        ]
    ]
    for name, (label, labels) in INFORMATION.items():
        value, error = found[name]["nats"], found[name]["standard_error"]
        alone = "0.00" if labels is None else f"{found[labels]:.2f}"
        lines.append(["  " + label, f"{value:.2f}", f"{error:.2f}", alone])
    return layout(lines, markdown)
