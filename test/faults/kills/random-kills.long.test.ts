import { describeRandomKills } from './scenario.js';

describeRandomKills({ copies: 42, kills: 50 });
