// The rule on trees given as text, with the exact messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { registryComplete } from './registry_complete.ts'

const FORMATS =
  "import { elf } from './elf.ts'\nexport const FORMATS: readonly DumpFormat[] = [elf]\n"
const COMMANDS = "import { ps } from './commands/ps.ts'\nexport const COMMANDS = [ps]\n"

test('a format that its registry does not list is reported', () => {
  const sources = {
    'src/core/dump/formats.ts': FORMATS,
    'src/core/dump/elf.ts': 'export const elf: DumpFormat = {}\n',
    'src/core/dump/diskdump.ts': '\nexport const diskdump: DumpFormat = {}\n',
  }
  assert.deepEqual(tidyText(registryComplete, sources), [
    'src/core/dump/diskdump.ts:2: DumpFormat diskdump is missing from src/core/dump/formats.ts (registry_complete)',
  ])
})

test('a command is known by defineCommand, and named like its file', () => {
  const sources = {
    'src/core/crash/commands.ts': COMMANDS,
    'src/core/crash/commands/ps.ts': 'export const processes = defineCommand({})\n',
    'src/core/crash/commands/page_owner.ts': 'export const pageOwner = defineCommand({})\n',
  }
  assert.deepEqual(tidyText(registryComplete, sources), [
    'src/core/crash/commands/ps.ts:1: Command processes is not named like its file: expected ps (registry_complete)',
    'src/core/crash/commands/page_owner.ts:1: Command pageOwner is missing from src/core/crash/commands.ts (registry_complete)',
  ])
})

test('a missing registry lists nothing, and files that hold no member pass', () => {
  const sources = {
    'src/core/codec/lz4.ts': 'export const lz4: Codec = {}\n',
    'src/core/codec/lz4_tables.ts':
      'export const DEFAULTS: readonly string[] = []\nconst own: Codec = {}\n',
  }
  assert.deepEqual(tidyText(registryComplete, sources), [
    'src/core/codec/lz4.ts:1: Codec lz4 is missing from src/core/codec/codecs.ts (registry_complete)',
  ])
})

test('a name that JavaScript reserves may end in its kind', () => {
  const sources = {
    'src/core/crash/commands.ts': "import { deleteCommand } from './commands/delete.ts'\n",
    'src/core/crash/commands/delete.ts': 'export const deleteCommand = defineCommand({})\n',
  }
  assert.deepEqual(tidyText(registryComplete, sources), [])
})
