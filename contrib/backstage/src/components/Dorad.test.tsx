// SPDX-License-Identifier: Apache-2.0
import { EntityProvider } from '@backstage/plugin-catalog-react';
import { renderInTestApp, TestApiProvider } from '@backstage/test-utils';
import { fireEvent, screen, within } from '@testing-library/react';
import { doradApiRef } from '../api';
import { fakeApi, MONTHS } from '../testing';
import { DoradCard } from './DoradCard';
import { DoradContent } from './DoradContent';

const entity = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name: 'checkout' },
};

function show(element: JSX.Element, api = fakeApi()) {
  return renderInTestApp(
    <TestApiProvider apis={[[doradApiRef, api]]}>
      <EntityProvider entity={entity}>{element}</EntityProvider>
    </TestApiProvider>,
  );
}

describe('DoradContent', () => {
  it('shows each metric with what it stands on, gaps as no data, the trend in a sentence', async () => {
    await show(<DoradContent />);
    const table = await screen.findByRole('table', { name: 'Deployment fail rate by month' });
    expect(within(table).getByText('21 %')).toBeInTheDocument();
    expect(within(table).getByText('3 of 14')).toBeInTheDocument();
    expect(within(table).getAllByText('no data')).toHaveLength(2);
    expect(within(table).getByText('2026-03 (in progress)')).toBeInTheDocument();
    expect(await screen.findByText('Lead time has been getting longer.')).toBeInTheDocument();
  });

  it('tells the values to those who cannot see the chart', async () => {
    await show(<DoradContent />);
    expect(
      await screen.findByLabelText('Deployment lead time by month. 2026-01: 1.5 h, 2026-02: no data, 2026-03: 1.5 min'),
    ).toBeInTheDocument();
  });

  it('gives the reasons of a number at one click', async () => {
    const api = fakeApi();
    await show(<DoradContent />, api);
    fireEvent.click(await screen.findByRole('button', { name: 'Why: Deployment lead time, 2026-01' }));
    expect(await screen.findByText('same sha again')).toBeInTheDocument();
    expect(screen.getByRole('link', { name: /deployment-7/ })).toHaveAttribute('href', 'https://example.com/7');
    expect(api.explain).toHaveBeenCalledWith({ scope: 'services', name: 'checkout' }, '2026-01', 'lead_time');
  });

  it('says so when there is nothing yet, and when dorad cannot answer', async () => {
    const { unmount } = await show(<DoradContent />, fakeApi([]));
    expect(await screen.findByText('No months yet')).toBeInTheDocument();
    unmount();
    const api = fakeApi();
    api.getMonths.mockRejectedValue(new Error('the portal is away'));
    await show(<DoradContent />, api);
    expect((await screen.findAllByText(/the portal is away/))[0]).toBeInTheDocument();
  });
});

describe('DoradCard', () => {
  it('shows the last complete month, not the one in progress', async () => {
    await show(<DoradCard />, fakeApi([MONTHS[0], MONTHS[2]]));
    expect(await screen.findByText('2026-01')).toBeInTheDocument();
    expect(screen.getByText('Deployment frequency: 12 deployments (30 days)')).toBeInTheDocument();
    expect(screen.getByText('Time to restore: no data (n = 0)')).toBeInTheDocument();
  });
});
