// Red Hat's /etc/sysconfig/kdump, beside kdump.conf: the capture kernel and its command line.
// Source: kdump-utils gen-kdump-sysconfig.sh and kdumpctl.
import { ConfBuilder, type ConfResult } from './conf_builder.ts'
import {
  type Explained,
  formatAssignment,
  setKexecMode,
  ShellVariables,
} from './dialects/shell_variables.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from './load_settings.ts'

/** Where it is, from the root. */
export const SYSCONFIG_FILE = 'etc/sysconfig/kdump'

const LOG = 'kbox says what it does on standard error and in kbox.json'
const EXPLAINED: Explained = {
  KDUMP_STDLOGLVL: [['3'], LOG],
  KDUMP_SYSLOGLVL: [['0'], LOG],
  KDUMP_KMSGLOGLVL: [['0'], LOG],
}

/** Is it SUSE's file of the same name? It has dialects/suse.ts. */
export function isSuseSysconfig(text: string): boolean {
  return /^[ \t]*KDUMP_(?:SAVEDIR|DUMPLEVEL|DUMPFORMAT)=/m.test(text)
}

/** Parse the file into load settings. All problems are collected; nothing is thrown. */
export function parseKdumpSysconfig(text: string): ConfResult {
  const builder = new ConfBuilder()
  const variables = new ShellVariables(text, builder)
  const set = (
    name: string,
    setting: 'kernel' | 'bootFolder' | 'base' | 'fadumpAppend' | 'imageName' | 'imageSuffix',
  ): void => {
    const variable = variables.find(name)
    if (variable) builder.setLoad(setting, variable.value, variable)
  }
  set('KDUMP_KERNELVER', 'kernel')
  set('KDUMP_BOOTDIR', 'bootFolder')
  set('KDUMP_IMG', 'imageName')
  set('KDUMP_IMG_EXT', 'imageSuffix')
  set('KDUMP_COMMANDLINE', 'base')
  set('FADUMP_COMMANDLINE_APPEND', 'fadumpAppend')
  // The file that is shipped has the defaults in it: what is set replaces them, '' too.
  const remove = variables.findSet('KDUMP_COMMANDLINE_REMOVE')
  if (remove) builder.setLoad('remove', splitWords(remove.value), remove)
  const append = variables.findSet('KDUMP_COMMANDLINE_APPEND')
  if (append) {
    // A file that only adds leaves the words of the architecture in place.
    const setting = append.isAddition ? 'extra' : 'append'
    builder.setLoad(setting, splitWords(append.value).join(' '), append)
  }
  const notifies = variables.find('VMCORE_CREATION_NOTIFICATION')
  if (notifies)
    builder.setLoad('notifiesCreation', notifies.value.toLowerCase() === 'yes', notifies)
  setKexecMode(builder, variables.find('KEXEC_ARGS'))
  variables.explain(EXPLAINED)
  variables.tellUnknown(`/${SYSCONFIG_FILE}`)
  return builder.result()
}

/** Format load settings as the assignments of the file; those at their default are left out. */
export function formatKdumpSysconfig(load: LoadSettings): string[] {
  const rows: readonly (readonly [name: string, value: string, isSet: boolean])[] = [
    ['KDUMP_KERNELVER', load.kernel, load.kernel !== ''],
    ['KDUMP_BOOTDIR', load.bootFolder, load.bootFolder !== ''],
    ['KDUMP_IMG', load.imageName, load.imageName !== DEFAULT_LOAD_SETTINGS.imageName],
    ['KDUMP_IMG_EXT', load.imageSuffix, load.imageSuffix !== ''],
    ['KDUMP_COMMANDLINE', load.base, load.base !== ''],
    ['KDUMP_COMMANDLINE_REMOVE', load.remove?.join(' ') ?? '', load.remove !== undefined],
    ['KDUMP_COMMANDLINE_APPEND', load.append ?? '', load.append !== undefined],
    ['FADUMP_COMMANDLINE_APPEND', load.fadumpAppend, load.fadumpAppend !== ''],
    ['KEXEC_ARGS', load.kexecMode, load.kexecMode !== ''],
    ['VMCORE_CREATION_NOTIFICATION', 'no', !load.notifiesCreation],
  ]
  const lines = rows
    .filter(([, , isSet]) => isSet)
    .map(([name, value]) => formatAssignment(name, value))
  if (load.extra === '') return lines
  return [...lines, formatAssignment('KDUMP_COMMANDLINE_APPEND+', ` ${load.extra}`)]
}

const splitWords = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')
