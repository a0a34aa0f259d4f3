// SPDX-License-Identifier: Apache-2.0
import { formatDuration, METRICS } from './metrics';
import { month } from './testing';

describe('METRICS', () => {
  it('keeps null apart from zero', () => {
    const [frequency, leadTime] = METRICS;
    expect(frequency.value(month('2026-01', { deployments: 0 }))).toBe(0);
    expect(frequency.value(month('2026-01', { deployments: null }))).toBeNull();
    expect(leadTime.value(month('2026-01'))).toBeNull();
  });

  it('says what a rate stands on', () => {
    const failRate = METRICS.find(metric => metric.name === 'fail_rate');
    expect(failRate?.basis(month('2026-01', { failed_deployments: 3, fail_rate_n: 14 }))).toBe('3 of 14');
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [90, '1.5 min'],
    [5400, '1.5 h'],
    [400000, '4.6 d'],
    [2000000, '23 d'],
  ])('%d s is %s', (seconds, words) => expect(formatDuration(seconds)).toBe(words));
});
