# SPDX-License-Identifier: Apache-2.0
"""A made-up organisation: four teams, eight services, and how each has fared this year.

Rates are per month. A drift is what a month's value is multiplied with for each of the last six
complete months; so `rate_drift` 0.86 means that the team ships a little less every month.
"""

from dataclasses import dataclass

ORGANISATION = "acme"
JIRA = "ACME"     # the project in which some teams keep their work
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
            broken=0.08, restore_minutes=45, items=22, unplanned=0.28, has_staging=True,
            tickets="jira", incidents="servicenow"),
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
            lead_drift=1.24, restore_drift=1.12, unplanned_step=0.065, code="gitlab",
            tickets="gitlab", incidents="gitlab"),
    Service("tracking", "Tracking", "logistics", deploys=12, lead_hours=24, failing=0.12,
            broken=0.07, restore_minutes=90, items=15, unplanned=0.25, rate_drift=0.86,
            lead_drift=1.22, restore_drift=1.10, unplanned_step=0.06, code="gitlab",
            tickets="gitlab", incidents="gitlab"),
    Service("wallet", "Wallet", "payments", deploys=13, lead_hours=22, failing=0.10,
            broken=0.06, restore_minutes=60, items=14, unplanned=0.25, tickets="jira",
            incidents="servicenow"),
)

DRIFT_MONTHS = 6
# A repository that no service claims: what it sends is kept, listed and not counted.
UNCLAIMED = "playground"


def sources(service):
    """What the senders call a service, for the catalogue."""
    found = [f"{{{service.code}: {ORGANISATION}/{service.name}}}"]
    if service.tickets == "jira":
        found.append(f"{{jira: {JIRA}, component: {service.name}}}")
    if service.incidents == "servicenow":
        found.append(f"{{servicenow: {service.title}}}")
    return ", ".join(found)


def catalog():
    """catalog.yaml for this organisation."""
    lines = [f"report_tz: {REPORT_TZ}", "", "teams:"]
    lines += [f"  - {{name: {team.name}, title: {team.title}}}" for team in TEAMS]
    lines += ["", "services:"]
    for service in SERVICES:
        lines += [
            f"  - name: {service.name}",
            f"    title: {service.title}",
            f"    owners: {service.team}",
            f"    phases: {'live' if service.environment == 'production' else 'development'}",
            f"    sources: [{sources(service)}]",
        ]
    lines += ["", "environments:", "  - {match: pilot, class: sealed}", "", "incidents:"]
    # On GitHub an issue is an incident by its label; GitLab and ServiceNow know incidents.
    lines += [f"  - {{github: {ORGANISATION}/{service.name}, labels: [incident]}}"
              for service in SERVICES if service.incidents == "github"]
    return "\n".join(lines) + "\n"
