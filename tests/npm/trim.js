// SPDX-License-Identifier: Apache-2.0
//
// Of a scaffolded Backstage app: adds the plugin to the frontend, and takes out of the backend what
// must be compiled or wants services of its own. node trim.js FOLDER
const fs = require('fs');

const left_out = [
  'scaffolder-backend', 'techdocs', 'kubernetes', 'mcp-actions', 'notifications', 'signals', 'search-backend',
  'better-sqlite3', 'node-gyp', 'module-github-provider', 'playwright', 'e2e-test-utils',
];
const stays = name => !left_out.some(word => name.includes(word));

function edit(path, change) {
  const content = JSON.parse(fs.readFileSync(path));
  change(content);
  fs.writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
}

const keep = packages => Object.fromEntries(Object.entries(packages).filter(([name]) => stays(name)));

process.chdir(process.argv[2]);
edit('packages/backend/package.json', content => {
  content.dependencies = keep(content.dependencies);
});
edit('packages/app/package.json', content => {
  content.dependencies['backstage-plugin-dorad'] = 'workspace:^';
  content.devDependencies = keep(content.devDependencies);
});
edit('package.json', content => {
  content.devDependencies = keep(content.devDependencies);
  delete content.packageManager;
});
const backend = 'packages/backend/src/index.ts';
const source = fs.readFileSync(backend, 'utf8');
fs.writeFileSync(backend, source.replace(/backend\.add\(\s*import\('([^']+)'\),?\s*\);\n/g,
  (statement, name) => (stays(name) ? statement : '')));
// It names a release of yarn that would have to be fetched.
const yarn = '.yarnrc.yml';
fs.writeFileSync(yarn, fs.readFileSync(yarn, 'utf8').replace(/yarnPath:.*\n/, ''));
