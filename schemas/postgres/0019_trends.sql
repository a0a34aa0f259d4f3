-- SPDX-License-Identifier: Apache-2.0
--
-- Trends and assurance (METRICS.md section 7): Mann-Kendall with exact p and ties, Theil-Sen.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.product_of(a bigint[], b bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    c bigint[] := array_fill(0::bigint, ARRAY[cardinality(a) + cardinality(b) - 1]);
BEGIN
    FOR i IN 1 .. cardinality(a) LOOP
        FOR j IN 1 .. cardinality(b) LOOP
            c[i + j - 1] := c[i + j - 1] + a[i] * b[j];
        END LOOP;
    END LOOP;
    RETURN c;
END
$$;
COMMENT ON FUNCTION dorad_data.product_of IS 'The product of two polynomials, lowest coefficient first.';

CREATE FUNCTION dorad_data.gaussian_binomial(n integer, k integer) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    one bigint[];
    other bigint[];
    c bigint[];
BEGIN
    IF k = 0 OR k = n THEN
        RETURN ARRAY[1];
    END IF;
    -- [n, k] = [n-1, k-1] + q^k [n-1, k]
    one := gaussian_binomial(n - 1, k - 1);
    other := gaussian_binomial(n - 1, k);
    c := array_fill(0::bigint, ARRAY[k * (n - k) + 1]);
    FOR i IN 1 .. cardinality(one) LOOP
        c[i] := c[i] + one[i];
    END LOOP;
    FOR i IN 1 .. cardinality(other) LOOP
        c[i + k] := c[i + k] + other[i];
    END LOOP;
    RETURN c;
END
$$;
COMMENT ON FUNCTION dorad_data.gaussian_binomial IS
    'How many ways there are to mix k of one and n - k of another, by number of inversions.';

CREATE FUNCTION dorad_data.fill_mann_kendall(ties integer[], n integer, orders bigint[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    most integer := n * (n - 1) / 2 - (SELECT coalesce(sum(t * (t - 1) / 2), 0) FROM unnest(ties) AS t);
BEGIN
    -- The number of orders with i inversions is the coefficient of q^i of the Gaussian
    -- multinomial; such an order has the statistic most - 2 i.
    IF n > 0 THEN
        INSERT INTO mann_kendall
            SELECT ties, s.s, sum(o.count) FILTER (WHERE abs(most - 2 * (o.place - 1)) >= s.s)
                              ::double precision / sum(o.count)::double precision
            FROM (SELECT DISTINCT abs(most - 2 * i) AS s FROM generate_series(0, most) AS i) AS s
            CROSS JOIN unnest(orders) WITH ORDINALITY AS o (count, place)
            GROUP BY s.s;
    END IF;
    FOR t IN 1 .. least(12 - n, coalesce(ties[cardinality(ties)], 12)) LOOP
        PERFORM fill_mann_kendall(ties || t, n + t,
                                  product_of(orders, gaussian_binomial(n + t, t)));
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.fill_mann_kendall IS
    'Fills the table mann_kendall for all ties that begin so.';

SELECT dorad_data.fill_mann_kendall('{}', 0, ARRAY[1::bigint]);

CREATE FUNCTION dorad_data.trend_points() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM w_window;
    DELETE FROM w_point;
    DELETE FROM w_series;
    -- A month touches the trends of the eleven after it, too (METRICS.md 9.2).
    INSERT INTO w_window
        SELECT m.scope, m.name, m.month,
               (extract(year FROM m.month) * 12 + extract(month FROM m.month))::integer
        FROM (
            SELECT DISTINCT c.scope, c.name, (c.month + make_interval(months => k))::date AS month
            FROM w_month_changed AS c CROSS JOIN generate_series(0, 11) AS k
        ) AS w
        CROSS JOIN LATERAL (
            SELECT o.* FROM monthly AS o
            WHERE o.scope = w.scope AND o.name = w.name AND o.month = w.month AND o.complete
            OFFSET 0) AS m;
    INSERT INTO w_point
        SELECT m.scope, m.name, m.month,
               (extract(year FROM m.month) * 12 + extract(month FROM m.month))::integer,
               x.metric, x.value,
               EXISTS (SELECT FROM w_window AS a
                       WHERE a.scope = m.scope AND a.name = m.name AND a.month = m.month)
        FROM (
            SELECT scope, name, min(month) - interval '11 months' AS since, max(month) AS until
            FROM w_window GROUP BY scope, name
        ) AS w
        CROSS JOIN LATERAL (
            SELECT o.* FROM monthly AS o
            WHERE o.scope = w.scope AND o.name = w.name AND o.month >= w.since
              AND o.month <= w.until AND o.complete OFFSET 0) AS m
        CROSS JOIN LATERAL (VALUES
            ('deploy_freq', m.deployments::double precision / m.days),
            ('lead_time', CASE WHEN m.lead_time_n >= 3 THEN floor(m.lead_time_p50_s + 0.5) END),
            ('fail_rate', CASE WHEN m.fail_rate_n >= 5
                THEN m.failed_deployments::double precision / m.fail_rate_n END),
            ('restore', CASE WHEN m.restore_n >= 1 THEN floor(m.restore_p50_s + 0.5) END),
            ('unplanned', CASE WHEN m.items_done >= 5
                THEN (m.items_failure_demand + m.items_adhoc_value)::double precision
                     / m.items_done END)
        ) AS x (metric, value);
    PERFORM know('w_point');
END
$$;
COMMENT ON FUNCTION dorad_data.trend_points IS
    'The values behind the trends that the changed months touch, null where a month gives none: '
    'into w_window and w_point.';

CREATE FUNCTION dorad_data.test_series(of_basis text, months integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Each usable set of a window: its statistic, exact p given its ties, Theil-Sen slope, and
    -- whether the move over the set is material.
    INSERT INTO w_series
    WITH framed AS (
        SELECT p.scope, p.name, p.month, p.metric, p.asked, count(p.value) OVER w AS n,
               array_agg(p.value) FILTER (WHERE p.value IS NOT NULL) OVER w AS values,
               array_agg(p.at) FILTER (WHERE p.value IS NOT NULL) OVER w AS months
        FROM w_point AS p
        WINDOW w AS (PARTITION BY p.scope, p.name, p.metric ORDER BY p.at
                     RANGE BETWEEN test_series.months - 1 PRECEDING AND CURRENT ROW)
    ), sets AS MATERIALIZED (
        SELECT f.*, f.n >= CASE of_basis WHEN 'short' THEN 5 ELSE 8 END AS usable
        FROM framed AS f
        WHERE f.asked AND (of_basis = 'short' OR (f.scope, f.name, f.month, f.metric) IN (
            -- The long set is asked only where the short one has no answer, and says which way.
            SELECT s.scope, s.name, s.month, s.metric FROM w_series AS s
            WHERE s.basis = 'short' AND s.n >= 5 AND NOT s.moves AND s.slope <> 0))
    ), tested AS MATERIALIZED (
        SELECT t.*, q.s, q.slope, g.ties, d.median,
               t.months[t.n] - t.months[1] AS distance
        FROM sets AS t
        LEFT JOIN LATERAL (
            SELECT sum(sign(t.values[x.later] - t.values[x.earlier]))::integer AS s,
                   percentile_cont(0.5) WITHIN GROUP (
                       ORDER BY (t.values[x.later] - t.values[x.earlier])
                                / (t.months[x.later] - t.months[x.earlier])) AS slope
            FROM pair_of_points AS x WHERE t.usable AND x.later <= t.n
        ) AS q ON true
        LEFT JOIN LATERAL (
            SELECT array_agg(v.n ORDER BY v.n DESC) AS ties
            FROM (SELECT count(*)::integer AS n FROM unnest(t.values) AS value
                  WHERE t.usable GROUP BY value) AS v
        ) AS g ON true
        LEFT JOIN LATERAL (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS median
            FROM unnest(t.values) AS value WHERE t.usable
        ) AS d ON true
    )
    SELECT t.scope, t.name, t.month, t.metric, of_basis, t.n, t.s, k.p, t.slope,
           coalesce(k.p <= 0.10 AND sign(t.slope) = sign(t.s) AND t.s <> 0
                    AND CASE
                        -- Equality counts; the margin is for the last bit of a quotient.
                        WHEN t.metric IN ('fail_rate', 'unplanned')
                            THEN abs(t.slope) * t.distance >= 0.05 - 1e-12
                        WHEN t.median = 0 THEN abs(t.slope) > 1e-12
                        ELSE abs(t.slope) * t.distance >= 0.20 * abs(t.median) * (1 - 1e-12)
                        END, false)
    FROM tested AS t
    LEFT JOIN mann_kendall AS k ON k.ties = t.ties AND k.s = abs(t.s);
END
$$;
COMMENT ON FUNCTION dorad_data.test_series IS
    'Tests the last so many months of each window in w_window: into w_series.';

CREATE FUNCTION dorad_data.compute_trends() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM trend_points();
    PERFORM test_series('short', 6);
    PERFORM know('w_series');
    PERFORM test_series('long', 12);
    PERFORM know('w_series');
    INSERT INTO w_trend
        SELECT s.scope, s.name, s.month, s.metric,
               CASE WHEN s.n < 5 THEN 'not_enough_data'
                    WHEN NOT d.moves THEN 'steady'
                    WHEN (d.slope > 0) = (s.metric = 'deploy_freq') THEN 'improving'
                    ELSE 'worsening' END,
               CASE WHEN s.n >= 5 THEN d.basis END,
               d.n,
               CASE WHEN s.n >= 5 THEN d.s END,
               CASE WHEN s.n >= 5 THEN round(d.p::numeric, 9)::double precision END,
               CASE WHEN s.n >= 5 THEN round(d.slope::numeric, 9)::double precision END
        FROM w_series AS s
        LEFT JOIN w_series AS l
            ON l.scope = s.scope AND l.name = s.name AND l.month = s.month
           AND l.metric = s.metric AND l.basis = 'long'
           -- A step long ago is not a trend now.
           AND l.moves AND sign(l.slope) = sign(s.slope) AND NOT s.moves
        CROSS JOIN LATERAL (
            SELECT coalesce(l.basis, s.basis) AS basis, coalesce(l.n, s.n) AS n,
                   coalesce(l.s, s.s) AS s, coalesce(l.p, s.p) AS p,
                   coalesce(l.slope, s.slope) AS slope, coalesce(l.moves, s.moves) AS moves
        ) AS d
        WHERE s.basis = 'short';
    INSERT INTO w_assurance
        SELECT t.scope, t.name, t.month,
               CASE WHEN t.t_worse > 0 AND t.t_better > 0 THEN 'mixed'
                    WHEN t.t_worse > 0 THEN 'worsening'
                    WHEN t.t_better > 0 THEN 'improving'
                    WHEN t.t_steady > 0 THEN 'steady'
                    ELSE 'not_enough_data' END,
               CASE WHEN t.unknown = 5 THEN 'not_enough_data'
                    WHEN t.worse >= 2 AND t.worse > t.better THEN 'sliding'
                    WHEN t.better >= 2 AND t.better > t.worse THEN 'improving'
                    WHEN t.worse = 1 THEN 'watch'
                    ELSE 'steady' END
        FROM (
            SELECT scope, name, month,
                   count(*) FILTER (WHERE direction = 'worsening') AS worse,
                   count(*) FILTER (WHERE direction = 'improving') AS better,
                   count(*) FILTER (WHERE direction = 'not_enough_data') AS unknown,
                   count(*) FILTER (WHERE direction = 'worsening'
                                      AND metric IN ('deploy_freq', 'lead_time')) AS t_worse,
                   count(*) FILTER (WHERE direction = 'improving'
                                      AND metric IN ('deploy_freq', 'lead_time')) AS t_better,
                   count(*) FILTER (WHERE direction = 'steady'
                                      AND metric IN ('deploy_freq', 'lead_time')) AS t_steady
            FROM w_trend GROUP BY scope, name, month
        ) AS t;
END
$$;
COMMENT ON FUNCTION dorad_data.compute_trends IS
    'Trends and assurance of the complete months that w_month_changed touches: into w_trend and '
    'w_assurance.';

CREATE FUNCTION dorad_data.store_trends() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Those whose month is gone or no longer complete.
    DELETE FROM w_old_month;
    INSERT INTO w_old_month
        SELECT c.scope, c.name, c.month, true FROM w_month_changed AS c
        WHERE NOT EXISTS (SELECT FROM w_window AS w
                          WHERE w.scope = c.scope AND w.name = c.name AND w.month = c.month);
    DELETE FROM trend AS t WHERE t.ctid = ANY (ARRAY(
        SELECT d.ctid FROM w_old_month AS c CROSS JOIN LATERAL (
            SELECT o.ctid FROM trend AS o
            WHERE o.scope = c.scope AND o.name = c.name AND o.month = c.month OFFSET 0) AS d));
    DELETE FROM assurance AS t WHERE t.ctid = ANY (ARRAY(
        SELECT d.ctid FROM w_old_month AS c CROSS JOIN LATERAL (
            SELECT o.ctid FROM assurance AS o
            WHERE o.scope = c.scope AND o.name = c.name AND o.month = c.month OFFSET 0) AS d));
    INSERT INTO trend AS t SELECT w.* FROM w_trend AS w ORDER BY 1, 2, 3, 4
    ON CONFLICT (scope, name, month, metric) DO UPDATE SET
        (direction, basis, n, s, p, slope_per_month) =
        (excluded.direction, excluded.basis, excluded.n, excluded.s, excluded.p,
         excluded.slope_per_month)
    WHERE t.* IS DISTINCT FROM excluded.*;
    INSERT INTO assurance AS t SELECT w.* FROM w_assurance AS w ORDER BY 1, 2, 3
    ON CONFLICT (scope, name, month) DO UPDATE SET
        (throughput, assurance) = (excluded.throughput, excluded.assurance)
    WHERE t.* IS DISTINCT FROM excluded.*;
END
$$;
COMMENT ON FUNCTION dorad_data.store_trends IS 'Stores the trends and assurances that differ.';
