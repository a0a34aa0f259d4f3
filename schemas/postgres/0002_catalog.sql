-- SPDX-License-Identifier: Apache-2.0
--
-- The catalogue (CATALOG.md) as tables: the document as it was applied, and its parts in the
-- form that the rules are written against. Written by apply_catalog() alone.

CREATE TABLE dorad_data.setting (
    only_row              boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    report_tz             text NOT NULL DEFAULT 'UTC',
    attribution_window_s  bigint NOT NULL DEFAULT 86400,
    lead_time_start       text NOT NULL DEFAULT 'commit'
                          CHECK (lead_time_start IN ('commit', 'merge', 'review')),
    max_severity          integer NOT NULL DEFAULT 3,
    unlisted_are_services boolean NOT NULL DEFAULT true,
    catalog               jsonb NOT NULL DEFAULT '{}',
    applied_at            timestamptz
);
COMMENT ON TABLE dorad_data.setting IS 'One row: the catalogue as applied, and its settings.';
COMMENT ON COLUMN dorad_data.setting.only_row IS 'Always true: the table has one row.';
COMMENT ON COLUMN dorad_data.setting.report_tz IS 'The time zone in which months begin.';
COMMENT ON COLUMN dorad_data.setting.attribution_window_s IS
    'Default of the time after a deployment in which an incident is held against it, in seconds.';
COMMENT ON COLUMN dorad_data.setting.lead_time_start IS 'Where lead time begins: commit, merge or review.';
COMMENT ON COLUMN dorad_data.setting.max_severity IS 'Incidents less severe than this are left out.';
COMMENT ON COLUMN dorad_data.setting.unlisted_are_services IS
    'A repository that no service lists is a service of its own: the catalogue has no services, '
    'or says `unmapped: service`.';
COMMENT ON COLUMN dorad_data.setting.catalog IS 'The catalogue as applied.';
COMMENT ON COLUMN dorad_data.setting.applied_at IS 'When it was applied.';
INSERT INTO dorad_data.setting DEFAULT VALUES;

CREATE TABLE dorad_data.team (
    team   text COLLATE "C" PRIMARY KEY,
    title  text
);
COMMENT ON TABLE dorad_data.team IS 'The teams of the catalogue.';
COMMENT ON COLUMN dorad_data.team.team IS 'Its name.';
COMMENT ON COLUMN dorad_data.team.title IS 'What people call it.';

