-- SPDX-License-Identifier: Apache-2.0
--
-- Small words that the rules are written in: instants, months, names, patterns.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.instant(written text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- A time without a zone is UTC, whatever the session's own zone is.
    SELECT CASE WHEN right(written, 1) = 'Z' THEN written::timestamptz
                WHEN written ~ '[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*[+-]\d\d(:?\d\d)?$'
                THEN written::timestamptz
                ELSE (written || 'Z')::timestamptz END
$$;
COMMENT ON FUNCTION dorad_data.instant IS
    'Reads a time as EVENTS.md section 2 writes it; one without a zone is UTC.';

CREATE FUNCTION dorad_data.is_instant(written text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- Postgres would also take words such as 'now', which mean something else tomorrow.
    SELECT written ~ '^\d{4}-\d\d-\d\d[Tt ]+\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|z|[+-]\d\d(:?\d\d)?)?$'
$$;
COMMENT ON FUNCTION dorad_data.is_instant IS 'Whether a text has the form of a time.';

CREATE FUNCTION dorad_data.canonical(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    CASE jsonb_typeof(value)
    WHEN 'object' THEN
        RETURN '{' || coalesce((
            SELECT string_agg(to_json(key)::text || ':' || canonical(member), ','
                              ORDER BY key COLLATE "C")
            FROM jsonb_each(value) AS members (key, member)), '') || '}';
    WHEN 'array' THEN
        RETURN '[' || coalesce((
            SELECT string_agg(canonical(element), ',' ORDER BY place)
            FROM jsonb_array_elements(value) WITH ORDINALITY AS elements (element, place)), '')
            || ']';
    ELSE
        RETURN value::text;
    END CASE;
END
$$;
COMMENT ON FUNCTION dorad_data.canonical IS
    'JSON with sorted keys and no spaces, so that two documents compare by bytes (METRICS.md R1).';

-- Functions that are called for every event or fact and that are more than one expression are
-- PL/pgSQL: one in SQL that is not inlined is planned anew wherever another one calls it.

CREATE TYPE dorad_data.list AS (list text[]);
COMMENT ON TYPE dorad_data.list IS 'What text_list() has a JSON list read as.';

CREATE FUNCTION dorad_data.text_list(value jsonb) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- Stable, as what it calls is: else it is not written out where it is called.
    SELECT CASE WHEN jsonb_typeof(value) = 'array'
                THEN (jsonb_populate_record(NULL::dorad_data.list,
                                            jsonb_build_object('list', value))).list END
$$;
COMMENT ON FUNCTION dorad_data.text_list IS 'A JSON list as an array of text; null for anything else.';

CREATE FUNCTION dorad_data.one_name(value jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'array' AND value -> 1 IS NULL
                     AND jsonb_typeof(value -> 0) = 'string' THEN ARRAY[value ->> 0] END
$$;
COMMENT ON FUNCTION dorad_data.one_name IS 'A JSON list that is one text, as an array; null for anything else.';

CREATE FUNCTION dorad_data.sorted(list text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF cardinality(list) = 1 AND list[1] IS NOT NULL THEN
        RETURN list;
    ELSIF list IS NULL OR cardinality(list) = 0 THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT DISTINCT element COLLATE "C" FROM unnest(list) AS element
                 WHERE element IS NOT NULL ORDER BY 1);
END
$$;
COMMENT ON FUNCTION dorad_data.sorted IS 'The distinct elements, sorted by bytes.';

CREATE FUNCTION dorad_data.word(written text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(btrim(written, E' \t\r\n'))
$$;
COMMENT ON FUNCTION dorad_data.word IS 'Lower-case and trimmed, as types, labels and states are compared.';

CREATE FUNCTION dorad_data.pattern(globs text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- Everything that a regular expression would take as special is escaped first, so only
    -- the shell's own *, ? and | keep a meaning.
    SELECT '^(' || replace(replace(replace(
               regexp_replace(globs, '([].^$+(){}\\[-])', '\\\1', 'g'),
               '*', '.*'), '?', '.'), ' | ', '|') || ')$'
$$;
COMMENT ON FUNCTION dorad_data.pattern IS
    'Shell patterns, alternatives by |, as one regular expression for a whole name.';

CREATE FUNCTION dorad_data.month_of(at timestamptz, tz text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_trunc('month', at AT TIME ZONE tz)::date
$$;
COMMENT ON FUNCTION dorad_data.month_of IS 'First day of the civil month that an instant is in.';

CREATE FUNCTION dorad_data.month_start(month date, tz text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- Where clocks go back over midnight of the first, that midnight comes twice and AT TIME
    -- ZONE names the second; a month begins with the first. One expression, so that it is written
    -- out where it is asked.
    SELECT least(
        CASE WHEN (month::timestamp AT TIME ZONE tz) AT TIME ZONE tz >= month::timestamp
             THEN month::timestamp AT TIME ZONE tz END,
        CASE WHEN (month::timestamp AT TIME ZONE tz - interval '30 minutes') AT TIME ZONE tz
                  >= month::timestamp
             THEN month::timestamp AT TIME ZONE tz - interval '30 minutes' END,
        CASE WHEN (month::timestamp AT TIME ZONE tz - interval '1 hour') AT TIME ZONE tz
                  >= month::timestamp
             THEN month::timestamp AT TIME ZONE tz - interval '1 hour' END)
$$;
COMMENT ON FUNCTION dorad_data.month_start IS 'The first instant of a civil month.';

CREATE FUNCTION dorad_data.next_month(month date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (month + interval '1 month')::date
$$;
COMMENT ON FUNCTION dorad_data.next_month IS 'First day of the month after.';

CREATE FUNCTION dorad_data.previous_month(month date, steps integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (month - make_interval(months => steps))::date
$$;
COMMENT ON FUNCTION dorad_data.previous_month IS 'First day of the month so many months before.';

CREATE FUNCTION dorad_data.lock_key(name text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hashtext(name COLLATE "C")
$$;
COMMENT ON FUNCTION dorad_data.lock_key IS 'The number under which a name is locked.';

-- R7: in order of truth, later fields replace earlier ones and absent ones stay.
CREATE AGGREGATE dorad_data.merged(jsonb) (
    SFUNC = jsonb_concat,
    STYPE = jsonb
);
COMMENT ON AGGREGATE dorad_data.merged(jsonb) IS
    'Objects merged key by key in the order given: the last write of each field wins (METRICS.md R7).';
