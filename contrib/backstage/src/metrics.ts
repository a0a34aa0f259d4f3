// SPDX-License-Identifier: Apache-2.0
import type { MetricName, MonthRow } from './api';

/** How one of the five metrics is read from a month and shown. */
export interface Metric {
  name: MetricName;
  title: string;
  /** null: not measured, or nothing to measure. It is drawn as a gap, never as zero. */
  value(row: MonthRow): number | null;
  /** What the value stands on: "3 of 14", "n = 12". */
  basis(row: MonthRow): string;
  format(value: number): string;
  bars: boolean;
}

const UNITS: ReadonlyArray<[number, string]> = [
  [86400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

export function formatDuration(seconds: number): string {
  for (const [size, unit] of UNITS) {
    if (seconds >= size) {
      const value = seconds / size;
      return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
    }
  }
  return `${Math.round(seconds)} s`;
}

const percent = (value: number) => `${Math.round(value * 100)} %`;
const count = (value: number | null) => String(value ?? 0);

export const METRICS: readonly Metric[] = [
  {
    name: 'deploy_freq',
    title: 'Deployment frequency',
    value: row => row.deployments,
    basis: row => (row.deployments === null ? 'not measured' : `${row.days} days`),
    format: value => (value === 1 ? '1 deployment' : `${value} deployments`),
    bars: true,
  },
  {
    name: 'lead_time',
    title: 'Deployment lead time',
    value: row => row.lead_time_p50_s,
    basis: row => `n = ${count(row.lead_time_n)}`,
    format: formatDuration,
    bars: false,
  },
  {
    name: 'fail_rate',
    title: 'Deployment fail rate',
    value: row => row.fail_rate,
    basis: row => `${count(row.failed_deployments)} of ${count(row.fail_rate_n)}`,
    format: percent,
    bars: false,
  },
  {
    name: 'restore',
    title: 'Time to restore',
    value: row => row.restore_p50_s,
    basis: row => `n = ${count(row.restore_n)}`,
    format: formatDuration,
    bars: false,
  },
  {
    name: 'unplanned',
    title: 'Unplanned work rate',
    value: row => row.unplanned_rate,
    basis: row => `n = ${count(row.items_done)}`,
    format: percent,
    bars: false,
  },
];
