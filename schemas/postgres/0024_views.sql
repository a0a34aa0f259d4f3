-- SPDX-License-Identifier: Apache-2.0
--
-- The views that people and BI tools read (METRICS.md section 10): months, trends, revisions,
-- dimensions and facts. Months are plain dates; instants are timestamptz.

SET LOCAL search_path = dorad_data, pg_temp;

DO $do$
DECLARE
    columns text;
    scope_name text;
    c record;
BEGIN
    -- One list of columns and one of comments serve the table and both views.
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
    FROM pg_attribute AS a
    WHERE a.attrelid = 'monthly'::regclass AND a.attnum > 0
      AND a.attname NOT IN ('scope', 'name', 'month', 'phase');
    FOREACH scope_name IN ARRAY ARRAY['service', 'team'] LOOP
        EXECUTE format(
            'CREATE VIEW dorad.monthly_%1$s AS SELECT month, name AS %1$s, %2$s%3$s '
            'FROM dorad_data.monthly WHERE scope = %1$L',
            scope_name, CASE scope_name WHEN 'service' THEN 'phase, ' ELSE '' END, columns);
        EXECUTE format(
            'CREATE VIEW dorad.trend_%1$s AS SELECT month, name AS %1$s, metric, direction, '
            'basis, n, s, p, slope_per_month FROM dorad_data.trend WHERE scope = %1$L', scope_name);
        EXECUTE format(
            'CREATE VIEW dorad.assurance_%1$s AS SELECT month, name AS %1$s, throughput, '
            'assurance FROM dorad_data.assurance WHERE scope = %1$L', scope_name);
        EXECUTE format('COMMENT ON VIEW dorad.monthly_%1$s IS %2$L', scope_name,
            format('The DORA metrics of each %s in each month, one row each. Months without '
                   'events have rows, too: 0 is measured to be 0, NULL is no data.', scope_name));
        EXECUTE format('COMMENT ON VIEW dorad.trend_%1$s IS %2$L', scope_name,
            format('Where each metric of a %s has been going at each complete month; compared '
                   'with its own past only.', scope_name));
        EXECUTE format('COMMENT ON VIEW dorad.assurance_%1$s IS %2$L', scope_name,
            format('What the trends of a %s say together: who needs a conversation.', scope_name));
    END LOOP;
    FOR c IN SELECT * FROM (VALUES
        ('scope', 'service or team.'),
        ('name', 'Name of the service or team.'),
        ('service', 'Name of the service.'),
        ('team', 'Name of the team.'),
        ('month', 'First day of the month, in the catalogue''s time zone.'),
        ('complete', 'The month is over.'),
        ('settled', 'The month is over, and so is the time in which an incident can still be held against its deployments.'),
        ('phase', 'Phase of the service at the end of the month: development, live or retired.'),
        ('delivery_measured', 'There was ever a deployment, or the service is live. If not, the delivery counts are NULL.'),
        ('days', 'Days of the month; of the running month those that have begun.'),
        ('deployments', 'Deployments that brought changes to production and succeeded.'),
        ('deployments_per_day', 'deployments / days.'),
        ('deploy_days', 'Days with at least one of these deployments.'),
        ('redeploys', 'Deployments of what was running already; not counted as deployments.'),
        ('rollbacks', 'Deployments of something older; not counted as deployments.'),
        ('failed_attempts', 'Deployments that failed to finish; no failures of service by themselves.'),
        ('hotfixes', 'Deployments that their sender called hotfixes.'),
        ('lead_time_n', 'Changes first delivered in the month, whose lead times these are.'),
        ('lead_time_p50_s', 'Median lead time in seconds, from commit (or as lead_time_start in status says) to production; NULL: no change has one.'),
        ('lead_time_p85_s', '85th percentile of the lead time in seconds.'),
        ('lead_time_p95_s', '95th percentile of the lead time in seconds; with few changes nearly the longest.'),
        ('lead_time_unknown_deployments', 'Deployments whose changes are not known, or that were the first known.'),
        ('lead_time_clamped', 'Lead times that were negative and count as 0.'),
        ('deploy_lead_time_n', 'Deployments that delivered at least one change.'),
        ('deploy_lead_time_p50_s', 'Median over deployments of the lead time of their oldest change, in seconds.'),
        ('failed_deployments', 'Deployments that something says failed in production: a rollback, an incident, a change request, a correction.'),
        ('fail_rate_n', 'What the fail rate is of: deployments, and the rollbacks, redeploys and attempts that something speaks against.'),
        ('fail_rate', 'failed_deployments / fail_rate_n, from 0 to 1; NULL: there is nothing that it would be of.'),
        ('failed_inferred', 'Of failed_deployments, those that only the time of an incident speaks against.'),
        ('incidents_started', 'Incidents that began in the month.'),
        ('incidents_open_end', 'Incidents open at the end of the month.'),
        ('incidents_restored', 'Incidents resolved for good in the month.'),
        ('restore_n', 'Incidents resolved in the month whose duration is known.'),
        ('restore_p50_s', 'Median time to restore in seconds; NULL: of no incident it is known.'),
        ('restore_p85_s', '85th percentile of the time to restore in seconds.'),
        ('restore_p95_s', '95th percentile of the time to restore in seconds.'),
        ('reopens', 'How often the incidents resolved in the month had been opened again.'),
        ('recovery_n', 'Of restore_n, those that a deployment caused.'),
        ('recovery_p50_s', 'Median time to restore of those, in seconds.'),
        ('rework_deploy_rate_n', 'deployments + rollbacks.'),
        ('rework_deploy_rate', '(hotfixes + rollbacks) / rework_deploy_rate_n, from 0 to 1: the fifth DORA metric; NULL: nothing was deployed.'),
        ('items_done', 'Work items completed in the month.'),
        ('items_planned', 'Of these, planned work.'),
        ('items_failure_demand', 'Of these, work that something broken caused.'),
        ('items_adhoc_value', 'Of these, useful work that nobody had planned.'),
        ('unplanned_rate', '(items_failure_demand + items_adhoc_value) / items_done, from 0 to 1; NULL: nothing was done.'),
        ('failure_demand_rate', 'items_failure_demand / items_done, from 0 to 1; NULL: nothing was done.'),
        ('computed_at', 'When the row last changed.'),
        ('revision', 'More than 1: the row changed after its month was complete; see revisions.'),
        ('metric', 'deploy_freq, lead_time, fail_rate, restore or unplanned.'),
        ('direction', 'improving, worsening, steady or not_enough_data.'),
        ('basis', 'short: judged by the last 6 complete months; long: by the last 12; NULL: not enough data.'),
        ('n', 'Months with enough data that it was judged by.'),
        ('s', 'The Mann-Kendall statistic of those months: pairs that rise less pairs that fall; NULL: not enough data.'),
        ('p', 'Probability of at least that much order by chance, exact, two-sided; NULL: not enough data.'),
        ('slope_per_month', 'Median change per month (Theil-Sen): of deployments a day, of seconds, or of a rate from 0 to 1; NULL: not enough data.'),
        ('throughput', 'Deployment frequency and lead time together: improving, worsening, mixed, steady or not_enough_data.'),
        ('assurance', 'All five together: sliding, watch, steady, improving or not_enough_data.')
    ) AS comments (name, text) LOOP
        FOR scope_name IN
            SELECT a.attrelid::regclass::text FROM pg_attribute AS a
            WHERE a.attrelid IN (
                      'dorad_data.monthly'::regclass, 'dorad.monthly_service'::regclass,
                      'dorad.monthly_team'::regclass, 'dorad_data.trend'::regclass,
                      'dorad.trend_service'::regclass, 'dorad.trend_team'::regclass,
                      'dorad_data.assurance'::regclass, 'dorad.assurance_service'::regclass,
                      'dorad.assurance_team'::regclass)
              AND a.attname = c.name AND a.attnum > 0
        LOOP
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', scope_name, c.name, c.text);
        END LOOP;
    END LOOP;
