# SPDX-License-Identifier: Apache-2.0
"""A made-up organisation: four teams, eight services, and how each has fared this year.

Rates are per month. A drift is what a month's value is multiplied with for each of the last six
complete months; so `rate_drift` 0.86 means that the team ships a little less every month.
"""

from dataclasses import dataclass

ORGANISATION = "acme"
REPORT_TZ = "Europe/London"


@dataclass(frozen=True)
class Service:
    name: str
    title: str
    team: str
    deploys: float              # a month
    lead_hours: float           # median, commit to production
    failing: float              # share of deployments that hurt production
    broken: float               # share of attempts that fail before they reach anyone
    restore_minutes: float      # median
    items: float                # work items done a month
    unplanned: float            # share of them
    rate_drift: float = 1.0
    lead_drift: float = 1.0
    failing_drift: float = 1.0
    restore_drift: float = 1.0
    unplanned_step: float = 0.0     # added each of those months
    has_staging: bool = False
    environment: str = "production"
    code: str = "github"            # who sends pushes and deployments,
    tickets: str = "github"         # work items,
    incidents: str = "github"       # incidents


@dataclass(frozen=True)
class Team:
    name: str
    title: str
    people: tuple


TEAMS = (
    Team("discovery", "Discovery", ("ada-lind", "jo-marsh", "rui-prata")),
    Team("growth", "Growth", ("kit-ames", "ola-berg")),
    Team("logistics", "Logistics", ("sam-oduya", "pia-holt", "lee-tan")),
    Team("payments", "Payments", ("max-iver", "noor-said", "bea-wolf")),
)

SERVICES = (
    Service("campaigns", "Campaigns", "growth", deploys=10, lead_hours=30, failing=0.18,
            broken=0.06, restore_minutes=95, items=13, unplanned=0.34, rate_drift=1.12,
            lead_drift=0.86, failing_drift=0.93, restore_drift=0.93, unplanned_step=-0.02),
    Service("checkout", "Checkout", "payments", deploys=24, lead_hours=14, failing=0.11,
            broken=0.08, restore_minutes=45, items=22, unplanned=0.28, has_staging=True),
    # Not yet open to customers: it is released to a pilot environment, sealed off from them.
    Service("loyalty", "Loyalty", "growth", deploys=9, lead_hours=20, failing=0.0, broken=0.1,
            restore_minutes=60, items=12, unplanned=0.12, environment="pilot"),
    Service("recommendations", "Recommendations", "discovery", deploys=6, lead_hours=60,
            failing=0.12, broken=0.05, restore_minutes=80, items=11, unplanned=0.22),
    Service("search", "Search", "discovery", deploys=26, lead_hours=7, failing=0.10,
            broken=0.05, restore_minutes=30, items=20, unplanned=0.18, has_staging=True),
    # The team that needs help: a little less, a little later, a little more firefighting,
    # month after month, while its fail rate still looks harmless.
    Service("shipping", "Shipping", "logistics", deploys=22, lead_hours=18, failing=0.12,
            broken=0.09, restore_minutes=70, items=20, unplanned=0.26, rate_drift=0.85,
            lead_drift=1.24, restore_drift=1.12, unplanned_step=0.065),
    Service("tracking", "Tracking", "logistics", deploys=12, lead_hours=24, failing=0.12,
            broken=0.07, restore_minutes=90, items=15, unplanned=0.25, rate_drift=0.86,
            lead_drift=1.22, restore_drift=1.10, unplanned_step=0.06),
    Service("wallet", "Wallet", "payments", deploys=13, lead_hours=22, failing=0.10,
            broken=0.06, restore_minutes=60, items=14, unplanned=0.25),
)

DRIFT_MONTHS = 6
# A repository that no service claims: what it sends is kept, listed and not counted.
UNCLAIMED = "playground"


def repository(service):
    return f"{ORGANISATION}/{service.name}"


def catalog():
    """catalog.yaml for this organisation."""
    lines = [f"report_tz: {REPORT_TZ}", "", "teams:"]
    for team in TEAMS:
        lines.append(f"  - {{name: {team.name}, title: {team.title}}}")
    lines += ["", "services:"]
    for service in SERVICES:
        sealed = service.environment != "production"
        lines += [
            f"  - name: {service.name}",
            f"    title: {service.title}",
            f"    owners: {service.team}",
            f"    phases: {'development' if sealed else 'live'}",
            f"    sources: [{{github: {repository(service)}}}]",
        ]
    lines += ["", "environments:", "  - {match: pilot, class: sealed}", "", "incidents:"]
    for service in SERVICES:
        lines.append(f"  - {{github: {repository(service)}, labels: [incident]}}")
    return "\n".join(lines) + "\n"
