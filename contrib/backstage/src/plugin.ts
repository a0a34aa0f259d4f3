// SPDX-License-Identifier: Apache-2.0
import {
  createApiFactory,
  createComponentExtension,
  createPlugin,
  createRoutableExtension,
  createRouteRef,
  discoveryApiRef,
  fetchApiRef,
} from '@backstage/core-plugin-api';
import { DoradClient, doradApiRef } from './api';

export const rootRouteRef = createRouteRef({ id: 'dorad' });

export const doradPlugin = createPlugin({
  id: 'dorad',
  apis: [
    createApiFactory({
      api: doradApiRef,
      deps: { discoveryApi: discoveryApiRef, fetchApi: fetchApiRef },
      factory: deps => new DoradClient(deps),
    }),
  ],
  routes: { entityContent: rootRouteRef },
});

/** The tab of an entity's page: <EntityLayout.Route path="/dora" title="DORA">. */
export const EntityDoradContent = doradPlugin.provide(
  createRoutableExtension({
    name: 'EntityDoradContent',
    component: () => import('./components/DoradContent').then(m => m.DoradContent),
    mountPoint: rootRouteRef,
  }),
);

/** The card of an entity's overview. */
export const EntityDoradCard = doradPlugin.provide(
  createComponentExtension({
    name: 'EntityDoradCard',
    component: { lazy: () => import('./components/DoradCard').then(m => m.DoradCard) },
  }),
);