END
$do$;

CREATE VIEW dorad.monthly_long AS
SELECT m.month, m.scope, m.name, v.metric, v.value, v.numerator, v.denominator, v.n, v.unit
FROM dorad_data.monthly AS m
CROSS JOIN LATERAL (VALUES
    ('deployments', m.deployments::double precision, NULL::double precision, NULL::double precision, m.deployments, 'deployments'),
    ('deployments_per_day', m.deployments_per_day, m.deployments, m.days, m.deployments, 'deployments/day'),
    ('deploy_days', m.deploy_days, NULL, NULL, m.deployments, 'days'),
    ('redeploys', m.redeploys, NULL, NULL, m.redeploys, 'deployments'),
    ('rollbacks', m.rollbacks, NULL, NULL, m.rollbacks, 'deployments'),
    ('failed_attempts', m.failed_attempts, NULL, NULL, m.failed_attempts, 'deployments'),
    ('hotfixes', m.hotfixes, NULL, NULL, m.hotfixes, 'deployments'),
    ('lead_time_p50_s', m.lead_time_p50_s, NULL, NULL, m.lead_time_n, 's'),
    ('lead_time_p85_s', m.lead_time_p85_s, NULL, NULL, m.lead_time_n, 's'),
    ('lead_time_p95_s', m.lead_time_p95_s, NULL, NULL, m.lead_time_n, 's'),
    ('deploy_lead_time_p50_s', m.deploy_lead_time_p50_s, NULL, NULL, m.deploy_lead_time_n, 's'),
    ('fail_rate', m.fail_rate, m.failed_deployments, m.fail_rate_n, m.fail_rate_n, 'ratio'),
    ('failed_inferred', m.failed_inferred, NULL, NULL, m.failed_deployments, 'deployments'),
    ('incidents_started', m.incidents_started, NULL, NULL, m.incidents_started, 'incidents'),
    ('incidents_open_end', m.incidents_open_end, NULL, NULL, m.incidents_open_end, 'incidents'),
    ('incidents_restored', m.incidents_restored, NULL, NULL, m.incidents_restored, 'incidents'),
    ('restore_p50_s', m.restore_p50_s, NULL, NULL, m.restore_n, 's'),
    ('restore_p85_s', m.restore_p85_s, NULL, NULL, m.restore_n, 's'),
    ('restore_p95_s', m.restore_p95_s, NULL, NULL, m.restore_n, 's'),
    ('recovery_p50_s', m.recovery_p50_s, NULL, NULL, m.recovery_n, 's'),
    ('rework_deploy_rate', m.rework_deploy_rate, m.hotfixes + m.rollbacks, m.rework_deploy_rate_n, m.rework_deploy_rate_n, 'ratio'),
    ('items_done', m.items_done, NULL, NULL, m.items_done, 'items'),
    ('unplanned_rate', m.unplanned_rate, m.items_failure_demand + m.items_adhoc_value, m.items_done, m.items_done, 'ratio'),
    ('failure_demand_rate', m.failure_demand_rate, m.items_failure_demand, m.items_done, m.items_done, 'ratio')
) AS v (metric, value, numerator, denominator, n, unit);
COMMENT ON VIEW dorad.monthly_long IS
    'Every monthly value in a row of its own, with what it is a quotient of. To pool months or '
    'scopes add up numerators and denominators; percentiles and ratios cannot be averaged.';
