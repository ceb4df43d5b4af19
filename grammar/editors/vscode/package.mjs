// Builds `dist/pointsman-VERSION.vsix`, without a network: a zip of the extension with two small XML files.
//
// Without `dist/client.js`, which `npm ci && npm run bundle` makes, the package has the grammar and the settings only.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zip } from './zip.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');
const own = name => readFileSync(join(here, name));
const manifest = JSON.parse(own('package.json'));
const hasClient = existsSync(join(here, 'dist', 'client.js'));

delete manifest.scripts;
delete manifest.devDependencies;
if (!hasClient) {
  delete manifest.main;
  delete manifest.activationEvents;
  delete manifest.contributes.commands;
  delete manifest.contributes.menus;
}

const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const description = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${manifest.name}" Version="${manifest.version}" Publisher="${manifest.publisher}"/>
    <DisplayName>${escape(manifest.displayName)}</DisplayName>
    <Description xml:space="preserve">${escape(manifest.description)}</Description>
    <Categories>${escape(manifest.categories.join(','))}</Categories>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escape(manifest.engines.vscode)}"/>
    </Properties>
    <License>extension/LICENSE-MIT.txt</License>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
  </Assets>
</PackageManifest>
`;

const contentTypes = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension=".js" ContentType="application/javascript"/>
  <Default Extension=".json" ContentType="application/json"/>
  <Default Extension=".md" ContentType="text/markdown"/>
  <Default Extension=".txt" ContentType="text/plain"/>
  <Default Extension=".vsixmanifest" ContentType="text/xml"/>
</Types>
`;

const files = [
  ['extension.vsixmanifest', description],
  ['[Content_Types].xml', contentTypes],
  ['extension/package.json', JSON.stringify(manifest, null, 2) + '\n'],
  ['extension/README.md', own('README.md')],
  ['extension/language-configuration.json', own('language-configuration.json')],
  ['extension/syntaxes/rules.tmLanguage.json', readFileSync(join(here, '..', 'rules.tmLanguage.json'))],
  ['extension/LICENSE-MIT.txt', readFileSync(join(root, 'LICENSE-MIT'))],
  ['extension/LICENSE-APACHE.txt', readFileSync(join(root, 'LICENSE-APACHE'))],
];
if (hasClient) {
  files.push(['extension/dist/client.js', own('dist/client.js')]);
  files.push(['extension/dist/THIRD-PARTY-LICENSES.txt', own('dist/THIRD-PARTY-LICENSES.txt')]);
} else {
  console.log('without a client: dist/client.js is not there, so the package has the grammar and the settings only');
}

const packed = join(here, 'dist', `${manifest.name}-${manifest.version}.vsix`);
mkdirSync(dirname(packed), { recursive: true });
writeFileSync(packed, zip(files));
console.log(packed);
