// Writes a TypeScript program that assigns each part of each dashboard to its type, and compiles it.
// An object literal must not have keys that its type lacks, so unknown options are errors.
import { readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

const folders = { stat: 'Stat', gauge: 'Gauge', timeseries: 'TimeSeries', 'state-timeline': 'StateTimeline', table: 'Table' };
const old = Number(JSON.parse(readFileSync('node_modules/@grafana/schema/package.json', 'utf8')).version.split('.')[0]) < 12;
const withField = ['timeseries', 'state-timeline', 'table']; // kinds with custom field options

const lines = ["import type { Dashboard, Panel, RowPanel, VariableModel, DashboardLink, FieldConfig } from '@grafana/schema';"];
for (const [kind, name] of Object.entries(folders)) {
  const folder = kind.replace('-', '');
  lines.push(`import type * as ${name} from '@grafana/schema/dist/esm/raw/composable/${folder}/panelcfg/x/${name}PanelCfg_types.gen${old ? '.d.ts' : ''}';`);
}
// JSON has strings where TypeScript expects enums. Plain accepts the values of an enum as strings.
lines.push('type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T :',
  '  T extends Array<infer U> ? Array<Plain<U>> : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;');

let n = 0;
const check = (type, value, where) => lines.push(`// ${where}`, `const c${++n}: ${type} = ${JSON.stringify(value)};`, `void c${n};`);

for (const file of process.argv.slice(2)) {
  const { panels, templating, links, annotations, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  check('Plain<Dashboard>', rest, file);
  for (const a of annotations.list) {
    // The fields that the data source reads are not part of the schema.
    const { target, titleFormat, ...common } = a;
    check("Plain<NonNullable<NonNullable<Dashboard['annotations']>['list']>[number]>", common, `${file}, ${a.name}`);
  }
  for (const v of templating.list) {
    // Nor are the definition shown by the editor and an empty current value.
    const { definition, current, ...common } = v;
    check('Plain<VariableModel>', common, `${file}, ${v.name}`);
  }
  for (const l of links) check('Plain<DashboardLink>', l, `${file}, ${l.title}`);
  for (const panel of panels) {
    const where = `${file}, ${panel.title}`;
    if (panel.type === 'row') {
      check('Plain<RowPanel>', panel, where);
      continue;
    }
    const name = folders[panel.type];
    if (!name) throw new Error(`${where}: unknown panel type ${panel.type}`);
    const { options, fieldConfig, ...common } = panel;
    check('Plain<Panel>', common, where);
    const { custom, ...field } = fieldConfig.defaults;
    check('Plain<FieldConfig>', field, where);
    const known = { ...options };
    delete known[old ? 'enablePagination' : 'footer']; // the pagination option of the other Grafana version
    check(`Partial<Plain<${name}.Options>>`, known, where);
    if (custom) {
      if (!withField.includes(panel.type)) throw new Error(`${where}: ${panel.type} has no custom field options`);
      check(`Partial<Plain<${name}.FieldConfig>>`, custom, where);
    }
  }
}
writeFileSync('check.ts', lines.join('\n') + '\n');
try {
  execFileSync('node', ['node_modules/typescript/bin/tsc', '--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler', 'check.ts'], { stdio: 'inherit' });
} catch {
  process.exitCode = 1; // the compiler has printed the reason
}
if (!process.exitCode) console.log(`Grafana ${old ? 11 : 12}: ${n} parts match @grafana/schema`);