COMMENT ON COLUMN dorad.monthly_long.month IS 'First day of the month.';
COMMENT ON COLUMN dorad.monthly_long.scope IS 'service or team.';
COMMENT ON COLUMN dorad.monthly_long.name IS 'Name of the service or team.';
COMMENT ON COLUMN dorad.monthly_long.metric IS 'Which metric: the column of the same name in the monthly views.';
COMMENT ON COLUMN dorad.monthly_long.value IS 'Its value; NULL: no data.';
COMMENT ON COLUMN dorad.monthly_long.numerator IS 'What is divided, for quotients.';
COMMENT ON COLUMN dorad.monthly_long.denominator IS 'What it is divided by, for quotients.';
COMMENT ON COLUMN dorad.monthly_long.n IS 'How many facts the value is made from.';
COMMENT ON COLUMN dorad.monthly_long.unit IS 's (seconds), ratio, or what is counted.';

CREATE VIEW dorad.revisions AS
SELECT scope, name, month, revision, computed_at AS stood_from, changed_at AS stood_until, was,
       became, because
FROM dorad_data.monthly_revision;
COMMENT ON VIEW dorad.revisions IS
    'What monthly rows were before they changed, when that was after their month was complete.';
COMMENT ON COLUMN dorad.revisions.scope IS 'service or team.';
COMMENT ON COLUMN dorad.revisions.name IS 'Name of the service or team.';
COMMENT ON COLUMN dorad.revisions.month IS 'First day of the month.';
COMMENT ON COLUMN dorad.revisions.revision IS 'Which revision of the row this was.';
COMMENT ON COLUMN dorad.revisions.stood_from IS 'Since when the row had stood so.';
COMMENT ON COLUMN dorad.revisions.stood_until IS 'When it changed.';
COMMENT ON COLUMN dorad.revisions.was IS 'The columns that changed, as they were.';
COMMENT ON COLUMN dorad.revisions.became IS 'The same columns as they became; JSON null: the row went away.';
COMMENT ON COLUMN dorad.revisions.because IS 'The facts that made it so: [[kind, id], ...], at most 20.';

