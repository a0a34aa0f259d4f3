-- SPDX-License-Identifier: Apache-2.0
--
-- Facts with the rules that counted them or left them out (METRICS.md section 4, "Explain").

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.owner_at(of_service text, at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT o.team FROM dorad_data.ownership AS o
    WHERE o.service = of_service AND o.valid_from <= at AND at < o.valid_to
$$;
COMMENT ON FUNCTION dorad_data.owner_at IS 'The team that owned a service at an instant.';

-- What is said of a deployment is asked for it alone: where many are sorted and few shown, for those few.
CREATE VIEW dorad.explain_deployment AS
SELECT f.service, f.deployment_id, f.at, dorad_data.month_of(f.at, s.report_tz) AS month,
       o.team, f.status, f.kind, f.kind_rule, f.lane, f.environment, f.sha, f.ref, f.hotfix,
       f.lead_source, f.unknown_changes,
       f.status IS NOT NULL AND NOT f.excluded AS counted,
       CASE WHEN f.excluded THEN 'correction' ELSE f.exclusion END AS exclusion,
       f.status IS NOT NULL AND coalesce(f.failure, f.removed_by IS NOT NULL OR EXISTS (
           SELECT FROM dorad_data.evidence AS x
           WHERE x.service = f.service AND x.deployment_id = f.deployment_id)) AS failed,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(v.what, v.by_id) ORDER BY v.what, v.by_id)
           FROM (
               SELECT x.what, x.by_id FROM dorad_data.evidence AS x
               WHERE x.service = f.service AND x.deployment_id = f.deployment_id
               UNION ALL
               SELECT 'rollback', r.deployment_id FROM dorad_data.deployment_fact AS r
               WHERE r.service = f.service AND r.removes = f.deployment_id
                 AND f.removed_by IS NOT NULL
           ) AS v), '[]') AS evidence,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(x.change_id, x.lead_s)
                            ORDER BY CASE WHEN x.source <> 'explicit' THEN y.landed_at END,
                                     CASE WHEN x.source <> 'explicit' THEN y.ordinal END,
                                     y.change_id)
           FROM dorad_data.change_delivery AS x
           JOIN dorad_data.change AS y ON y.change_id = x.change_id
           WHERE x.service = f.service AND x.at = f.at AND x.deployment_id = f.deployment_id
             AND x.lead_s IS NOT NULL), '[]') AS changes,
       f.removes AS rolls_back, f.removed_by AS rolled_back_by,
       f.members, f.parts, f.parts_without_outcome, f.parts_not_counted, (
           SELECT jsonb_agg(jsonb_build_object('field', x.field, 'value', x.value, 'reason', x.reason,
                                               'at', x.at) ORDER BY x.field)
           FROM dorad_data.correction AS x
           WHERE x.target_kind = 'deployment' AND x.target_service IN ('', f.service)
             AND (x.target_id = f.deployment_id OR x.target_id = ANY (f.members))) AS corrections,
       f.url
FROM dorad_data.deployment_fact AS f
CROSS JOIN dorad_data.setting AS s
LEFT JOIN dorad_data.ownership AS o
    ON o.service = f.service AND o.valid_from <= f.at AND f.at < o.valid_to;
COMMENT ON VIEW dorad.explain_deployment IS
    'Every deployment, those that do not count too, with the rule that decided each thing about it.';
