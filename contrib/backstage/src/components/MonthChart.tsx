// SPDX-License-Identifier: Apache-2.0
import { useTheme } from '@material-ui/core/styles';
import type { MonthRow } from '../api';
import type { Metric } from '../metrics';

const WIDTH = 480;
const HEIGHT = 120;
const FOOT = 18;

interface Point {
  row: MonthRow;
  x: number;
  y: number;
}

/** Runs of neighbouring months that have a value: a line never crosses a gap. */
function runsOf(points: ReadonlyArray<Point | null>): Point[][] {
  const runs: Point[][] = [[]];
  for (const point of points) {
    if (point) {
      runs[runs.length - 1].push(point);
    } else if (runs[runs.length - 1].length > 0) {
      runs.push([]);
    }
  }
  return runs.filter(run => run.length > 0);
}

/** Room that a month's name needs, in months of the usual year on a chart. */
const LABEL_MONTHS = 3;

type Anchor = 'start' | 'middle' | 'end';

/** Where the axis names a month: at both ends, and at each January that has room beside them. */
function anchorOf(rows: readonly MonthRow[], i: number): Anchor | null {
  const last = rows.length - 1;
  if (i === 0) {
    return 'start';
  }
  if (i === last) {
    return 'end';
  }
  const room = Math.ceil((LABEL_MONTHS * rows.length) / 13);
  return rows[i].month.endsWith('-01') && i >= room && last - i >= room ? 'middle' : null;
}

function describe(metric: Metric, rows: readonly MonthRow[]): string {
  const words = rows.map(row => {
    const value = metric.value(row);
    return `${row.month}: ${value === null ? 'no data' : metric.format(value)}`;
  });
  return `${metric.title} by month. ${words.join(', ')}`;
}

/** One metric over the months. The month in progress is drawn apart, gaps stay gaps. */
export function MonthChart({ metric, rows }: { metric: Metric; rows: readonly MonthRow[] }) {
  const theme = useTheme();
  const color = theme.palette.primary.main;
  const step = WIDTH / Math.max(rows.length, 1);
  const top = Math.max(...rows.map(row => metric.value(row) ?? 0), 0) || 1;
  const floor = HEIGHT - FOOT;
  const points = rows.map((row, i) => {
    const value = metric.value(row);
    return value === null ? null : { row, x: (i + 0.5) * step, y: floor - (value / top) * (floor - 8) };
  });
  const isSettled = (point: Point) => point.row.complete;

  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="img" aria-label={describe(metric, rows)}>
      <line x1={0} x2={WIDTH} y1={floor} y2={floor} stroke={theme.palette.divider} />
      {metric.bars
        ? points.map(
            point =>
              point && (
                <rect
                  key={point.row.month}
                  x={point.x - step * 0.35}
                  width={step * 0.7}
                  y={Math.min(point.y, floor - 1)}
                  height={Math.max(floor - point.y, 1)}
                  fill={isSettled(point) ? color : 'none'}
                  stroke={color}
                />
              ),
          )
        : runsOf(points.map(point => (point && isSettled(point) ? point : null))).map(run => (
            <polyline
              key={run[0].row.month}
              points={run.map(({ x, y }) => `${x},${y}`).join(' ')}
              fill="none"
              stroke={color}
              strokeWidth={2}
            />
          ))}
      {!metric.bars &&
        points.map(
          point =>
            point && (
              <circle
                key={point.row.month}
                cx={point.x}
                cy={point.y}
                r={3.5}
                fill={isSettled(point) ? color : theme.palette.background.paper}
                stroke={color}
              />
            ),
        )}
      {rows.map((row, i) => {
        const anchor = anchorOf(rows, i);
        return (
          anchor && (
            <text
              key={row.month}
              x={(i + 0.5) * step}
              y={HEIGHT - 4}
              textAnchor={anchor}
              fontSize={11}
              fill={theme.palette.text.secondary}
            >
              {row.month}
            </text>
          )
        );
      })}
    </svg>
  );
}
