// SPDX-License-Identifier: Apache-2.0
import {
  ApiBlueprint,
  createFrontendPlugin,
  discoveryApiRef,
  type ExtensionDefinition,
  fetchApiRef,
  type OverridableFrontendPlugin,
} from '@backstage/frontend-plugin-api';
import { EntityCardBlueprint, EntityContentBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { DoradClient, doradApiRef } from './api';
import { isDoradAvailable } from './subject';

// Types are named where they would be inferred: an app that writes declarations could not name them.
const doradApi: ExtensionDefinition = ApiBlueprint.make({
  params: defineParams =>
    defineParams({
      api: doradApiRef,
      deps: { discoveryApi: discoveryApiRef, fetchApi: fetchApiRef },
      factory: deps => new DoradClient(deps),
    }),
});

const doradContent: ExtensionDefinition = EntityContentBlueprint.make({
  params: {
    path: '/dora',
    title: 'DORA',
    filter: isDoradAvailable,
    loader: () => import('./components/DoradContent').then(m => <m.DoradContent />),
  },
});

const doradCard: ExtensionDefinition = EntityCardBlueprint.make({
  params: {
    filter: isDoradAvailable,
    loader: () => import('./components/DoradCard').then(m => <m.DoradCard />),
  },
});

/** For the new frontend system: installed by being a dependency of the app. */
const doradPlugin: OverridableFrontendPlugin = createFrontendPlugin({
  pluginId: 'dorad',
  info: { packageJson: () => import('../package.json') },
  extensions: [doradApi, doradContent, doradCard],
});

export default doradPlugin;
