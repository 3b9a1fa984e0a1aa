import { FILE_RULES } from './file-rules.js';
import { FOLDER_RULES } from './folder-rules.js';
import { GENERAL_RULES } from './general-rules.js';
import type { Rule } from './rule.js';

const TABLE = { ...GENERAL_RULES, ...FILE_RULES, ...FOLDER_RULES };

/** The rules that `validate` checks: those of all formats, then those of one. */
export const RULES: Readonly<Record<RuleId, Rule>> = TABLE;

export type RuleId = keyof typeof TABLE;

export const ruleIds = Object.keys(TABLE) as RuleId[];
