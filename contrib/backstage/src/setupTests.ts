// SPDX-License-Identifier: Apache-2.0
import '@testing-library/jest-dom';
import { configure } from '@testing-library/react';

// What is waited for comes soon or never; a busy machine takes its time over loading all of Backstage.
configure({ asyncUtilTimeout: 60_000 });
jest.setTimeout(120_000);