COMMENT ON COLUMN dorad.explain_deployment.service IS 'The service.';
COMMENT ON COLUMN dorad.explain_deployment.deployment_id IS 'Id of the roll-out or deployment.';
COMMENT ON COLUMN dorad.explain_deployment.at IS 'When it finished; of one that does not count, its last event.';
COMMENT ON COLUMN dorad.explain_deployment.month IS 'First day of the month that it counts in.';
COMMENT ON COLUMN dorad.explain_deployment.team IS 'The team that owned the service then.';
COMMENT ON COLUMN dorad.explain_deployment.status IS 'succeeded or failed; NULL: it does not count.';
COMMENT ON COLUMN dorad.explain_deployment.kind IS 'change, rollback, redeploy or attempt.';
COMMENT ON COLUMN dorad.explain_deployment.kind_rule IS 'Why: flag, changes_listed, same_sha, older_sha, new_sha, unknown_sha, first_in_lane or failed.';
COMMENT ON COLUMN dorad.explain_deployment.lane IS 'production or sealed.';
COMMENT ON COLUMN dorad.explain_deployment.environment IS 'The environment as the sender calls it.';
COMMENT ON COLUMN dorad.explain_deployment.sha IS 'What was deployed.';
COMMENT ON COLUMN dorad.explain_deployment.ref IS 'Branch or tag.';
COMMENT ON COLUMN dorad.explain_deployment.hotfix IS 'The sender called it a hotfix.';
COMMENT ON COLUMN dorad.explain_deployment.lead_source IS 'Where its changes come from: explicit, inferred, baseline or unknown.';
COMMENT ON COLUMN dorad.explain_deployment.unknown_changes IS 'Listed changes that nobody has seen land.';
COMMENT ON COLUMN dorad.explain_deployment.counted IS 'It is in the numbers.';
COMMENT ON COLUMN dorad.explain_deployment.exclusion IS 'Why it is not: no_outcome, cancelled, environment, phase or correction.';
COMMENT ON COLUMN dorad.explain_deployment.failed IS 'It failed in production: by evidence, or by a correction.';
COMMENT ON COLUMN dorad.explain_deployment.evidence IS 'What says so: [[rollback | change_request | incident:<rule>, id], ...].';
COMMENT ON COLUMN dorad.explain_deployment.changes IS 'The changes that it delivered first, with lead times: [[id, seconds], ...].';
COMMENT ON COLUMN dorad.explain_deployment.rolls_back IS 'For a rollback: the deployment that it takes back.';
COMMENT ON COLUMN dorad.explain_deployment.rolled_back_by IS 'The first rollback that took it back.';
COMMENT ON COLUMN dorad.explain_deployment.members IS 'The deployment ids of a roll-out; NULL: it is one of its own.';
COMMENT ON COLUMN dorad.explain_deployment.parts IS 'Number of its environments.';
COMMENT ON COLUMN dorad.explain_deployment.parts_without_outcome IS 'Of these, those that never ended.';
COMMENT ON COLUMN dorad.explain_deployment.parts_not_counted IS 'Of these, those left out by environment or phase.';
COMMENT ON COLUMN dorad.explain_deployment.corrections IS 'Corrections that stand: [{field, value, reason, at}, ...].';
COMMENT ON COLUMN dorad.explain_deployment.url IS 'The page a person would open.';

CREATE VIEW dorad.explain_incident AS
SELECT i.incident_id, p.service, i.started_at, i.restored_at, i.restore_s, i.state, i.reopens,
       dorad_data.month_of(i.started_at, s.report_tz) AS started_month,
       dorad_data.month_of(i.restored_at, s.report_tz) AS restored_month,
       o.team, i.severity, i.environment_class, i.services,
       coalesce(p.counted, false) AS counted,
       coalesce(p.exclusion, i.exclusion) AS exclusion,
       p.attr_rule, coalesce(p.targets, '{}') AS deployments,
       i.cause, i.duplicate_of, i.item_type, i.title, c.list AS corrections, i.url, i.review_url
FROM dorad_data.incident_fact AS i
CROSS JOIN dorad_data.setting AS s
LEFT JOIN dorad_data.incident_service AS p ON p.incident_id = i.incident_id
LEFT JOIN dorad_data.ownership AS o
    ON o.service = p.service AND o.valid_from <= i.started_at AND i.started_at < o.valid_to
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('field', x.field, 'value', x.value, 'reason', x.reason,
                                        'at', x.at) ORDER BY x.field) AS list
    FROM dorad_data.correction AS x
    WHERE x.target_kind = 'incident' AND x.target_id = i.incident_id
      AND x.target_service IN ('', p.service)) AS c ON true;
COMMENT ON VIEW dorad.explain_incident IS
    'Every incident in each service that it hit (one row without service where none is known), '
    'those that do not count too, with the rule that decided what caused it.';
