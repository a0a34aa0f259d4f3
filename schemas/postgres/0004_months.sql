-- SPDX-License-Identifier: Apache-2.0
--
-- The monthly rows (METRICS.md sections 3 and 10), trends and assurance (section 7), and what
-- they were before they changed. One table holds services and teams; schema dorad has a view
-- of each.

CREATE TABLE dorad_data.monthly (
    scope                          text COLLATE "C" NOT NULL CHECK (scope IN ('service', 'team')),
    name                           text COLLATE "C" NOT NULL,
    month                          date NOT NULL,
    complete                       boolean NOT NULL,
    settled                        boolean NOT NULL,
    phase                          text COLLATE "C",
    delivery_measured              boolean NOT NULL,
    days                           integer NOT NULL,
    deployments                    integer,
    deployments_per_day            double precision,
    deploy_days                    integer,
    redeploys                      integer,
    rollbacks                      integer,
    failed_attempts                integer,
    hotfixes                       integer,
    lead_time_n                    integer NOT NULL,
    lead_time_p50_s                double precision,
    lead_time_p85_s                double precision,
    lead_time_p95_s                double precision,
    lead_time_unknown_deployments  integer NOT NULL,
    lead_time_clamped              integer NOT NULL,
    deploy_lead_time_n             integer NOT NULL,
    deploy_lead_time_p50_s         double precision,
    failed_deployments             integer NOT NULL,
    fail_rate_n                    integer NOT NULL,
    fail_rate                      double precision,
    failed_inferred                integer NOT NULL,
    incidents_started              integer NOT NULL,
    incidents_open_end             integer NOT NULL,
    incidents_restored             integer NOT NULL,
    restore_n                      integer NOT NULL,
    restore_p50_s                  double precision,
    restore_p85_s                  double precision,
    restore_p95_s                  double precision,
    reopens                        integer NOT NULL,
    recovery_n                     integer NOT NULL,
    recovery_p50_s                 double precision,
    rework_deploy_rate_n           integer NOT NULL,
    rework_deploy_rate             double precision,
    items_done                     integer NOT NULL,
    items_planned                  integer NOT NULL,
    items_failure_demand           integer NOT NULL,
    items_adhoc_value              integer NOT NULL,
    unplanned_rate                 double precision,
    failure_demand_rate            double precision,
    computed_at                    timestamptz NOT NULL,
    revision                       integer NOT NULL,
    PRIMARY KEY (scope, name, month)
) WITH (fillfactor = 70);
COMMENT ON TABLE dorad_data.monthly IS
    'One row for each service or team and month (METRICS.md sections 3 and 10); the views '
    'dorad.monthly_service and dorad.monthly_team explain the columns.';

CREATE TABLE dorad_data.trend (
    scope            text COLLATE "C" NOT NULL,
    name             text COLLATE "C" NOT NULL,
    month            date NOT NULL,
    metric           text COLLATE "C" NOT NULL,
    direction        text COLLATE "C" NOT NULL,
    basis            text COLLATE "C",
    n                integer NOT NULL,
    s                integer,
    p                double precision,
    slope_per_month  double precision,
    PRIMARY KEY (scope, name, month, metric)
) WITH (fillfactor = 85);
COMMENT ON TABLE dorad_data.trend IS
    'The trend of each metric at each complete month (METRICS.md section 7).';

CREATE TABLE dorad_data.assurance (
    scope       text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    month       date NOT NULL,
    throughput  text COLLATE "C" NOT NULL,
    assurance   text COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, name, month)
) WITH (fillfactor = 85);
COMMENT ON TABLE dorad_data.assurance IS
    'What the trends of a month say together (METRICS.md section 7).';

CREATE TABLE dorad_data.scope_span (
    scope            text COLLATE "C" NOT NULL,
    name             text COLLATE "C" NOT NULL,
    first_month      date NOT NULL,
    last_month       date NOT NULL,
    measured_month   date,
    PRIMARY KEY (scope, name)
);
COMMENT ON TABLE dorad_data.scope_span IS
    'From which month to which a service or team has rows (METRICS.md R26).';
COMMENT ON COLUMN dorad_data.scope_span.scope IS 'service or team.';
COMMENT ON COLUMN dorad_data.scope_span.name IS 'Its name.';
COMMENT ON COLUMN dorad_data.scope_span.first_month IS 'Month of its first counted fact.';
COMMENT ON COLUMN dorad_data.scope_span.last_month IS 'The running month, or the month in which a service was retired.';
COMMENT ON COLUMN dorad_data.scope_span.measured_month IS
    'Month of its first succeeded counted deployment, from which on delivery is measured.';

CREATE TABLE dorad_data.monthly_revision (
    revision_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope        text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    month        date NOT NULL,
    revision     integer NOT NULL,
    computed_at  timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    was          jsonb NOT NULL,
    became       jsonb NOT NULL,
    because      jsonb NOT NULL
);
CREATE INDEX monthly_revision_by_row ON dorad_data.monthly_revision (scope, name, month, revision);
COMMENT ON TABLE dorad_data.monthly_revision IS
    'What a row was before it changed, when that happened after its month was complete.';
COMMENT ON COLUMN dorad_data.monthly_revision.revision_id IS 'Order of the changes.';
COMMENT ON COLUMN dorad_data.monthly_revision.scope IS 'service or team.';
COMMENT ON COLUMN dorad_data.monthly_revision.name IS 'Its name.';
COMMENT ON COLUMN dorad_data.monthly_revision.month IS 'First day of the month.';
COMMENT ON COLUMN dorad_data.monthly_revision.revision IS 'Which revision of the row this was.';
COMMENT ON COLUMN dorad_data.monthly_revision.computed_at IS 'Since when it had stood.';
COMMENT ON COLUMN dorad_data.monthly_revision.changed_at IS 'When it was replaced.';
COMMENT ON COLUMN dorad_data.monthly_revision.was IS 'The columns that changed, as they were.';
COMMENT ON COLUMN dorad_data.monthly_revision.became IS 'The same columns, as they became; null: the row went away.';
COMMENT ON COLUMN dorad_data.monthly_revision.because IS 'The facts that made it so: [[kind, id], ...], at most 20.';

CREATE TABLE dorad_data.mann_kendall (
    ties  integer[] NOT NULL,
    s     integer NOT NULL,
    p     double precision NOT NULL,
    PRIMARY KEY (ties, s)
);
COMMENT ON TABLE dorad_data.mann_kendall IS
    'Exact two-sided p of the Mann-Kendall statistic for up to 12 values, conditional on ties.';
COMMENT ON COLUMN dorad_data.mann_kendall.ties IS 'How many values are equal to each other, for each group of equal values, descending.';
COMMENT ON COLUMN dorad_data.mann_kendall.s IS 'Absolute value of the statistic.';
COMMENT ON COLUMN dorad_data.mann_kendall.p IS 'Probability of at least that among all orders.';

CREATE TABLE dorad_data.pair_of_points (
    later    smallint NOT NULL,
    earlier  smallint NOT NULL,
    PRIMARY KEY (later, earlier)
);
COMMENT ON TABLE dorad_data.pair_of_points IS
    'Every pair among the first 12 numbers: the points of a trend are compared in pairs.';
COMMENT ON COLUMN dorad_data.pair_of_points.later IS 'The greater.';
COMMENT ON COLUMN dorad_data.pair_of_points.earlier IS 'The smaller.';
INSERT INTO dorad_data.pair_of_points
    SELECT b, a FROM generate_series(2, 12) AS b CROSS JOIN LATERAL generate_series(1, b - 1) AS a;
