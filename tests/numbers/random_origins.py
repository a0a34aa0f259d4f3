# SPDX-License-Identifier: Apache-2.0
"""Random histories by coordinates: repositories that are renamed and take each other's names,
monorepos, projects, environments that rules read, tickets that may be incidents. What they mean
is the catalogue's (tested by stories); here only that it does not depend on the order of things."""

from random_history import Chaos

NAMES = ("acme/one", "acme/two", "Acme/Two", "acme/three")
PROJECTS = ("OPS", "WEB")
ENVIRONMENTS = ("prod", "production-eu", "staging", "blue", "qa", None)


class Origins(Chaos):
    def services(self):
        found = super().services()
        for service in found:
            service["sources"] = [source for source in (
                {"github": self.one(NAMES)},
                {"github": "acme/mono", "paths": [f"services/{service['name']}/"]},
                {"github": "acme/mono", "environment": self.one(("prod", "blue|green"))},
                {"github_id": self.one(("1", "2", "3"))},
                {"github": self.one(NAMES), "workflow": "deploy.yml"},
                {"jira": self.one(PROJECTS), "component": self.one(("Cart", "Till"))},
                {"jira": self.one(PROJECTS)},
                {"servicenow": self.one(("Cart", "Till"))}) if self.chance(0.3)]
        return found

    def settings(self):
        return {**super().settings(), **({"unmapped": "service"} if self.chance(0.3) else {}),
                "environments": [rule for rule in (
                    {"match": "blue", "class": self.one(("production", "sealed", "other"))},
                    {"match": "stag*", "class": "production"},
                    {"match": "prod*", "service": "s1", "class": "sealed"}) if self.chance(0.4)],
                "deployments": [rule for rule in (
                    {"github": self.one(NAMES), "workflow": "deploy.yml", "environment": "prod"},
                    {"github": "*", "via": "release", "environment": "production"},
                    {"github": self.one(NAMES), "via": "workflow_run"}) if self.chance(0.5)],
                "incidents": [rule for rule in (
                    {"jira": "OPS", "types": ["Bug"]}, {"jira": "*", "labels": ["x"]},
                    {"jira": "WEB", "incident": "no"}) if self.chance(0.4)],
                "severities": [{"jira": "*", "1": ["P1"], "4": ["P2"]}] if self.chance(0.4) else [],
                "statuses": [{"jira": "OPS", "done": ["Live"]}] if self.chance(0.4) else [],
                "work_items": [{"jira": "WEB", "types": ["Story"], "class": "adhoc_value"}]
                if self.chance(0.4) else []}

    def repository(self):
        origin = {"system": "github", "host": self.one(("github.com", "github.com", "ghe")),
                  "repository": self.one((*NAMES, "acme/mono"))}
        if self.chance(0.7):
            origin["repository_id"] = "9" if origin["repository"] == "acme/mono" \
                else self.one(("1", "2", "3"))
        return origin

    def ticket(self):
        if self.chance(0.2):
            return {"system": "servicenow", "host": "sn", "ci": self.one(("Cart", "Till"))}
        origin = {"system": "jira", "host": "jira", "project": self.one(PROJECTS)}
        if self.chance(0.4):
            origin["component"] = self.one(("Cart", "Till"))
        return origin

    def add(self, kind, data, **attributes):
        """Most events come by coordinates, some of one entity by others than the rest."""
        if kind == "correction" or self.chance(0.15):
            return super().add(kind, data, **attributes)
        if kind in ("deployment", "change"):
            data.pop("service", None), data.pop("services", None)
            data["origin"] = self.repository()
        else:
            data.pop("services", None)
            data["origin"] = self.ticket()
        if kind == "deployment":
            data.pop("environment_class", None)
            self.put(data, 0.9, environment=self.one(ENVIRONMENTS))
            self.put(data, 0.3, via=self.one(("workflow_run", "release", "deployment")))
            self.put(data["origin"], 0.4, workflow=self.one(("deploy.yml", "ci.yml")))
            if self.chance(0.1):
                data["environment_class"] = self.one(("production", "other"))
        elif kind == "change":
            self.put(data["origin"], 0.6, paths=lambda: [
                f"services/{self.prefix}s{self.random.randrange(4)}/src"])
            if data.get("landed_at") and self.chance(0.1):
                data["origin"]["paths_truncated"] = True
        elif kind == "incident":
            self.put(data, 0.4, candidate=self.chance(0.8), item_type=self.one(("Bug", "Task")),
                     labels=["x"], severity_raw=self.one(("P1", "P2", "high")),
                     label_changes={"x": self.chance(0.5)})
        elif kind == "work_item":
            self.put(data, 0.3, status_raw=self.one(("Live", "Doing", "Closed")))
        return super().add(kind, data, **attributes)
