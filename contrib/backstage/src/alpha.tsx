// SPDX-License-Identifier: Apache-2.0
import { ApiBlueprint, createFrontendPlugin, discoveryApiRef, fetchApiRef } from '@backstage/frontend-plugin-api';
import { EntityCardBlueprint, EntityContentBlueprint } from '@backstage/plugin-catalog-react/alpha';
import { DoradClient, doradApiRef } from './api';
import { isDoradAvailable } from './subject';

const doradApi = ApiBlueprint.make({
  params: defineParams =>
    defineParams({
      api: doradApiRef,
      deps: { discoveryApi: discoveryApiRef, fetchApi: fetchApiRef },
      factory: deps => new DoradClient(deps),
    }),
});

const doradContent = EntityContentBlueprint.make({
  params: {
    path: '/dora',
    title: 'DORA',
    filter: isDoradAvailable,
    loader: () => import('./components/DoradContent').then(m => <m.DoradContent />),
  },
});

const doradCard = EntityCardBlueprint.make({
  params: {
    filter: isDoradAvailable,
    loader: () => import('./components/DoradCard').then(m => <m.DoradCard />),
  },
});

/** For the new frontend system: installed by being a dependency of the app. */
export default createFrontendPlugin({
  pluginId: 'dorad',
  info: { packageJson: () => import('../package.json') },
  extensions: [doradApi, doradContent, doradCard],
});
