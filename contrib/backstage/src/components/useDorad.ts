// SPDX-License-Identifier: Apache-2.0
import { useApi } from '@backstage/core-plugin-api';
import { useEntity } from '@backstage/plugin-catalog-react';
import useAsync from 'react-use/esm/useAsync';
import { doradApiRef } from '../api';
import { subjectOf } from '../subject';

/** What dorad knows of the page's entity: its subject, its months, its trends. */
export function useDorad() {
  const api = useApi(doradApiRef);
  const { entity } = useEntity();
  const subject = subjectOf(entity);
  const { scope, name } = subject ?? {};
  const state = useAsync(async () => {
    if (!scope || !name) {
      return undefined;
    }
    const [months, trends] = await Promise.all([
      api.getMonths({ scope, name }),
      api.getTrends({ scope, name }),
    ]);
    return { months, trends };
  }, [api, scope, name]);
  return { subject, ...state };
}
