// SPDX-License-Identifier: Apache-2.0
import { createApiRef, DiscoveryApi, FetchApi } from '@backstage/core-plugin-api';
import { NotFoundError, ResponseError } from '@backstage/errors';
import type { components } from './schema';
import type { Subject } from './subject';

type Schemas = components['schemas'];
export type Months = Schemas['Months'];
export type MonthRow = Schemas['MonthRow'];
export type Trends = Schemas['Trends'];
export type Trend = Schemas['Trend'];
export type MetricName = Schemas['MetricName'];
export type Explanation = Schemas['Explanation'];
export type Fact = Schemas['Fact'];

/** dorad's JSON API, about one service or one team at a time. */
export interface DoradApi {
  getMonths(subject: Subject): Promise<Months>;
  getTrends(subject: Subject): Promise<Trends>;
  explain(subject: Subject, month: string, metric: MetricName): Promise<Explanation>;
}

export const doradApiRef = createApiRef<DoradApi>({ id: 'plugin.dorad.api' });

/** Through Backstage's proxy: `proxy.endpoints./dorad` of app-config.yaml. */
export class DoradClient implements DoradApi {
  constructor(private readonly options: { discoveryApi: DiscoveryApi; fetchApi: FetchApi }) {}

  getMonths(subject: Subject) {
    return this.get<Months>(subject, 'months');
  }

  getTrends(subject: Subject) {
    return this.get<Trends>(subject, 'trends');
  }

  explain(subject: Subject, month: string, metric: MetricName) {
    return this.get<Explanation>(subject, `explain?${new URLSearchParams({ month, metric })}`);
  }

  private async get<T>({ scope, name }: Subject, what: string): Promise<T> {
    const proxy = await this.options.discoveryApi.getBaseUrl('proxy');
    const url = `${proxy}/dorad/api/v1/${scope}/${encodeURIComponent(name)}/${what}`;
    const response = await this.options.fetchApi.fetch(url);

    if (response.status === 404) {
      throw new NotFoundError(`dorad knows nothing of ${name} yet`);
    }
    if (!response.ok) {
      throw await ResponseError.fromResponse(response);
    }
    return response.json();
  }
}
