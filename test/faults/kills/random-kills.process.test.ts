import { describeRandomKills } from './scenario.js';

describeRandomKills({ copies: 3, kills: 5 });
