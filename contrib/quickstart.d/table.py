# SPDX-License-Identifier: Apache-2.0
"""The monthly rows of one service or one team at a time, for a terminal of 100 columns."""

import csv
import io
import subprocess

from servers import Failed

METRICS = (("deploy_freq", "frequency"), ("lead_time", "lead time"), ("fail_rate", "fail rate"),
           ("restore", "time to restore"), ("unplanned", "unplanned work"))
DIRECTIONS = ("worsening", "improving", "steady", "not_enough_data")
HEAD = (f"  {'month':8}{'deploys':>8}{'per day':>9}   {'lead time p50':18}{'fail rate':18}"
        f"{'restore p50':16}unplanned")


def query(psql, sql):
    """The rows of a query as dicts of texts; NULL is ''."""
    done = subprocess.run([*psql, "--csv", "-X", "-v", "ON_ERROR_STOP=1", "-c", sql],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode:
        raise Failed(f"the database could not be asked:\n{done.stderr}")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def duration(seconds):
    """Two units at most: 2 d 4 h, 3 h 5 min, 41 min."""
    minutes = round(float(seconds) / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(float(seconds) / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def sample(row, value, n):
    return f"{duration(row[value])} ({row[n]})" if row[value] else "-"


def share(row, rate, part, whole):
    return f"{float(row[rate]) * 100:.0f} % ({part} of {whole})" if row[rate] else "-"


def line(row):
    month = row["month"][:7] + ("" if row["complete"] == "t" else "*")
    per_day = f"{float(row['deployments_per_day']):.2f}" if row["deployments_per_day"] else "-"
    unplanned = int(row["items_failure_demand"]) + int(row["items_adhoc_value"])
    fail = share(row, "fail_rate", row["failed_deployments"], row["fail_rate_n"])
    return (f"  {month:8}{row['deployments'] or '-':>8}{per_day:>9}   "
            f"{sample(row, 'lead_time_p50_s', 'lead_time_n'):18}{fail:18}"
            f"{sample(row, 'restore_p50_s', 'restore_n'):16}"
            f"{share(row, 'unplanned_rate', unplanned, row['items_done']):16}").rstrip()


def trends(psql, scope):
    """{name: words on its trends at the last complete month}."""
    words = {}
    for row in query(psql, f"""
            SELECT {scope} AS name, metric, direction FROM dorad.trend_{scope}
            WHERE month = (SELECT max(month) FROM dorad.trend_{scope})"""):
        words.setdefault(row["name"], {})[row["metric"]] = row["direction"]
    return {name: "; ".join(said(given, direction) for direction in DIRECTIONS
                            if direction in given.values())
            for name, given in words.items()}


def said(given, direction):
    """worsening: frequency, lead time"""
    titles = [title for metric, title in METRICS if given.get(metric) == direction]
    return f"{direction.replace('_', ' ')}: {', '.join(titles)}"


def assurance(psql, scope):
    return {row["name"]: row["assurance"].replace("_", " ") for row in query(psql, f"""
            SELECT {scope} AS name, assurance FROM dorad.assurance_{scope}
            WHERE month = (SELECT max(month) FROM dorad.assurance_{scope})""")}


def blocks(psql, scope):
    """The text of each service or team, in alphabetical order."""
    directions, verdicts = trends(psql, scope), assurance(psql, scope)
    rows = {}
    for row in query(psql, f"SELECT * FROM dorad.monthly_{scope} ORDER BY {scope}, month"):
        rows.setdefault(row[scope], []).append(row)
    for name in sorted(rows):
        title = f"{scope} {name}"
        if name in verdicts:
            title += f": {verdicts[name]}"
        lines = [title]
        if name in directions:
            lines.append(f"  {directions[name]}")
        yield "\n".join([*lines, HEAD, *map(line, rows[name])])
