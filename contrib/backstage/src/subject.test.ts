// SPDX-License-Identifier: Apache-2.0
import { isDoradAvailable, subjectOf } from './subject';

const entity = (kind: string, metadata: object) => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind,
  metadata: { name: 'checkout', ...metadata },
});

describe('subjectOf', () => {
  it('takes a Component for a service and a Group for a team', () => {
    expect(subjectOf(entity('Component', {}))).toEqual({ scope: 'services', name: 'checkout' });
    expect(subjectOf(entity('group', {}))).toEqual({ scope: 'teams', name: 'checkout' });
  });

  it('names what is outside the default namespace by its name alone, as the import does', () => {
    expect(subjectOf(entity('Component', { namespace: 'shop' }))?.name).toBe('checkout');
  });

  it('lets the annotation win', () => {
    const annotations = { 'dorad/service': 'checkout-api', 'dorad/team': 'payments' };
    expect(subjectOf(entity('Component', { namespace: 'shop', annotations }))?.name).toBe('checkout-api');
    expect(subjectOf(entity('Group', { annotations }))?.name).toBe('payments');
  });

  it('knows nothing of other kinds', () => {
    expect(isDoradAvailable(entity('API', {}))).toBe(false);
  });
});
