# SPDX-License-Identifier: Apache-2.0
"""Stories of what deploys, from the request to the row, told once and told through two hooks."""

import base64
import hashlib
import hmac
import json

import pytest

from harness.golden import rows_of
from stories import Story, both, catalog, check, service

A = "a1" * 20
B = "b2" * 20
C = "c3" * 20


# -- Argo CD -----------------------------------------------------------------------------------

def sync(day, revision, phase="Succeeded", health="Healthy"):
    return {"argocdUrl": "https://argocd.example", "app": {
        "metadata": {"name": "argo-shop", "namespace": "argocd", "uid": "u-1"},
        "spec": {"project": "default", "destination": {"namespace": "shop-production"}},
        "status": {"health": {"status": health}, "operationState": {
            "phase": phase, "startedAt": f"2026-06-{day:02}T10:00:00Z",
            "finishedAt": f"2026-06-{day:02}T10:01:00Z", "syncResult": {"revision": revision}}}}}


ARGOCD = Story("argocd", "argocd", [
    (sync(2, A),),
    (sync(3, B),),
    (sync(2, A),),                              # a restarted controller tells all again
    (sync(5, A),),                              # back to A, told before ...
    (sync(4, C, "Failed", "Degraded"),),        # ... the failure of the day before
    (sync(5, A, health="Degraded"),),           # later, of an operation that had been healthy
])


# -- Flux --------------------------------------------------------------------------------------

def reconciled(day, sha, reason="ReconciliationSucceeded", hour=10):
    return {"involvedObject": {"kind": "Kustomization", "namespace": "apps", "name": "flux-shop",
                               "uid": "7d0c"},
            "severity": "info", "reason": reason, "message": "", "reportingController": "k",
            "timestamp": f"2026-06-{day:02}T{hour:02}:00:00Z",
            "metadata": {"kustomize.toolkit.fluxcd.io/revision": f"main@sha1:{sha}",
                         "environment": "production"}}


def released(day, chart, reason, hour=10):
    return {**reconciled(day, "", reason, hour),
            "involvedObject": {"kind": "HelmRelease", "namespace": "apps", "name": "helm-shop",
                               "uid": "7d0d"},
            "metadata": {"helm.toolkit.fluxcd.io/revision": chart, "environment": "production"}}


def sign_flux(secret, body):
    return {"X-Signature": "sha256=" +
            hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()}


FLUX = Story("flux", "flux", [
    (reconciled(2, A),),
    (reconciled(2, A),),                                        # again
    (reconciled(3, B, hour=12),),                               # told before ...
    (reconciled(3, B, "HealthCheckFailed", 10),),               # ... the tries that failed
    (reconciled(3, B, "HealthCheckFailed", 11),),
    (reconciled(6, A),),                                        # back
    ({**reconciled(7, A), "involvedObject": {"kind": "GitRepository", "name": "x"}},),
    (released(2, "6.5.0", "UpgradeSucceeded"),),
    (released(3, "6.5.1", "UpgradeFailed"),),
    (released(3, "6.5.0", "RollbackSucceeded", 11),),
], sign=sign_flux)


# -- Cloud Run ---------------------------------------------------------------------------------

def entry(day, revision, sha, still=None, generation=1, hour=10):
    """A revision that became ready; or failed, while the one before it still is."""
    message = f"Ready condition status changed to {not still} for Service run-shop."
    return {"insertId": "x", "logName": "projects/shop-prod/logs/cloudaudit.googleapis.com"
                                        "%2Fsystem_event",
            "timestamp": f"2026-06-{day:02}T{hour:02}:00:00.5Z",
            "resource": {"type": "cloud_run_revision", "labels": {
                "project_id": "shop-prod", "location": "eu", "service_name": "run-shop",
                "revision_name": ""}},
            "protoPayload": {"serviceName": "run.googleapis.com", "status": {"message": message},
                             "response": {"kind": "Service", "metadata": {
                                 "name": "run-shop", "generation": generation,
                                 "labels": {"commit-sha": sha}},
                                 "status": {"latestReadyRevisionName": still or revision,
                                            "latestCreatedRevisionName": revision,
                                            "traffic": [{"revisionName": revision,
                                                         "percent": 100}]}}}}


def pushed(log_entry):
    data = base64.b64encode(json.dumps(log_entry).encode()).decode()
    return {"message": {"data": data, "messageId": "1"}, "subscription": "projects/p/s/dorad"}


CLOUDRUN = Story("cloudrun", "cloudrun", [
    (pushed(entry(2, "run-shop-1", A)),),
    (pushed(entry(2, "run-shop-1", A)),),                       # Pub/Sub delivers again
    (pushed(entry(2, "run-shop-1", A, generation=2, hour=11)),),    # a tag was set
    (pushed(entry(4, "run-shop-3", B, generation=4)),),         # told before ...
    (pushed(entry(3, "run-shop-2", C, "run-shop-1", generation=3)),),  # ... what failed before it
    (pushed(entry(5, "run-shop-4", A, generation=5)),),         # the old image again
])


# -- CDEvents ----------------------------------------------------------------------------------

def cdevent(kind, time, identity, subject, content):
    return {"context": {"specversion": "0.5.1", "id": identity, "source": "/ci/shop",
                        "type": f"dev.cdevents.{kind}.0.3.0", "timestamp": f"2026-06-{time}Z"},
            "subject": {"id": subject, "content": content}}


def merged(time, sha):
    return cdevent("change.merged", time, sha, sha,
                   {"repository": {"id": "shop/ce", "source": "https://git.example"}})


