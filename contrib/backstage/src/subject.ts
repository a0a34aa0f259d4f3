// SPDX-License-Identifier: Apache-2.0
import { Entity } from '@backstage/catalog-model';

/** Says which service of dorad a Component is, where its name does not. */
export const SERVICE_ANNOTATION = 'dorad/service';
/** Says which team of dorad a Group is, where its name does not. */
export const TEAM_ANNOTATION = 'dorad/team';

/** Whom dorad is asked about: one service or one team, never two. */
export interface Subject {
  scope: 'services' | 'teams';
  name: string;
}

/**
 * A Component is a service and a Group a team, named as `dorad catalog import` names them: by
 * metadata.name. The annotation wins.
 */
export function subjectOf(entity: Entity): Subject | undefined {
  const kind = entity.kind.toLocaleLowerCase('en-US');
  const { name, annotations = {} } = entity.metadata;

  if (kind === 'component') {
    return { scope: 'services', name: annotations[SERVICE_ANNOTATION] ?? name };
  }
  if (kind === 'group') {
    return { scope: 'teams', name: annotations[TEAM_ANNOTATION] ?? name };
  }
  return undefined;
}

export function isDoradAvailable(entity: Entity): boolean {
  return subjectOf(entity) !== undefined;
}
