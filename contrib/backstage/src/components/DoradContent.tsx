// SPDX-License-Identifier: Apache-2.0
import { Content, EmptyState, Progress, ResponseErrorPanel } from '@backstage/core-components';
import Grid from '@material-ui/core/Grid';
import { METRICS } from '../metrics';
import { MetricPanel } from './MetricPanel';
import { useDorad } from './useDorad';

/** The tab: the five metrics of the page's one service or one team. */
export function DoradContent() {
  const { subject, value, loading, error } = useDorad();

  if (loading) {
    return <Progress />;
  }
  if (error) {
    return <ResponseErrorPanel error={error} />;
  }
  if (!subject || !value || value.months.months.length === 0) {
    return (
      <EmptyState
        missing="data"
        title="No months yet"
        description="dorad has not seen a deployment, an incident or a finished item of this entity."
      />
    );
  }
  return (
    <Content>
      <Grid container spacing={3}>
        {METRICS.map(metric => (
          <Grid item xs={12} lg={6} key={metric.name}>
            <MetricPanel
              subject={subject}
              metric={metric}
              rows={value.months.months}
              trend={value.trends.trends.find(trend => trend.metric === metric.name)}
            />
          </Grid>
        ))}
      </Grid>
    </Content>
  );
}