def deployed(time, identity, sha, predicate="deployed"):
    return cdevent(f"service.{predicate}", time, identity, "ce-shop", {
        "environment": {"id": "production"}, "artifactId": f"pkg:generic/shop@{sha}"})


def incident(predicate, time, identity, sha):
    return cdevent(f"incident.{predicate}", time, identity, "incident-1", {
        "environment": {"id": "production"}, "service": {"id": "ce-shop"},
        "artifactId": f"pkg:generic/shop@{sha}"})


def ticket(predicate, time, **content):
    return cdevent(f"ticket.{predicate}", time, f"t-{predicate}", "ticket-1", {
        "summary": "x", "ticketType": "task", "uri": "https://tickets.example/1", **content})


def structured(event):
    context = event["context"]
    return ({"specversion": "1.0", "id": context["id"], "source": context["source"],
             "type": context["type"], "time": context["timestamp"], "data": event},
            {"Content-Type": "application/cloudevents+json"})


def binary(event):
    context = event["context"]
    return event, {"ce-specversion": "1.0", "ce-id": context["id"],
                   "ce-source": context["source"], "ce-type": context["type"],
                   "ce-time": context["timestamp"]}


def batch(*events):
    return ([structured(event)[0] for event in events],
            {"Content-Type": "application/cloudevents-batch+json"})


CLOUDEVENTS = Story("cloudevents", "cloudevents", [
    (merged("01T10:00:00", A),),
    structured(deployed("01T12:00:00", "d-1", A)),
    (merged("02T10:00:00", B),),
    binary(deployed("02T13:00:00", "d-2", B)),
    (deployed("02T13:00:00", "d-2", B),),                   # again, and in another mode
    (incident("resolved", "02T15:00:00", "i-2", C),),       # told before ...
    (incident("detected", "02T14:00:00", "i-1", B),),       # ... it was detected
    batch(incident("detected", "02T16:00:00", "i-3", B),
          incident("resolved", "02T16:30:00", "i-4", A),
          deployed("02T16:20:00", "d-3", A, "rolledback")),
    batch(ticket("created", "03T09:00:00"), ticket("closed", "04T09:00:00",
                                                   resolution="completed")),
], auth="bearer")


CATALOG = catalog([
    service("argo", {"argocd": "argo-shop"}),
    service("flux", {"flux": "flux-shop"}),
    service("helm", {"flux": "helm-shop"}),
    service("run", {"cloudrun": "run-shop"}),
    service("ce", {"cloudevents": "ce-shop"}, {"cloudevents": "shop/ce"},
            {"cloudevents": "ci/shop"}),
])


@pytest.fixture(scope="module")
def sites(postgres):
    with both(postgres, CATALOG, [ARGOCD, FLUX, CLOUDRUN, CLOUDEVENTS]) as them:
        yield them


@pytest.fixture(params=[1, 2], ids=["one hook", "two hooks"])
def site(request, sites):
    return sites[request.param]


def test_two_hooks_give_the_rows_of_one(sites):
    assert rows_of(sites[1]) == rows_of(sites[2]) != {}


# Deployments of A on the 2nd and of B on the 3rd are changes; whether they delivered anything
# is unknown, since no change was ever told. C failed: an attempt. A on the 5th was out before B
# was: a rollback, which takes B away. So B, one of two changes, is failed.
A_B_AND_BACK = {
    "deployments": 2, "deploy_days": 2, "redeploys": 0, "rollbacks": 1, "failed_attempts": 1,
    "failed_deployments": 1, "fail_rate_n": 2, "fail_rate": 0.5, "lead_time_n": 0,
    "lead_time_unknown_deployments": 2, "rework_deploy_rate_n": 3,
}


def test_argo_cd_syncs_fail_and_go_back(site):
    check(site, "argo", **A_B_AND_BACK)


def test_flux_tries_until_it_is_healthy_and_goes_back(site):
    # The two tries of B that failed are one attempt.
    check(site, "flux", **A_B_AND_BACK)


def test_a_release_that_helm_rolled_back_leaves_what_ran_before_it_unharmed(site):
    check(site, "helm", deployments=1, rollbacks=0, redeploys=0, failed_attempts=1,
          failed_deployments=0, fail_rate_n=1, fail_rate=0.0)


def test_cloud_run_revisions_fail_and_an_old_image_comes_back(site):
    # The tag on generation 2 is no deployment: the revision is the same. C is on the 3rd here
    # and B on the 4th, which changes no count.
    check(site, "run", **A_B_AND_BACK)


def test_cdevents_tell_changes_deployments_incidents_and_tickets(site):
    # d-1 is the first to deploy a known change: the baseline, A is not sampled. d-2 delivers
    # B: landed 10:00, out 13:00, 3 h. d-3 is a rollback and takes d-2 away, and the incident
    # names B, which d-2 delivered: evidence twice, failed once, of two changes. Open
    # 14:00-15:00 and 16:00-16:30: 1.5 h, opened again once. The ticket is planned work. The
    # second d-2 counts once: source and id of the CDEvent are those of the first.
    check(site, "ce", deployments=2, rollbacks=1, redeploys=0, lead_time_n=1,
          lead_time_p50_s=10800.0, lead_time_unknown_deployments=1, failed_deployments=1,
          fail_rate_n=2, fail_rate=0.5, incidents_started=1, incidents_restored=1, reopens=1,
          restore_n=1, restore_p50_s=5400.0, recovery_n=1, recovery_p50_s=5400.0,
          incidents_open_end=0, items_done=1, items_planned=1, unplanned_rate=0.0)