COMMENT ON COLUMN dorad.explain_incident.incident_id IS 'Its id.';
COMMENT ON COLUMN dorad.explain_incident.service IS 'A service that it hit.';
COMMENT ON COLUMN dorad.explain_incident.started_at IS 'When it began.';
COMMENT ON COLUMN dorad.explain_incident.restored_at IS 'When it was resolved for good.';
COMMENT ON COLUMN dorad.explain_incident.restore_s IS 'Seconds open, reopened times together; NULL: no sample.';
COMMENT ON COLUMN dorad.explain_incident.state IS 'open, resolved or cancelled.';
COMMENT ON COLUMN dorad.explain_incident.reopens IS 'How often it was opened again.';
COMMENT ON COLUMN dorad.explain_incident.started_month IS 'First day of the month in which it began.';
COMMENT ON COLUMN dorad.explain_incident.restored_month IS 'First day of the month in which it was resolved: its restore time counts there.';
COMMENT ON COLUMN dorad.explain_incident.team IS 'The team that owned the service when it began.';
COMMENT ON COLUMN dorad.explain_incident.severity IS '1 (worst) to 5; NULL: not known.';
COMMENT ON COLUMN dorad.explain_incident.environment_class IS 'production, sealed or other; NULL: not said.';
COMMENT ON COLUMN dorad.explain_incident.services IS 'All services that it hit.';
COMMENT ON COLUMN dorad.explain_incident.counted IS 'It is in the numbers of this service.';
COMMENT ON COLUMN dorad.explain_incident.exclusion IS
    'Why it is not: not_an_incident, duplicate, cancelled, environment, severity, unmapped, phase or correction.';
COMMENT ON COLUMN dorad.explain_incident.attr_rule IS
    'Which rule decided what caused it: excluded_cause, explicit_deployment, explicit_change_request, '
    'explicit_sha, explicit_other_service, rollback, latest_deployment, none or correction.';
COMMENT ON COLUMN dorad.explain_incident.deployments IS 'The deployments that it is held against.';
COMMENT ON COLUMN dorad.explain_incident.cause IS 'The cause as the sender names it.';
COMMENT ON COLUMN dorad.explain_incident.duplicate_of IS 'The incident that it is said to repeat.';
COMMENT ON COLUMN dorad.explain_incident.item_type IS 'Type of the ticket.';
COMMENT ON COLUMN dorad.explain_incident.title IS 'Its title, where the endpoint keeps titles.';
COMMENT ON COLUMN dorad.explain_incident.corrections IS 'Corrections that stand: [{field, value, reason, at}, ...].';
COMMENT ON COLUMN dorad.explain_incident.url IS 'The page a person would open.';
COMMENT ON COLUMN dorad.explain_incident.review_url IS 'Its post-incident review.';

CREATE VIEW dorad.explain_item AS
SELECT i.item_id, i.done_at, dorad_data.month_of(i.done_at, s.report_tz) AS month, i.status,
       i.class, i.class_rule, i.exclusion IS NULL AS counted, i.exclusion, i.services,
       CASE WHEN i.done_at IS NULL THEN '{}'
            WHEN i.team IS NOT NULL THEN ARRAY[i.team]
            ELSE ARRAY(
                SELECT DISTINCT o.team FROM dorad_data.ownership AS o
                WHERE o.service = ANY (i.services) AND o.team IS NOT NULL
                  AND o.valid_from <= i.done_at AND i.done_at < o.valid_to ORDER BY 1)
            END AS teams,
       i.item_type, i.labels, i.priority, i.linked_incidents, i.at AS last_event_at,
       c.list AS corrections, i.url
FROM dorad_data.item_fact AS i
CROSS JOIN dorad_data.setting AS s
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('field', x.field, 'value', x.value, 'reason', x.reason,
                                        'at', x.at) ORDER BY x.field) AS list
    FROM dorad_data.correction AS x
    WHERE x.target_kind = 'work_item' AND x.target_id = i.item_id) AS c ON true;
COMMENT ON VIEW dorad.explain_item IS
    'Every work item, those that do not count too, with its class and the rule that gave it.';
