// What is in the page itself, before anything else of it: each script that runs from the first byte.

import './boot.js';
import './arrival.js';
