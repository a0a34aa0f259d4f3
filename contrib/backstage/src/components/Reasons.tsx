// SPDX-License-Identifier: Apache-2.0
import { Link, Progress, ResponseErrorPanel, Table, TableColumn } from '@backstage/core-components';
import { useApi } from '@backstage/core-plugin-api';
import Dialog from '@material-ui/core/Dialog';
import DialogContent from '@material-ui/core/DialogContent';
import DialogTitle from '@material-ui/core/DialogTitle';
import useAsync from 'react-use/esm/useAsync';
import { doradApiRef, Fact } from '../api';
import type { Metric } from '../metrics';
import type { Subject } from '../subject';

const COLUMNS: TableColumn<Fact>[] = [
  { title: 'What', field: 'kind' },
  {
    title: 'Which',
    field: 'id',
    render: fact => (fact.url ? <Link to={fact.url}>{fact.id}</Link> : fact.id),
  },
  { title: 'When', field: 'at' },
  { title: 'Counted', field: 'counted', render: fact => (fact.counted ? 'yes' : 'no') },
  { title: 'As', field: 'detail' },
  { title: 'Because', field: 'rule' },
];

interface Props {
  subject: Subject;
  metric: Metric;
  month: string;
  onClose(): void;
}

/** Every fact behind one number, and the rule that counted it or left it out. */
export function Reasons({ subject, metric, month, onClose }: Props) {
  const api = useApi(doradApiRef);
  const { scope, name } = subject;
  const { value, loading, error } = useAsync(
    () => api.explain({ scope, name }, month, metric.name),
    [api, scope, name, month, metric.name],
  );
  const facts = value?.metrics.flatMap(reasons => reasons.facts) ?? [];

  return (
    <Dialog open onClose={onClose} maxWidth="lg" fullWidth aria-labelledby="dorad-reasons">
      <DialogTitle id="dorad-reasons">{`${metric.title}, ${month}: why`}</DialogTitle>
      <DialogContent>
        {loading && <Progress />}
        {error && <ResponseErrorPanel error={error} />}
        {value && (
          <Table<Fact>
            columns={COLUMNS}
            data={facts.map((fact, i) => ({ ...fact, id: fact.id, tableId: i }))}
            options={{ paging: facts.length > 20, pageSize: 20, search: false, toolbar: false, padding: 'dense' }}
            emptyContent={<>Nothing was counted, and nothing was left out.</>}
          />
        )}
      </DialogContent>
    </Dialog>
  );
}