COMMENT ON COLUMN dorad.explain_item.item_id IS 'Its id.';
COMMENT ON COLUMN dorad.explain_item.done_at IS 'When it was completed for good; NULL: it is not done now.';
COMMENT ON COLUMN dorad.explain_item.month IS 'First day of the month that it counts in.';
COMMENT ON COLUMN dorad.explain_item.status IS 'todo, in_progress, done or cancelled.';
COMMENT ON COLUMN dorad.explain_item.class IS 'planned, failure_demand or adhoc_value.';
COMMENT ON COLUMN dorad.explain_item.class_rule IS
    'The rule that gave the class: correction, catalog, override, linked_incident, type, label, '
    'priority, added_after_sprint_start or default.';
COMMENT ON COLUMN dorad.explain_item.counted IS 'It is in the numbers.';
COMMENT ON COLUMN dorad.explain_item.exclusion IS 'Why it is not: not_done, cancelled, type, unmapped or correction.';
COMMENT ON COLUMN dorad.explain_item.services IS 'Its services.';
COMMENT ON COLUMN dorad.explain_item.teams IS 'The teams that it counts for: the one it names, else the owners of its services then.';
COMMENT ON COLUMN dorad.explain_item.item_type IS 'Its type as sent.';
COMMENT ON COLUMN dorad.explain_item.labels IS 'Its labels.';
COMMENT ON COLUMN dorad.explain_item.priority IS 'Its priority as sent.';
COMMENT ON COLUMN dorad.explain_item.linked_incidents IS 'Incidents that it is linked to.';
COMMENT ON COLUMN dorad.explain_item.last_event_at IS 'Its last event.';
COMMENT ON COLUMN dorad.explain_item.corrections IS 'Corrections that stand: [{field, value, reason, at}, ...].';
COMMENT ON COLUMN dorad.explain_item.url IS 'The page a person would open.';

-- The same facts as a star for BI: what counts only, a row each, keys to the dimensions.

CREATE VIEW dorad.fact_deployment AS
SELECT e.deployment_id, e.service, e.team, e.month, (e.at AT TIME ZONE s.report_tz)::date AS date,
       e.at, e.status, e.kind, e.lane, e.environment, e.sha, e.hotfix, e.failed, e.lead_source,
       jsonb_array_length(e.changes) AS changes_delivered, e.rolled_back_by, e.url
FROM dorad.explain_deployment AS e CROSS JOIN dorad_data.setting AS s
WHERE e.counted;
COMMENT ON VIEW dorad.fact_deployment IS 'Counted deployments, of all kinds.';
COMMENT ON COLUMN dorad.fact_deployment.deployment_id IS 'Id of the roll-out or deployment; with service the key.';
COMMENT ON COLUMN dorad.fact_deployment.service IS 'The service.';
COMMENT ON COLUMN dorad.fact_deployment.team IS 'The team that owned it then.';
COMMENT ON COLUMN dorad.fact_deployment.month IS 'First day of the month.';
COMMENT ON COLUMN dorad.fact_deployment.date IS 'The day, in the catalogue''s time zone.';
COMMENT ON COLUMN dorad.fact_deployment.at IS 'When it finished.';
COMMENT ON COLUMN dorad.fact_deployment.status IS 'succeeded or failed.';
COMMENT ON COLUMN dorad.fact_deployment.kind IS 'change, rollback, redeploy or attempt; deployments of the monthly views are those of kind change.';
COMMENT ON COLUMN dorad.fact_deployment.lane IS 'production or sealed.';
COMMENT ON COLUMN dorad.fact_deployment.environment IS 'The environment as the sender calls it.';
COMMENT ON COLUMN dorad.fact_deployment.sha IS 'What was deployed.';
COMMENT ON COLUMN dorad.fact_deployment.hotfix IS 'The sender called it a hotfix.';
COMMENT ON COLUMN dorad.fact_deployment.failed IS 'It failed in production.';
COMMENT ON COLUMN dorad.fact_deployment.lead_source IS 'Where its changes come from.';
COMMENT ON COLUMN dorad.fact_deployment.changes_delivered IS 'Changes that it delivered first, with a lead time.';
COMMENT ON COLUMN dorad.fact_deployment.rolled_back_by IS 'The first rollback that took it back.';
COMMENT ON COLUMN dorad.fact_deployment.url IS 'The page a person would open.';

