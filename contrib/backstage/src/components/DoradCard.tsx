// SPDX-License-Identifier: Apache-2.0
import { InfoCard, Progress, ResponseErrorPanel } from '@backstage/core-components';
import List from '@material-ui/core/List';
import ListItem from '@material-ui/core/ListItem';
import ListItemText from '@material-ui/core/ListItemText';
import Typography from '@material-ui/core/Typography';
import { METRICS } from '../metrics';
import { useDorad } from './useDorad';

/** The overview's card: the last complete month, each metric with what it stands on and its trend. */
export function DoradCard() {
  const { value, loading, error } = useDorad();
  const row = value?.months.months.filter(month => month.complete).pop();

  if (error) {
    return <ResponseErrorPanel error={error} />;
  }
  return (
    <InfoCard title="DORA metrics" subheader={row?.month} deepLink={{ title: 'Months and reasons', link: 'dora' }}>
      {loading && <Progress />}
      {!loading && !row && <Typography>No complete month yet.</Typography>}
      {row && (
        <List dense disablePadding>
          {METRICS.map(metric => {
            const number = metric.value(row);
            const trend = value?.trends.trends.find(one => one.metric === metric.name);
            return (
              <ListItem key={metric.name} disableGutters>
                <ListItemText
                  primary={`${metric.title}: ${number === null ? 'no data' : metric.format(number)} (${metric.basis(row)})`}
                  secondary={trend?.sentence}
                />
              </ListItem>
            );
          })}
        </List>
      )}
    </InfoCard>
  );
}