CREATE VIEW dorad.dim_date AS
SELECT d::date AS date, date_trunc('month', d)::date AS month,
       extract(year FROM d)::integer AS year, extract(quarter FROM d)::integer AS quarter,
       extract(month FROM d)::integer AS month_of_year, extract(day FROM d)::integer AS day_of_month,
       extract(isodow FROM d)::integer AS day_of_week, to_char(d, 'YYYY-MM') AS year_month
FROM (
    SELECT coalesce(min(first_month), '2020-01-01'::date) AS a,
           (coalesce(max(last_month), '2020-01-01'::date) + interval '1 month')::date - 1 AS z
    FROM dorad_data.scope_span
) AS s
CROSS JOIN LATERAL generate_series(s.a::timestamp, s.z::timestamp, interval '1 day') AS d;
COMMENT ON VIEW dorad.dim_date IS 'Every day from the first month with rows to the last, without gaps.';
COMMENT ON COLUMN dorad.dim_date.date IS 'The day.';
COMMENT ON COLUMN dorad.dim_date.month IS 'First day of its month: joins to the monthly views.';
COMMENT ON COLUMN dorad.dim_date.year IS 'Its year.';
COMMENT ON COLUMN dorad.dim_date.quarter IS 'Its quarter, 1 to 4.';
COMMENT ON COLUMN dorad.dim_date.month_of_year IS 'Its month, 1 to 12.';
COMMENT ON COLUMN dorad.dim_date.day_of_month IS 'Its day, 1 to 31.';
COMMENT ON COLUMN dorad.dim_date.day_of_week IS 'Monday is 1, Sunday 7.';
COMMENT ON COLUMN dorad.dim_date.year_month IS 'Its month as text, 2026-06.';

CREATE VIEW dorad.dim_service AS
SELECT k.service, coalesce(s.title, k.service) AS title, o.team,
       coalesce(p.phase, 'live') AS phase, s.service IS NOT NULL AS in_catalog,
       coalesce(s.attribution_window_s, setting.attribution_window_s) AS attribution_window_s,
       coalesce(s.links, '{}') AS links, n.first_month, n.last_month
FROM (
    SELECT service FROM dorad_data.service
    UNION SELECT name FROM dorad_data.scope_span WHERE scope = 'service'
) AS k
CROSS JOIN dorad_data.setting
CROSS JOIN dorad_data.clock
LEFT JOIN dorad_data.service AS s ON s.service = k.service
LEFT JOIN dorad_data.scope_span AS n ON n.scope = 'service' AND n.name = k.service
LEFT JOIN dorad_data.ownership AS o
    ON o.service = k.service AND o.valid_from <= clock.as_of AND clock.as_of < o.valid_to
LEFT JOIN dorad_data.service_phase AS p
    ON p.service = k.service AND p.valid_from <= clock.as_of AND clock.as_of < p.valid_to;
COMMENT ON VIEW dorad.dim_service IS 'Services of the catalogue, and others that events name.';
COMMENT ON COLUMN dorad.dim_service.service IS 'Its name.';
COMMENT ON COLUMN dorad.dim_service.title IS 'What people call it.';
COMMENT ON COLUMN dorad.dim_service.team IS 'The team that owns it now; NULL: nobody.';
COMMENT ON COLUMN dorad.dim_service.phase IS 'development, live or retired, now.';
COMMENT ON COLUMN dorad.dim_service.in_catalog IS 'The catalogue lists it.';
COMMENT ON COLUMN dorad.dim_service.attribution_window_s IS 'Seconds after a deployment in which an incident is held against it.';
COMMENT ON COLUMN dorad.dim_service.links IS 'Links from the catalogue, by name.';
COMMENT ON COLUMN dorad.dim_service.first_month IS 'Its first month with a row.';
COMMENT ON COLUMN dorad.dim_service.last_month IS 'Its last month with a row.';

