// SPDX-License-Identifier: Apache-2.0
// `yarn start` with BACKEND_URL's proxy reaching a running portal: see README.md.
import { Entity } from '@backstage/catalog-model';
import { createDevApp } from '@backstage/dev-utils';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import Grid from '@material-ui/core/Grid';
import { doradPlugin, EntityDoradCard, EntityDoradContent } from '../src';

const asked = new URLSearchParams(window.location.search);
const entity: Entity = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: asked.get('kind') ?? 'Component',
  metadata: { name: asked.get('name') ?? 'checkout' },
  spec: { type: 'service', lifecycle: 'production', owner: 'group:default/payments' },
};

createDevApp()
  .registerPlugin(doradPlugin)
  .addPage({
    path: '/',
    title: 'DORA',
    element: (
      <EntityProvider entity={entity}>
        <EntityDoradContent />
      </EntityProvider>
    ),
  })
  .addPage({
    path: '/card',
    title: 'Card',
    element: (
      <EntityProvider entity={entity}>
        <Grid container>
          <Grid item xs={12} md={6}>
            <EntityDoradCard />
          </Grid>
        </Grid>
      </EntityProvider>
    ),
  })
  .render();
