/** The page of `preannotate review` and of reports. */
import { openPage } from './shell/page.js';

void openPage(document);