CREATE TABLE dorad_data.service (
    service               text COLLATE "C" PRIMARY KEY,
    title                 text,
    attribution_window_s  bigint,
    links                 jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE dorad_data.service IS 'The services of the catalogue.';
COMMENT ON COLUMN dorad_data.service.service IS 'Its name.';
COMMENT ON COLUMN dorad_data.service.title IS 'What people call it.';
COMMENT ON COLUMN dorad_data.service.attribution_window_s IS 'Its own attribution window in seconds, if any.';
COMMENT ON COLUMN dorad_data.service.links IS 'Links shown on its page, by name.';

CREATE TABLE dorad_data.service_alias (
    alias    text COLLATE "C" PRIMARY KEY,
    service  text COLLATE "C" NOT NULL
);
COMMENT ON TABLE dorad_data.service_alias IS
    'Other names of services, followed on every service name before anything else (METRICS.md R2).';
COMMENT ON COLUMN dorad_data.service_alias.alias IS 'The other name.';
COMMENT ON COLUMN dorad_data.service_alias.service IS 'The service it means, chains of aliases followed.';

CREATE TABLE dorad_data.ownership (
    service     text COLLATE "C" NOT NULL,
    valid_from  timestamptz NOT NULL,
    valid_to    timestamptz NOT NULL,
    team        text COLLATE "C",
    PRIMARY KEY (service, valid_from)
);
CREATE INDEX ownership_by_team ON dorad_data.ownership (team);
COMMENT ON TABLE dorad_data.ownership IS 'Which team owned a service when (METRICS.md R6).';
COMMENT ON COLUMN dorad_data.ownership.service IS 'The service.';
COMMENT ON COLUMN dorad_data.ownership.valid_from IS 'First instant of it (-infinity: from the beginning).';
COMMENT ON COLUMN dorad_data.ownership.valid_to IS 'First instant after it.';
COMMENT ON COLUMN dorad_data.ownership.team IS 'The team; null: nobody.';

CREATE TABLE dorad_data.service_phase (
    service     text COLLATE "C" NOT NULL,
    valid_from  timestamptz NOT NULL,
    valid_to    timestamptz NOT NULL,
    phase       text COLLATE "C" NOT NULL CHECK (phase IN ('development', 'live', 'retired')),
    PRIMARY KEY (service, valid_from)
);
COMMENT ON TABLE dorad_data.service_phase IS
    'In which phase a service was when; where no row covers an instant it is live (METRICS.md R5).';
COMMENT ON COLUMN dorad_data.service_phase.service IS 'The service.';
COMMENT ON COLUMN dorad_data.service_phase.valid_from IS 'First instant of it (-infinity: from the beginning).';
COMMENT ON COLUMN dorad_data.service_phase.valid_to IS 'First instant after it.';
COMMENT ON COLUMN dorad_data.service_phase.phase IS 'development, live or retired.';

CREATE TABLE dorad_data.source_rule (
    rule_id      integer PRIMARY KEY,
    service      text COLLATE "C" NOT NULL,
    system       text COLLATE "C" NOT NULL,
    named        text COLLATE "C",
    named_id     text COLLATE "C",
    coordinates  jsonb NOT NULL DEFAULT '{}',
    paths        text[] COLLATE "C",
    environment  text,
    workflow     text COLLATE "C",
    task         text COLLATE "C"
);
COMMENT ON TABLE dorad_data.source_rule IS
    'The `sources` of the services: which coordinates mean which service.';
COMMENT ON COLUMN dorad_data.source_rule.rule_id IS 'Place in the catalogue.';
COMMENT ON COLUMN dorad_data.source_rule.service IS 'The service meant.';
COMMENT ON COLUMN dorad_data.source_rule.system IS 'The system named: github, jira, ...';
COMMENT ON COLUMN dorad_data.source_rule.named IS 'The main coordinate: repository, project, item, ...; * is any.';
COMMENT ON COLUMN dorad_data.source_rule.named_id IS 'The sender''s own id, where the rule gives that instead.';
COMMENT ON COLUMN dorad_data.source_rule.coordinates IS 'Further coordinates that must be equal.';
COMMENT ON COLUMN dorad_data.source_rule.paths IS 'Only changes that touch one of these path prefixes.';
COMMENT ON COLUMN dorad_data.source_rule.environment IS 'Only deployments to environments of this pattern (a regular expression).';
COMMENT ON COLUMN dorad_data.source_rule.workflow IS 'Only deployments by this workflow.';
COMMENT ON COLUMN dorad_data.source_rule.task IS 'Only deployments by this task.';

CREATE TABLE dorad_data.environment_rule (
    rule_id  integer PRIMARY KEY,
    pattern  text NOT NULL,
    service  text COLLATE "C",
    class    text COLLATE "C" NOT NULL CHECK (class IN ('production', 'sealed', 'other'))
);
COMMENT ON TABLE dorad_data.environment_rule IS
    'The `environments` of the catalogue; the first that matches decides.';
COMMENT ON COLUMN dorad_data.environment_rule.rule_id IS 'Place in the catalogue.';
COMMENT ON COLUMN dorad_data.environment_rule.pattern IS 'Shell patterns as one regular expression, without case.';
COMMENT ON COLUMN dorad_data.environment_rule.service IS 'Only for this service; null: for all.';
COMMENT ON COLUMN dorad_data.environment_rule.class IS 'production, sealed or other.';

CREATE TABLE dorad_data.ticket_rule (
    rule_id      integer PRIMARY KEY,
    section      text COLLATE "C" NOT NULL
                 CHECK (section IN ('deployments', 'incidents', 'statuses', 'severities', 'work_items')),
    system       text COLLATE "C",
    named        text COLLATE "C",
    named_id     text COLLATE "C",
    coordinates  jsonb NOT NULL DEFAULT '{}',
    types        text[],
    labels       text[],
    workflow     text COLLATE "C",
    branch       text COLLATE "C",
    task         text COLLATE "C",
    via          text COLLATE "C",
    outcome      jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE dorad_data.ticket_rule IS
    'The rules of the sections deployments, incidents, statuses, severities and work_items; in '
    'each section the first that matches decides.';
COMMENT ON COLUMN dorad_data.ticket_rule.rule_id IS 'Place in the catalogue.';
COMMENT ON COLUMN dorad_data.ticket_rule.section IS 'The section that it stands in.';
COMMENT ON COLUMN dorad_data.ticket_rule.system IS 'The system named; null: any.';
COMMENT ON COLUMN dorad_data.ticket_rule.named IS 'The main coordinate; * or null: any.';
COMMENT ON COLUMN dorad_data.ticket_rule.named_id IS 'The sender''s own id, where the rule gives that instead.';
COMMENT ON COLUMN dorad_data.ticket_rule.coordinates IS 'Further coordinates that must be equal.';
COMMENT ON COLUMN dorad_data.ticket_rule.types IS 'Any of these types, lower-case; null: any type.';
COMMENT ON COLUMN dorad_data.ticket_rule.labels IS 'At least one of these labels, lower-case; null: any.';
COMMENT ON COLUMN dorad_data.ticket_rule.workflow IS 'Only this workflow (deployments).';
COMMENT ON COLUMN dorad_data.ticket_rule.branch IS 'Only this branch (deployments).';
COMMENT ON COLUMN dorad_data.ticket_rule.task IS 'Only this task or job (deployments).';
COMMENT ON COLUMN dorad_data.ticket_rule.via IS 'Only events of this kind of thing: release, pipeline, ... (deployments).';
COMMENT ON COLUMN dorad_data.ticket_rule.outcome IS
    'What the rule decides: environment, incident, class, or words by status or severity.';

CREATE TABLE dorad_data.origin_service (
    origin_id    bigint NOT NULL,
    rule_id      integer NOT NULL,
    service      text COLLATE "C" NOT NULL,
    rank         integer NOT NULL,
    paths        text[] COLLATE "C",
    environment  text,
    workflow     text COLLATE "C",
    task         text COLLATE "C",
    PRIMARY KEY (origin_id, rule_id, service)
);
CREATE INDEX origin_service_by_service ON dorad_data.origin_service (service);
COMMENT ON TABLE dorad_data.origin_service IS
    'Which services an origin may mean: one row for each source that its coordinates match. '
    'Follows from origin, repository_name and source_rule.';
COMMENT ON COLUMN dorad_data.origin_service.origin_id IS 'The origin.';
COMMENT ON COLUMN dorad_data.origin_service.rule_id IS 'The source that matched; 0: an unlisted repository.';
COMMENT ON COLUMN dorad_data.origin_service.service IS 'The service.';
COMMENT ON COLUMN dorad_data.origin_service.rank IS
    'How many coordinates matched; of the sources that match an event the most specific count.';
COMMENT ON COLUMN dorad_data.origin_service.paths IS 'Only changes that touch one of these path prefixes.';
COMMENT ON COLUMN dorad_data.origin_service.environment IS 'Only deployments to environments of this pattern.';
COMMENT ON COLUMN dorad_data.origin_service.workflow IS 'Only deployments by this workflow.';
COMMENT ON COLUMN dorad_data.origin_service.task IS 'Only deployments by this task.';

CREATE TABLE dorad_data.repository_name (
    system         text COLLATE "C" NOT NULL,
    host           text COLLATE "C" NOT NULL,
    name           text COLLATE "C" NOT NULL,
    repository_id  text COLLATE "C" NOT NULL,
    at             timestamptz NOT NULL,
    bears_it       boolean NOT NULL,
    latest         boolean NOT NULL,
    PRIMARY KEY (system, host, name, repository_id)
);
COMMENT ON TABLE dorad_data.repository_name IS
    'Which repositories have borne which names; a name means the one that bore it last.';
COMMENT ON COLUMN dorad_data.repository_name.system IS 'github, gitlab, ...';
COMMENT ON COLUMN dorad_data.repository_name.host IS 'The host; empty where the sender gave none.';
COMMENT ON COLUMN dorad_data.repository_name.name IS 'The name, lower-case.';
COMMENT ON COLUMN dorad_data.repository_name.repository_id IS 'The sender''s number of the repository.';
COMMENT ON COLUMN dorad_data.repository_name.at IS 'When an event first showed it so.';
COMMENT ON COLUMN dorad_data.repository_name.bears_it IS 'It is the last to have borne the name.';
COMMENT ON COLUMN dorad_data.repository_name.latest IS 'It is the last name of the repository.';
