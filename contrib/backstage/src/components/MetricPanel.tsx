// SPDX-License-Identifier: Apache-2.0
import { InfoCard } from '@backstage/core-components';
import Button from '@material-ui/core/Button';
import Table from '@material-ui/core/Table';
import TableBody from '@material-ui/core/TableBody';
import TableCell from '@material-ui/core/TableCell';
import TableHead from '@material-ui/core/TableHead';
import TableRow from '@material-ui/core/TableRow';
import Typography from '@material-ui/core/Typography';
import { useState } from 'react';
import type { MonthRow, Trend } from '../api';
import type { Metric } from '../metrics';
import type { Subject } from '../subject';
import { MonthChart } from './MonthChart';
import { Reasons } from './Reasons';

const SHOWN = 6;

interface Props {
  subject: Subject;
  metric: Metric;
  rows: readonly MonthRow[];
  trend?: Trend;
}

/** One metric: its chart, its trend in a sentence, the last months with what they stand on and why. */
export function MetricPanel({ subject, metric, rows, trend }: Props) {
  const [month, setMonth] = useState<string>();
  const recent = rows.slice(-SHOWN).reverse();

  return (
    <InfoCard title={metric.title} subheader={trend?.sentence}>
      <MonthChart metric={metric} rows={rows} />
      <Table size="small" aria-label={`${metric.title} by month`}>
        <TableHead>
          <TableRow>
            <TableCell component="th" scope="col">Month</TableCell>
            <TableCell component="th" scope="col">Value</TableCell>
            <TableCell component="th" scope="col">Stands on</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {recent.map(row => {
            const value = metric.value(row);
            return (
              <TableRow key={row.month}>
                <TableCell component="th" scope="row">
                  {row.complete ? row.month : `${row.month} (in progress)`}
                </TableCell>
                <TableCell>
                  <Button
                    size="small"
                    color="primary"
                    style={{ textTransform: 'none' }}
                    aria-label={`Why: ${metric.title}, ${row.month}`}
                    onClick={() => setMonth(row.month)}
                  >
                    {value === null ? 'no data' : metric.format(value)}
                  </Button>
                </TableCell>
                <TableCell>
                  <Typography variant="body2" color="textSecondary">{metric.basis(row)}</Typography>
                </TableCell>
              </TableRow>
            );
          })}
        </TableBody>
      </Table>
      {month && <Reasons subject={subject} metric={metric} month={month} onClose={() => setMonth(undefined)} />}
    </InfoCard>
  );
}
