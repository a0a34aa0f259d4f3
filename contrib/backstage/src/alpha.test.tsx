// SPDX-License-Identifier: Apache-2.0
import { createExtensionTester, renderInTestApp } from '@backstage/frontend-test-utils';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import { TestApiProvider } from '@backstage/test-utils';
import { screen } from '@testing-library/react';
import plugin from './alpha';
import { doradApiRef } from './api';
import { fakeApi } from './testing';

const entity = { apiVersion: 'backstage.io/v1alpha1', kind: 'Group', metadata: { name: 'blue' } };

describe('the plugin of the new frontend system', () => {
  it.each(['entity-content:dorad', 'entity-card:dorad'] as const)('%s shows the team of a Group', async id => {
    const api = fakeApi();
    await renderInTestApp(
      <TestApiProvider apis={[[doradApiRef, api]]}>
        <EntityProvider entity={entity}>
          {createExtensionTester(plugin.getExtension(id)).reactElement()}
        </EntityProvider>
      </TestApiProvider>,
    );
    expect(await screen.findByText(/Time to restore/)).toBeInTheDocument();
    expect(api.getMonths).toHaveBeenCalledWith({ scope: 'teams', name: 'blue' });
  });
});