-- Each has its change: who asks for lead times alone is spared looking for it.
CREATE VIEW dorad.fact_change AS
SELECT d.change_id, d.service, o.team, dorad_data.month_of(d.at, s.report_tz) AS month,
       (d.at AT TIME ZONE s.report_tz)::date AS date, d.at AS delivered_at, d.deployment_id,
       c.landed_at, c.committed_at, d.source, d.lead_s AS lead_time_s, d.clamped, c.url
FROM dorad_data.change_delivery AS d
LEFT JOIN dorad_data.change AS c ON c.change_id = d.change_id
CROSS JOIN dorad_data.setting AS s
LEFT JOIN dorad_data.ownership AS o
    ON o.service = d.service AND o.valid_from <= d.at AND d.at < o.valid_to
WHERE NOT EXISTS (SELECT FROM dorad_data.deployment_fact AS f
                  WHERE f.service = d.service AND f.deployment_id = d.deployment_id
                    AND f.excluded);
COMMENT ON VIEW dorad.fact_change IS
    'Changes delivered to production, once for each service; not what a deployment delivered that a '
    'correction leaves out.';
COMMENT ON COLUMN dorad.fact_change.change_id IS 'The commit; with service the key.';
COMMENT ON COLUMN dorad.fact_change.service IS 'The service.';
COMMENT ON COLUMN dorad.fact_change.team IS 'The team that owned it when it was delivered.';
COMMENT ON COLUMN dorad.fact_change.month IS 'First day of the month of delivery.';
COMMENT ON COLUMN dorad.fact_change.date IS 'The day of delivery, in the catalogue''s time zone.';
COMMENT ON COLUMN dorad.fact_change.delivered_at IS 'When it was first in production.';
COMMENT ON COLUMN dorad.fact_change.deployment_id IS 'The deployment that brought it there.';
COMMENT ON COLUMN dorad.fact_change.landed_at IS 'When it landed on the default branch.';
COMMENT ON COLUMN dorad.fact_change.committed_at IS 'When it was committed.';
COMMENT ON COLUMN dorad.fact_change.source IS 'explicit, inferred or baseline; a baseline has no lead time.';
COMMENT ON COLUMN dorad.fact_change.lead_time_s IS 'Lead time in seconds; NULL: not sampled.';
COMMENT ON COLUMN dorad.fact_change.clamped IS 'It was negative and counts as 0.';
COMMENT ON COLUMN dorad.fact_change.url IS 'The page a person would open.';

CREATE VIEW dorad.fact_incident AS
SELECT e.incident_id, e.service, e.team, o.team AS restored_team, e.started_month,
       e.restored_month, e.started_at, e.restored_at, e.restore_s AS time_to_restore_s, e.reopens,
       e.severity, e.attr_rule, e.deployments, e.url, e.review_url
FROM dorad.explain_incident AS e
LEFT JOIN dorad_data.ownership AS o
    ON o.service = e.service AND o.valid_from <= e.restored_at AND e.restored_at < o.valid_to
WHERE e.counted;
COMMENT ON VIEW dorad.fact_incident IS
    'Counted incidents, a row for each service hit; count distinct ids to count incidents of a team.';
COMMENT ON COLUMN dorad.fact_incident.incident_id IS 'Its id; with service the key.';
COMMENT ON COLUMN dorad.fact_incident.service IS 'A service that it hit.';
COMMENT ON COLUMN dorad.fact_incident.team IS 'The team that owned the service when it began.';
COMMENT ON COLUMN dorad.fact_incident.restored_team IS 'The team that owned the service when it was resolved: its restore time counts there.';
COMMENT ON COLUMN dorad.fact_incident.started_month IS 'First day of the month in which it began.';
COMMENT ON COLUMN dorad.fact_incident.restored_month IS 'First day of the month in which it was resolved.';
COMMENT ON COLUMN dorad.fact_incident.started_at IS 'When it began.';
COMMENT ON COLUMN dorad.fact_incident.restored_at IS 'When it was resolved for good.';
COMMENT ON COLUMN dorad.fact_incident.time_to_restore_s IS 'Seconds open; NULL: no sample.';
COMMENT ON COLUMN dorad.fact_incident.reopens IS 'How often it was opened again.';
COMMENT ON COLUMN dorad.fact_incident.severity IS '1 (worst) to 5; NULL: not known.';
COMMENT ON COLUMN dorad.fact_incident.attr_rule IS 'Which rule decided what caused it.';
COMMENT ON COLUMN dorad.fact_incident.deployments IS 'The deployments that it is held against.';
COMMENT ON COLUMN dorad.fact_incident.url IS 'The page a person would open.';
COMMENT ON COLUMN dorad.fact_incident.review_url IS 'Its post-incident review.';

