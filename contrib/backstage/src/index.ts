// SPDX-License-Identifier: Apache-2.0
export { doradPlugin, EntityDoradCard, EntityDoradContent } from './plugin';
export { isDoradAvailable, subjectOf, SERVICE_ANNOTATION, TEAM_ANNOTATION } from './subject';
export type { Subject } from './subject';
export { doradApiRef } from './api';
export type { DoradApi } from './api';
