// SPDX-License-Identifier: Apache-2.0
import { DoradClient } from './api';

function client(status: number, body: object) {
  const fetch = jest.fn(async () => new Response(JSON.stringify(body), { status }));
  const discoveryApi = { getBaseUrl: async (id: string) => `http://backend/api/${id}` };
  return { fetch, api: new DoradClient({ discoveryApi, fetchApi: { fetch } }) };
}

describe('DoradClient', () => {
  it('asks through the proxy about one service, whatever its name holds', async () => {
    const { fetch, api } = client(200, { months: [] });
    await api.getMonths({ scope: 'services', name: 'shop/check out' });
    expect(fetch).toHaveBeenCalledWith('http://backend/api/proxy/dorad/api/v1/services/shop%2Fcheck%20out/months');
  });

  it('asks for the reasons of one number', async () => {
    const { fetch, api } = client(200, { metrics: [] });
    await api.explain({ scope: 'teams', name: 'blue' }, '2026-03', 'lead_time');
    expect(fetch).toHaveBeenCalledWith(
      'http://backend/api/proxy/dorad/api/v1/teams/blue/explain?month=2026-03&metric=lead_time',
    );
  });

  it('says who is unknown', async () => {
    const { api } = client(404, {});
    await expect(api.getTrends({ scope: 'services', name: 'x' })).rejects.toThrow('dorad knows nothing of x yet');
  });

  it('passes on what the portal complains of', async () => {
    const { api } = client(503, { error: { name: 'Error', message: 'the database is away' } });
    await expect(api.getTrends({ scope: 'services', name: 'x' })).rejects.toThrow('503');
  });
});