CREATE VIEW dorad.dim_team AS
SELECT k.team, coalesce(t.title, k.team) AS title, t.team IS NOT NULL AS in_catalog,
       ARRAY(SELECT o.service FROM dorad_data.ownership AS o
             WHERE o.team = k.team AND o.valid_from <= clock.as_of AND clock.as_of < o.valid_to
             ORDER BY 1) AS services,
       n.first_month, n.last_month
FROM (
    SELECT team FROM dorad_data.team
    UNION SELECT team FROM dorad_data.ownership WHERE team IS NOT NULL
    UNION SELECT name FROM dorad_data.scope_span WHERE scope = 'team'
) AS k
CROSS JOIN dorad_data.clock
LEFT JOIN dorad_data.team AS t ON t.team = k.team
LEFT JOIN dorad_data.scope_span AS n ON n.scope = 'team' AND n.name = k.team;
COMMENT ON VIEW dorad.dim_team IS 'Teams of the catalogue, and others that items name.';
COMMENT ON COLUMN dorad.dim_team.team IS 'Its name.';
COMMENT ON COLUMN dorad.dim_team.title IS 'What people call it.';
COMMENT ON COLUMN dorad.dim_team.in_catalog IS 'The catalogue lists it.';
COMMENT ON COLUMN dorad.dim_team.services IS 'The services that it owns now, sorted.';
COMMENT ON COLUMN dorad.dim_team.first_month IS 'Its first month with a row.';
COMMENT ON COLUMN dorad.dim_team.last_month IS 'Its last month with a row.';

CREATE VIEW dorad.ownership AS
SELECT service, team, nullif(valid_from, '-infinity') AS valid_from,
       nullif(valid_to, 'infinity') AS valid_to
FROM dorad_data.ownership;
COMMENT ON VIEW dorad.ownership IS 'Which team owned which service when; history stays with the owner of the time.';
COMMENT ON COLUMN dorad.ownership.service IS 'The service.';
COMMENT ON COLUMN dorad.ownership.team IS 'The team; NULL: nobody.';
COMMENT ON COLUMN dorad.ownership.valid_from IS 'First instant of it; NULL: from the beginning.';
COMMENT ON COLUMN dorad.ownership.valid_to IS 'First instant after it; NULL: still.';

CREATE VIEW dorad.status AS
SELECT nullif(nullif(c.as_of, '-infinity'), 'infinity') AS as_of, s.report_tz, s.attribution_window_s,
       s.lead_time_start, s.max_severity, s.applied_at AS catalog_applied_at,
       (SELECT count(*) FROM dorad_data.mark) + (SELECT count(*) FROM dorad_data.month_mark) AS waiting,
       1 AS views_version
FROM dorad_data.clock AS c CROSS JOIN dorad_data.setting AS s;
COMMENT ON VIEW dorad.status IS 'What the numbers are about, and whether something waits to be computed: one row.';
COMMENT ON COLUMN dorad.status.as_of IS 'The instant that the numbers are about; NULL: never set.';
COMMENT ON COLUMN dorad.status.report_tz IS 'The time zone in which months begin.';
COMMENT ON COLUMN dorad.status.attribution_window_s IS 'Default attribution window in seconds.';
COMMENT ON COLUMN dorad.status.lead_time_start IS 'Where lead time begins: commit, merge or review.';
COMMENT ON COLUMN dorad.status.max_severity IS 'Incidents less severe than this are left out.';
COMMENT ON COLUMN dorad.status.catalog_applied_at IS 'When a catalogue was last applied; NULL: never.';
COMMENT ON COLUMN dorad.status.waiting IS 'Marks that wait to be worked off.';
COMMENT ON COLUMN dorad.status.views_version IS
    'Version of these views: within one, no column goes away or changes its type or meaning.';
