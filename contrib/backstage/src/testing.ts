// SPDX-License-Identifier: Apache-2.0
// Small made-up months for the tests.
import type { DoradApi, MonthRow, Trend } from './api';

export function month(name: string, values: Partial<MonthRow> = {}): MonthRow {
  return {
    month: name,
    complete: true,
    settled: true,
    delivery_measured: true,
    days: 30,
    deployments: 0,
    lead_time_n: 0,
    lead_time_p50_s: null,
    failed_deployments: 0,
    fail_rate_n: 0,
    fail_rate: null,
    restore_n: 0,
    restore_p50_s: null,
    items_done: 0,
    unplanned_rate: null,
    revision: 1,
    ...values,
  };
}

export const MONTHS: MonthRow[] = [
  month('2026-01', { deployments: 12, lead_time_n: 9, lead_time_p50_s: 5400, fail_rate_n: 14, failed_deployments: 3, fail_rate: 3 / 14 }),
  month('2026-02'),
  month('2026-03', { complete: false, deployments: 1, lead_time_n: 1, lead_time_p50_s: 90 }),
];

const TREND: Trend = {
  metric: 'lead_time',
  direction: 'worsening',
  basis: 'short',
  n: 6,
  s: 13,
  p: 0.02,
  slope_per_month: 900,
  sentence: 'Lead time has been getting longer.',
};

export function fakeApi(rows: MonthRow[] = MONTHS): jest.Mocked<DoradApi> {
  return {
    getMonths: jest.fn(async ({ scope, name }) => ({
      scope: scope === 'teams' ? ('team' as const) : ('service' as const),
      name,
      report_tz: 'UTC',
      as_of: null,
      months: rows,
    })),
    getTrends: jest.fn(async ({ name }) => ({
      scope: 'service' as const,
      name,
      month: '2026-02',
      throughput: null,
      assurance: null,
      trends: [TREND],
    })),
    explain: jest.fn(async ({ name }, at, metric) => ({
      scope: 'service' as const,
      name,
      month: at,
      metrics: [
        {
          metric,
          value: null,
          n: 1,
          numerator: null,
          denominator: null,
          facts: [
            {
              kind: 'deployment',
              id: 'deployment-7',
              service: name,
              at: '2026-01-05T10:00:00Z',
              counted: false,
              detail: 'redeploy',
              rule: 'same sha again',
              evidence: null,
              url: 'https://example.com/7',
            },
          ],
        },
      ],
    })),
  };
}