CREATE VIEW dorad.fact_work_item AS
SELECT e.item_id, e.month, (e.done_at AT TIME ZONE s.report_tz)::date AS date, e.done_at,
       e.class, e.class_rule, e.services, e.teams, e.item_type, e.url
FROM dorad.explain_item AS e CROSS JOIN dorad_data.setting AS s
WHERE e.counted;
COMMENT ON VIEW dorad.fact_work_item IS 'Completed work items that count, a row each.';
COMMENT ON COLUMN dorad.fact_work_item.item_id IS 'Its id.';
COMMENT ON COLUMN dorad.fact_work_item.month IS 'First day of the month of its completion.';
COMMENT ON COLUMN dorad.fact_work_item.date IS 'The day of its completion, in the catalogue''s time zone.';
COMMENT ON COLUMN dorad.fact_work_item.done_at IS 'When it was completed.';
COMMENT ON COLUMN dorad.fact_work_item.class IS 'planned, failure_demand or adhoc_value.';
COMMENT ON COLUMN dorad.fact_work_item.class_rule IS 'The rule that gave the class.';
COMMENT ON COLUMN dorad.fact_work_item.services IS 'Its services.';
COMMENT ON COLUMN dorad.fact_work_item.teams IS 'The teams that it counts for.';
COMMENT ON COLUMN dorad.fact_work_item.item_type IS 'Its type as sent.';
COMMENT ON COLUMN dorad.fact_work_item.url IS 'The page a person would open.';

CREATE VIEW dorad.fact_change_request AS
SELECT c.cr_id, d.service, dorad_data.month_of(coalesce(c.actual_end, c.at), s.report_tz) AS month,
       c.state, c.close_code, c.actual_start, c.actual_end, c.marks_failure,
       d.deployments, c.url
FROM dorad_data.change_request AS c
CROSS JOIN dorad_data.setting AS s
CROSS JOIN LATERAL (
    SELECT k.service, coalesce(array_agg(x.deployment_id ORDER BY x.deployment_id)
                                   FILTER (WHERE x.deployment_id IS NOT NULL), '{}') AS deployments
    FROM (
        SELECT unnest(c.services) AS service
        UNION SELECT x.service FROM dorad_data.change_request_deployment AS x
        WHERE x.cr_id = c.cr_id
    ) AS k
    LEFT JOIN dorad_data.change_request_deployment AS x
        ON x.cr_id = c.cr_id AND x.service = k.service
    GROUP BY k.service) AS d;
COMMENT ON VIEW dorad.fact_change_request IS 'Change requests, a row for each service.';
COMMENT ON COLUMN dorad.fact_change_request.cr_id IS 'Its id; with service the key.';
COMMENT ON COLUMN dorad.fact_change_request.service IS 'A service that it is about.';
COMMENT ON COLUMN dorad.fact_change_request.month IS 'First day of the month in which its work ended, or of its last event.';
COMMENT ON COLUMN dorad.fact_change_request.state IS 'Its state as sent.';
COMMENT ON COLUMN dorad.fact_change_request.close_code IS 'Its close code as sent.';
COMMENT ON COLUMN dorad.fact_change_request.actual_start IS 'When the work began.';
COMMENT ON COLUMN dorad.fact_change_request.actual_end IS 'When the work ended.';
COMMENT ON COLUMN dorad.fact_change_request.marks_failure IS 'Closed as unsuccessful: its deployments failed.';
COMMENT ON COLUMN dorad.fact_change_request.deployments IS 'Its deployments of this service.';
COMMENT ON COLUMN dorad.fact_change_request.url IS 'The page a person would open.';
